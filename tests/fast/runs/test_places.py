"""HOME as it is found in cron, in containers, under sudo, on a read-only disk."""

import os
import pwd
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import (
    ANSWER,
    NOBODY,
    PROGRAM,
    TOOLS,
    Kboot,
    as_root,
    script,
    tree,
)


def test_without_home_the_password_database_says_where_it_is(kboot: Kboot) -> None:
    del kboot.env["HOME"]
    # The person's real HOME stands in the database: nothing may be written there.
    for base in ("DATA", "STATE", "CACHE", "CONFIG"):
        kboot.env[f"XDG_{base}_HOME"] = str(kboot.folder / base.lower())
    script = "from bootstrap.host.files.places import find_places; print(find_places({}).home)"
    done = kboot.run("-c", script, program=PROGRAM[:1])
    assert done.out.strip() == pwd.getpwuid(os.getuid()).pw_dir
    assert kboot.run("plan", "tutorial").code in (0, 60)


def test_a_home_that_is_no_absolute_path_is_no_home(kboot: Kboot) -> None:
    kboot.env["HOME"] = "somewhere"
    for base in ("DATA", "STATE", "CACHE", "CONFIG"):
        kboot.env[f"XDG_{base}_HOME"] = str(kboot.folder / base.lower())
    assert kboot.run("plan", "tutorial").code in (0, 60)
    assert not (kboot.work / "somewhere").exists()


def test_a_home_that_cannot_be_written_to_stops_no_look_but_every_change(ordinary: Kboot) -> None:
    file = ordinary.profile(TOOLS)
    assert ordinary.run("doctor", file).code == 1
    assert ordinary.run("plan", file).code == 0
    done = ordinary.run("up", file)
    assert done.code == 41
    assert "nothing was changed" in done.err
    assert "set XDG_DATA_HOME and XDG_STATE_HOME" in done.err
    assert list(ordinary.home.iterdir()) == []


def test_what_cannot_be_written_is_the_same_in_json(ordinary: Kboot) -> None:
    document = ordinary.json("up", ordinary.profile(TOOLS))
    assert (document["exit_id"], document["outcomes"]) == ("permission", [])
    assert [step["subject"] for step in document["plan"]["steps"]] == ["kubectl 1.35.1"]


@as_root
def test_another_users_home_is_left_alone(kboot: Kboot) -> None:
    os.chown(kboot.home, NOBODY, NOBODY)
    before = tree(kboot.home)
    done = kboot.run("up", kboot.profile(TOOLS))
    assert done.code == 41
    assert "belongs to another user" in done.err
    assert "sudo -H kboot" in done.err
    assert tree(kboot.home) == before


@as_root
@pytest.mark.parametrize("command", ["doctor", "plan"])
def test_looking_leaves_no_files_of_roots_in_another_users_home(command: str, kboot: Kboot) -> None:
    os.chown(kboot.home, NOBODY, NOBODY)
    before = tree(kboot.home)
    kboot.run(command, kboot.profile(TOOLS))
    assert tree(kboot.home) == before


@as_root
def test_a_profile_found_in_a_folder_of_another_user_is_not_obeyed(kboot: Kboot) -> None:
    kboot.profile(TOOLS, "kboot.toml")
    os.chown(kboot.work / "kboot.toml", NOBODY, NOBODY)
    assert kboot.run("plan").code == 41
    assert kboot.run("plan", "./kboot.toml").code == 0


def test_a_profile_is_found_in_this_folder_or_above(kboot: Kboot) -> None:
    kboot.profile(TOOLS, "kboot.toml")
    below = kboot.work / "a" / "b"
    below.mkdir(parents=True)
    for folder in (kboot.work, below):
        assert "kubectl  1.35.1" in kboot.run("plan", cwd=folder).out


def planted(kboot: Kboot, root: Path) -> None:
    """A kubectl in the place of the one that kboot would have installed."""
    kboot.profile(TOOLS)
    shown = kboot.json("env", "p.toml")["variables"]["PATH"].split(":")[0]
    links = Path(shown.replace(str(kboot.data), str(root / "kboot")))
    links.mkdir(parents=True)
    script(links / "kubectl", f"touch {kboot.folder}/mark; echo '{ANSWER}'")


@as_root
@pytest.mark.parametrize("owner", [0, NOBODY])
@pytest.mark.parametrize("command", ["doctor", "up", "env", "exec", "down"])
def test_a_store_where_others_can_write_is_refused_and_nothing_of_it_is_run(
    command: str, owner: int, kboot: Kboot
) -> None:
    kboot.adopted()
    root = kboot.folder / "open"
    root.mkdir()
    planted(kboot, root)
    root.chmod(0o777)
    os.chown(root, owner, owner)
    kboot.env["XDG_DATA_HOME"] = str(root)
    before = tree(root)
    words = ("--", "kubectl") if command == "exec" else ()
    done = kboot.run(command, "p.toml", *words)
    assert (done.code, done.out) == (41, "")
    why = "it belongs to nobody" if owner else "everybody may write to it"
    assert why in " ".join(done.err.split())
    assert tree(root) == before
    assert not (kboot.folder / "mark").exists()


def test_a_program_that_everybody_may_write_is_not_run_and_doctor_says_so(kboot: Kboot) -> None:
    file = kboot.profile(TOOLS)
    script(kboot.bin / "kubectl", f"touch {kboot.folder}/mark; echo '{ANSWER}'")
    (kboot.bin / "kubectl").chmod(0o777)
    done = kboot.run("doctor", file)
    assert done.code == 1
    said = " ".join(done.out.split())
    assert f"kboot does not run {kboot.bin}/kubectl: everybody may write to it" in said
    assert not (kboot.folder / "mark").exists()


def test_settings_that_others_could_have_written_stop_every_run(kboot: Kboot) -> None:
    settings = kboot.home / ".config" / "kboot" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("allow_sudo = true\n")
    settings.chmod(0o666)
    done = kboot.run("doctor", kboot.adopted())
    assert (done.code, "everybody may write to it" in done.err) == (41, True)
