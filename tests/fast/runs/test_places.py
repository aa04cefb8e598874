"""HOME as it is found in cron, in containers, under sudo, on a read-only disk."""

import os
import pwd

import pytest

from tests.helpers.driving.kboot import NOBODY, PROGRAM, TOOLS, Kboot, as_root, tree


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
