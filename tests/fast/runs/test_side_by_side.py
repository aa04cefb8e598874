"""Several versions of a tool in one store, and which of them each profile works with."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import Kboot, on_amd64, tree
from tests.helpers.driving.publishing import downloads, made_up, path_of, published, wants
from tests.helpers.serving.mirror import Fault, Mirror

pytestmark = on_amd64

VERSIONS = ("1.24.0", "1.24.1", "1.25.0")


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    with published(kboot, *VERSIONS) as mirror:
        yield mirror


def told(out: str) -> str:
    version: str = json.loads(out)["clientVersion"]["gitVersion"]
    return version.removeprefix("v")


def runs_with(kboot: Kboot, file: str) -> str:
    """The version of the kubectl that a command of this profile gets."""
    return told(kboot.run("exec", file, "--", "kubectl", "version", "--client").out)


def stored(kboot: Kboot) -> list[str]:
    found = (kboot.data / "artifacts" / "kubectl").glob("*/kubectl")
    return sorted(path.parent.name.partition("-")[0] for path in found)


def test_each_profile_runs_its_own_version_at_the_same_time(kboot: Kboot, mirror: Mirror) -> None:
    files = {version: wants(kboot, version, f"p{version}") for version in VERSIONS}
    for run in [kboot.start("up", file) for file in files.values()]:
        run.communicate()
        assert run.returncode == 0
    words = ("--", "kubectl", "version", "--client")
    runs = {version: kboot.start("exec", file, *words) for version, file in files.items()}
    assert {version: told(run.communicate()[0]) for version, run in runs.items()} == {
        version: version for version in VERSIONS
    }
    assert stored(kboot) == sorted(VERSIONS)


def test_the_change_of_one_profile_leaves_the_links_of_the_others(
    kboot: Kboot, mirror: Mirror
) -> None:
    one, two = wants(kboot, "1.24.0", "one"), wants(kboot, "1.24.0", "two")
    kboot.run("up", one)
    kboot.run("up", two)
    (folder,) = (kboot.data / "profiles").glob("two-*")
    before = tree(folder)
    assert kboot.run("up", wants(kboot, "1.25.0", "one")).code == 0
    assert tree(folder) == before
    assert (runs_with(kboot, one), runs_with(kboot, two)) == ("1.25.0", "1.24.0")
    assert kboot.json("plan", two)["plan"]["steps"] == []


def test_a_version_of_two_profiles_is_downloaded_and_stored_once(
    kboot: Kboot, mirror: Mirror
) -> None:
    one, two = wants(kboot, "1.24.0", "one"), wants(kboot, "1.24.0", "two")
    kboot.run("up", one)
    asked = list(mirror.requests)
    plan = kboot.json("plan", two)["plan"]["steps"]
    assert [step["kind"] for step in plan] == ["local"]
    assert kboot.run("up", two, "--offline").code == 0
    assert mirror.requests == asked
    assert downloads(mirror) == stored(kboot) == ["1.24.0"]
    assert (runs_with(kboot, one), runs_with(kboot, two)) == ("1.24.0", "1.24.0")


def test_a_version_that_cannot_be_had_leaves_the_profile_its_present_one(
    kboot: Kboot, mirror: Mirror
) -> None:
    kboot.run("up", wants(kboot, "1.24.0"))
    mirror.fault(path_of("1.25.0"), *[Fault(status=404)] * 9)
    assert kboot.run("up", wants(kboot, "1.25.0")).code == 21
    assert kboot.run("exec", "p.toml", "--", "kubectl").code == 1, "it is not what is declared now"
    assert runs_with(kboot, wants(kboot, "1.24.0")) == "1.24.0"
    assert kboot.run("up", "p.toml").code == 0


@pytest.mark.parametrize(
    ("how", "reason"), [("on PATH", "not-found"), ("linked", "of-another-profile")]
)
def test_what_kboot_installed_for_another_profile_is_not_adopted(
    how: str, reason: str, kboot: Kboot, mirror: Mirror
) -> None:
    one, two = wants(kboot, "1.24.0", "one"), wants(kboot, "1.24.0", "two")
    bin_ = kboot.home / "bin"
    kboot.run("up", one, "--link", str(bin_))
    links = next((kboot.data / "profiles").glob("one-*")) / "current"
    kboot.env["PATH"] = f"{bin_ if how == 'linked' else links}:{kboot.env['PATH']}"
    doctor = kboot.json("doctor", two)
    assert (doctor["exit_code"], doctor["findings"][0]["reason"]) == (1, reason)
    assert kboot.run("up", two).code == 0
    assert downloads(mirror) == ["1.24.0"]
    assert kboot.run("up", wants(kboot, "1.25.0", "one")).code == 0
    assert (runs_with(kboot, one), runs_with(kboot, two)) == ("1.25.0", "1.24.0")


def test_another_profiles_version_is_good_enough_where_the_policy_only_warns(
    kboot: Kboot, mirror: Mirror
) -> None:
    bin_ = kboot.home / "bin"
    kboot.run("up", wants(kboot, "1.24.0", "one"), "--link", str(bin_))
    kboot.env["PATH"] = f"{bin_}:{kboot.env['PATH']}"
    text = 'name = "two"\n[tools]\nkubectl = { version = "1.24", policy = "warn" }\n'
    assert kboot.run("doctor", kboot.profile(text, "two.toml")).code == 0


def test_an_adopted_tool_stays_adopted_whatever_kboot_could_install(
    kboot: Kboot, mirror: Mirror
) -> None:
    made_up(kboot.bin / "kubectl", "1.24.0")
    file = wants(kboot, "1.24")  # of which 1.24.1 and later are known
    assert kboot.json("up", file)["plan"]["steps"] == []
    other = wants(kboot, "1.24.1", "other")
    assert kboot.run("up", other).code == 0
    assert kboot.json("plan", file)["plan"]["steps"] == []
    assert (runs_with(kboot, file), runs_with(kboot, other)) == ("1.24.0", "1.24.1")
    assert downloads(mirror) == ["1.24.1"]


@pytest.mark.parametrize("loss", ["it goes", "it changes"])
def test_when_an_adopted_tool_is_lost_kboot_installs_one_and_that_one_stays(
    loss: str, kboot: Kboot, mirror: Mirror
) -> None:
    mine, file = kboot.bin / "kubectl", wants(kboot, "1.24.1")
    made_up(mine, "1.24.1")
    assert kboot.json("up", file)["plan"]["steps"] == []
    if loss == "it goes":
        mine.unlink()
    else:
        made_up(mine, "1.26.0")
    assert kboot.run("doctor", file).code == 1
    assert kboot.run("up", file).code == 0
    assert (runs_with(kboot, file), downloads(mirror)) == ("1.24.1", ["1.24.1"])
    made_up(mine, "1.24.1")
    (found,) = kboot.json("up", file)["host"]["tools"].values()
    assert (found["managed"], len(found["candidates"])) == (True, 2)
    mine.unlink()
    assert kboot.json("up", file)["plan"]["steps"] == []
    assert downloads(mirror) == ["1.24.1"]


def test_what_is_installed_stays_until_the_profile_no_longer_accepts_it(
    kboot: Kboot, mirror: Mirror
) -> None:
    """A later patch release that kboot comes to know is not installed unasked."""
    kboot.run("up", wants(kboot, "1.24.0"))
    (newest,) = kboot.json("plan", wants(kboot, "1.24", "fresh"))["plan"]["steps"]
    assert newest["artifact"]["version"] != "1.24.0"
    for accepting in ("1.24", ">=1.24,<1.25", "1.24.0"):
        document = kboot.json("up", wants(kboot, accepting))
        assert (document["exit_code"], document["plan"]["steps"]) == (0, []), accepting
    assert kboot.run("up", wants(kboot, "1.25.0")).code == 0
    assert runs_with(kboot, "p.toml") == "1.25.0"


def test_going_back_to_a_version_downloads_nothing(kboot: Kboot, mirror: Mirror) -> None:
    for version in ("1.24.0", "1.25.0", "1.24.0"):
        assert kboot.run("up", wants(kboot, version)).code == 0
        assert runs_with(kboot, "p.toml") == version
    assert downloads(mirror) == ["1.24.0", "1.25.0"]


def test_a_tool_of_the_persons_is_never_changed(kboot: Kboot, mirror: Mirror) -> None:
    mine = kboot.bin / "kubectl"
    made_up(mine, "1.9.0")
    before = (mine.lstat().st_ctime_ns, mine.read_bytes())
    file = wants(kboot, "1.24.0")
    assert kboot.run("up", file, "--link", str(kboot.home / "bin")).code == 0
    assert (mine.lstat().st_ctime_ns, mine.read_bytes()) == before
    done = subprocess.run([str(mine)], env={}, capture_output=True, text=True)
    assert (told(done.stdout), runs_with(kboot, file)) == ("1.9.0", "1.24.0")
    assert Path(kboot.home, "bin", "kubectl").is_symlink()
