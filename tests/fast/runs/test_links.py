"""`--link DIR`: links in a folder of the person's own, and never over a file of theirs."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import Kboot, on_amd64, tree
from tests.helpers.driving.publishing import downloads, made_up, published, wants
from tests.helpers.serving.mirror import Mirror

pytestmark = on_amd64


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    with published(kboot, "1.24.0", "1.25.0") as mirror:
        yield mirror


@pytest.fixture
def bin_(kboot: Kboot) -> Path:
    """A folder of the person's, the first on PATH."""
    folder = kboot.home / ".local" / "bin"
    folder.mkdir(parents=True)
    kboot.env["PATH"] = f"{folder}:{kboot.env['PATH']}"
    return folder


def says(program: Path) -> str:
    """The version that a program tells."""
    done = subprocess.run([str(program)], env={}, capture_output=True, check=True)
    version: str = json.loads(done.stdout)["clientVersion"]["gitVersion"]
    return version.removeprefix("v")


def test_the_tools_that_kboot_installed_are_linked_and_a_second_run_has_nothing_to_do(
    kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    file = wants(kboot, "1.24.0")
    done = kboot.run("up", file, "--link", str(bin_))
    assert done.code == 0, done
    assert f"link    kubectl in {bin_}" in done.err
    assert [path.name for path in bin_.iterdir()] == ["kubectl"]
    assert says(bin_ / "kubectl") == "1.24.0"
    before = tree(kboot.home, but=".cache")
    again = kboot.run("up", file, "--link", str(bin_))
    assert (again.code, "Nothing to do" in again.out) == (0, True)
    assert tree(kboot.home, but=".cache") == before
    assert kboot.run("plan", file, "--link", str(bin_), "--detailed-exitcode").code == 0


def test_the_plan_shows_the_links_and_makes_none(kboot: Kboot, mirror: Mirror, bin_: Path) -> None:
    words = (wants(kboot, "1.24.0"), "--link", str(bin_))
    plan = kboot.json("plan", *words, "--detailed-exitcode")
    assert plan["exit_code"] == 2
    assert list(bin_.iterdir()) == []
    done = kboot.json("up", *words)
    shown = [step["subject"] for step in plan["plan"]["steps"]]
    assert shown == [each["subject"] for each in done["outcomes"]]
    assert shown == ["kubectl 1.24.0", f"kubectl in {bin_}"]


def test_a_link_follows_its_profile_to_another_version_untouched(
    kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    kboot.run("up", wants(kboot, "1.24.0"), "--link", str(bin_))
    before = (bin_ / "kubectl").lstat().st_ctime_ns
    assert kboot.run("up", wants(kboot, "1.25.0")).code == 0
    assert says(bin_ / "kubectl") == "1.25.0"
    assert (bin_ / "kubectl").lstat().st_ctime_ns == before


def test_a_link_of_another_profiles_is_switched_and_the_plan_says_from_which_to_which(
    kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    one, two = wants(kboot, "1.24.0", "one"), wants(kboot, "1.25.0", "two")
    kboot.run("up", one, "--link", str(bin_))
    document = kboot.json("up", two, "--link", str(bin_))
    because = document["plan"]["steps"][-1]["because"]
    assert because.startswith("kubectl: from profile one-")
    assert " to two-" in because
    assert says(bin_ / "kubectl") == "1.25.0"
    assert [path.name for path in bin_.iterdir()] == ["kubectl"]


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "folder", "link into the store"])
def test_what_kboot_did_not_make_stops_it_before_anything_is_downloaded(
    kind: str, kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    mine = bin_ / "kubectl"
    if kind == "file":
        mine.write_text("mine")
    elif kind == "folder":
        mine.mkdir()
    elif kind == "link into the store":
        mine.symlink_to(kboot.data / "artifacts" / "kubectl")
    else:
        mine.symlink_to(kboot.home if kind == "link" else "nowhere")
    before = tree(bin_)
    done = kboot.run("up", wants(kboot, "1.24.0"), "--link", str(bin_))
    assert done.code == 74
    said = " ".join(done.err.split())
    assert f"{mine} is a " in said and "which kboot did not make" in said
    assert f"mv -i {mine} {mine}.mine" in said
    assert "kboot up --link FOLDER p.toml" in said
    assert mirror.requests == []
    assert tree(bin_) == before
    assert kboot.run("plan", "p.toml", "--link", str(bin_)).code == 74


def test_what_stops_kboot_can_be_moved_as_it_says(kboot: Kboot, mirror: Mirror, bin_: Path) -> None:
    made_up(bin_ / "kubectl", "1.9.0")
    file = wants(kboot, "1.24.0")
    (blocker,) = kboot.json("up", file, "--link", str(bin_))["plan"]["blockers"]
    subprocess.run(["/bin/sh", "-c", blocker["fix"].split("   ")[0]], check=True)
    assert kboot.run("up", file, "--link", str(bin_)).code == 0
    assert says(bin_ / "kubectl") == "1.24.0"
    assert says(bin_ / "kubectl.mine") == "1.9.0"


def test_an_adopted_tool_needs_no_link_wherever_it_lies(
    kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    made_up(bin_ / "kubectl", "1.24.0")
    before = tree(bin_)
    done = kboot.run("up", wants(kboot, "1.24.0"), "--link", str(bin_))
    assert (done.code, "link" in done.out + done.err) == (0, False)
    assert tree(bin_) == before


@pytest.mark.parametrize("ending", ["a-file", "a-file/below", "dangling"])
def test_a_place_that_can_be_no_folder_is_named(ending: str, kboot: Kboot, mirror: Mirror) -> None:
    (kboot.home / "a-file").touch()
    (kboot.home / "dangling").symlink_to("nowhere")
    done = kboot.run("up", wants(kboot, "1.24.0"), "--link", str(kboot.home / ending))
    assert done.code == 74
    assert f"{kboot.home / ending.split('/')[0]} is not a folder" in " ".join(done.err.split())
    assert mirror.requests == []


def test_a_folder_that_may_not_be_written_to_is_named(ordinary: Kboot) -> None:
    target = ordinary.home / "bin"
    done = ordinary.run("up", wants(ordinary, "1.24.0"), "--link", str(target))
    assert done.code == 41
    said = " ".join(done.err.split())
    assert f"you may not write to {ordinary.home}" in said
    assert f"so there can be no {target}" in said
    assert list(ordinary.home.iterdir()) == []


def test_a_missing_folder_is_made_and_one_outside_path_is_said_to_be(
    kboot: Kboot, mirror: Mirror
) -> None:
    folder = kboot.home / "new" / "bin"
    document = kboot.json("up", wants(kboot, "1.24.0"), "--link", str(folder))
    assert document["exit_code"] == 0
    because = document["plan"]["steps"][-1]["because"]
    assert "the folder is made" in because and "it is not on PATH" in because
    warned = [each for each in document["findings"] if each["status"] == "warn"]
    assert [each["reason"] for each in warned] == ["not-on-path"]
    assert warned[0]["fix"].startswith(f"export PATH={folder}:$PATH")
    assert folder.stat().st_mode & 0o022 == 0
    assert says(folder / "kubectl") == "1.24.0"


def test_a_program_that_comes_earlier_on_path_is_named(
    kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    kboot.env["PATH"] = f"{kboot.bin}:{kboot.env['PATH']}"
    made_up(kboot.bin / "kubectl", "1.9.0")
    document = kboot.json("plan", wants(kboot, "1.24.0"), "--link", str(bin_))
    (warned,) = [each for each in document["findings"] if each["status"] == "warn"]
    assert warned["message"] == f"{kboot.bin}/kubectl comes before {bin_}/kubectl on PATH"


@pytest.mark.parametrize("named", ["{home}/.local/bin", "~/.local/bin", "../home/.local/bin"])
def test_a_folder_can_be_named_as_in_a_shell(
    named: str, kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    folder = named.format(home=kboot.home)
    assert kboot.run("up", wants(kboot, "1.24.0"), f"--link={folder}").code == 0
    assert says(bin_ / "kubectl") == "1.24.0"
    assert not (kboot.work / "~").exists()


def test_an_empty_name_is_no_folder(kboot: Kboot) -> None:
    done = kboot.run("up", wants(kboot, "1.24.0"), "--link", "")
    assert (done.code, "the folder's name is empty" in done.err) == (2, True)


def test_a_saved_state_judges_the_folder_that_it_holds_and_no_other(
    kboot: Kboot, mirror: Mirror, bin_: Path
) -> None:
    words = ("plan", wants(kboot, "1.24.0"), "--link")
    saved = kboot.json(*words, str(bin_), "--save-state", "s.json")["plan"]
    (bin_ / "kubectl").touch()
    assert kboot.json(*words, str(bin_), "--from-state", "s.json")["plan"] == saved
    other = kboot.json(*words, str(kboot.home), "--from-state", "s.json")
    assert [each["status"] for each in other["findings"]][1:] == ["unknown"]
    assert [step["verb"] for step in other["plan"]["steps"]] == ["install"]


def test_copies_at_once_make_one_link(kboot: Kboot, mirror: Mirror, bin_: Path) -> None:
    words = ("up", wants(kboot, "1.24.0"), "--link", str(bin_))
    runs = [kboot.start(*words) for _ in range(4)]
    assert [(run.communicate(), run.returncode)[1] for run in runs] == [0] * len(runs)
    assert [path.name for path in bin_.iterdir()] == ["kubectl"]
    assert says(bin_ / "kubectl") == "1.24.0"
    assert downloads(mirror) == ["1.24.0"]
