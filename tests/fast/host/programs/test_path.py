import os
from pathlib import Path

import pytest

from bootstrap.core.model.state import Ground
from bootstrap.host.files.places import find_places
from bootstrap.host.programs.path import (
    are_there,
    candidates,
    look_at_links,
    own_name,
    search_path,
    unsafe,
)


def folder(path: Path, mode: int = 0o755) -> str:
    path.mkdir()
    path.chmod(mode)
    return str(path)


def executable(path: Path) -> str:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_links_come_first_then_the_users_path_in_its_order(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two")
    links = tmp_path / "not made yet"
    assert search_path({"PATH": f"{two}:{one}"}, links) == (str(links), two, one)


def test_the_links_of_other_profiles_are_left_out(tmp_path: Path) -> None:
    """In the shell of one profile, another must not find its tools and take them for the user's."""
    for name in ("one", "two"):
        (tmp_path / "profiles" / name).mkdir(parents=True)
    one, two = (tmp_path / "profiles" / name / "current" for name in ("one", "two"))
    folder(one), folder(two)
    mine = folder(tmp_path / "current")
    path = f"{two}/:{mine}:{two}:{one}"
    assert search_path({"PATH": path}, one) == (str(one), mine)


def test_the_name_to_type_is_kboot_only_where_that_leads_to_this_kboot(tmp_path: Path) -> None:
    ours, theirs = (Path(folder(tmp_path / name), "kboot") for name in ("ours", "theirs"))
    executable(ours), executable(theirs)
    linked = Path(folder(tmp_path / "linked"), "kboot")
    linked.symlink_to(ours)
    for first in (ours, linked):
        assert own_name({"PATH": f"{first.parent}:{theirs.parent}"}, str(ours)) == "kboot"
    for path in (f"{theirs.parent}:{ours.parent}", str(tmp_path)):
        assert own_name({"PATH": path}, str(ours)) == str(ours)
    assert own_name({"KBOOT_COMMAND": "./boot"}, str(ours)) == "./boot"
    assert own_name({}, "/usr/lib/bootstrap/__main__.py") == "kboot"


def test_each_folder_is_searched_once(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "one"), folder(tmp_path / "two")
    assert search_path({"PATH": f"{one}:{two}:{one}"}, Path(two)) == (two, one)


@pytest.mark.parametrize(
    "entry", ["", ".", "bin", "~/bin", "/nowhere/at/all", "/etc/passwd", "/tmp/\0"]
)
def test_an_entry_that_is_no_absolute_folder_is_left_out(entry: str, tmp_path: Path) -> None:
    good = folder(tmp_path / "good")
    assert search_path({"PATH": f"{entry}:{good}"}, tmp_path)[1:] == (good,)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o757])
def test_a_folder_that_others_may_write_to_is_left_out(mode: int, tmp_path: Path) -> None:
    assert search_path({"PATH": folder(tmp_path / "open", mode)}, tmp_path)[1:] == ()


def test_a_link_to_a_folder_that_others_may_write_to_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder(tmp_path / "open", 0o777))
    assert search_path({"PATH": str(tmp_path / "link")}, tmp_path)[1:] == ()


def test_a_folder_that_a_group_may_write_to_stays(tmp_path: Path) -> None:
    shared = folder(tmp_path / "shared", 0o2775)
    assert search_path({"PATH": shared}, tmp_path)[1:] == (shared,)


def test_without_a_path_the_systems_own_is_searched(tmp_path: Path) -> None:
    assert "/usr/bin" in search_path({}, tmp_path)


def test_every_program_of_the_name_is_a_candidate_in_order(tmp_path: Path) -> None:
    folders = [folder(tmp_path / name) for name in ("b", "a")]
    found = [executable(Path(place, "kubectl")) for place in folders]
    assert candidates("kubectl", folders) == tuple(found)


def test_a_program_reached_twice_is_named_by_the_first_path(tmp_path: Path) -> None:
    real = folder(tmp_path / "real")
    executable(Path(real, "kubectl"))
    (tmp_path / "merged").symlink_to(real)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "kubectl").symlink_to(Path(real, "kubectl"))
    folders = [str(tmp_path / name) for name in ("merged", "real", "linked")]
    assert candidates("kubectl", folders) == (str(tmp_path / "merged" / "kubectl"),)


def test_only_executable_regular_files_are_candidates(tmp_path: Path) -> None:
    for name in ("folder", "plain", "pipe", "dangling"):
        folder(tmp_path / name)
    (tmp_path / "folder" / "kubectl").mkdir()
    (tmp_path / "plain" / "kubectl").write_text("not for running")
    os.mkfifo(tmp_path / "pipe" / "kubectl", 0o755)
    (tmp_path / "dangling" / "kubectl").symlink_to("nothing")
    assert candidates("kubectl", [str(path) for path in tmp_path.iterdir()]) == ()


def test_a_program_is_there_by_its_name_and_a_file_by_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "virsh").write_text("#!/bin/sh\n")
    (tmp_path / "virsh").chmod(0o755)
    (tmp_path / "notes").write_text("not a program")
    wanted = ("virsh", "notes", "podman", str(tmp_path), str(tmp_path / "notes" / "x"))
    found = are_there(wanted, (str(tmp_path),))
    assert [name for name, there in found.items() if there] == ["virsh", str(tmp_path)]


def test_a_folder_below_one_that_others_may_write_to_is_left_out(tmp_path: Path) -> None:
    """Who may write there can put another folder into its place; below /tmp nobody can."""
    below = folder(Path(folder(tmp_path / "open", 0o777)) / "below")
    assert search_path({"PATH": below}, tmp_path)[1:] == ()
    (tmp_path / "link").symlink_to(below)
    assert search_path({"PATH": str(tmp_path / "link")}, tmp_path)[1:] == ()
    (tmp_path / "open").chmod(0o1777)
    assert search_path({"PATH": below}, tmp_path)[1:] == (below,)


def test_a_link_that_others_can_lead_elsewhere_is_left_out(tmp_path: Path) -> None:
    open_, good = folder(tmp_path / "open", 0o777), folder(tmp_path / "good")
    Path(open_, "link").symlink_to(good)
    assert search_path({"PATH": f"{open_}/link"}, tmp_path)[1:] == ()


@pytest.mark.parametrize("how", ["file", "linked file", "in an open folder", "in an open link"])
def test_a_program_that_others_may_write_to_is_no_candidate_and_told_of(
    how: str, tmp_path: Path
) -> None:
    good, open_ = folder(tmp_path / "good"), folder(tmp_path / "open", 0o777)
    file = Path(good, "kubectl")
    match how:
        case "file":
            executable(file)
            file.chmod(0o777)
        case "linked file":
            Path(executable(tmp_path / "kubectl-1")).chmod(0o757)
            file.symlink_to(tmp_path / "kubectl-1")
        case "in an open folder":
            file = Path(executable(Path(open_, "kubectl")))
        case "in an open link":
            file.symlink_to(executable(Path(open_, "kubectl-1")))
    environ = {"PATH": str(file.parent)}
    assert candidates("kubectl", search_path(environ, tmp_path)) == ()
    assert list(unsafe("kubectl", environ)) == [str(file)]
    assert "everybody may write to " in unsafe("kubectl", environ)[str(file)]


def test_of_programs_that_may_be_run_nothing_is_told(tmp_path: Path) -> None:
    executable(Path(folder(tmp_path / "good"), "kubectl"))
    assert unsafe("kubectl", {"PATH": str(tmp_path / "good")}) == {}


def ground(wanted: Path, home: Path) -> tuple[Ground, str]:
    found = look_at_links(str(wanted), (), {}, find_places({"HOME": str(home)}))
    return found.ground, found.why


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_links_are_not_put_where_everybody_may_put_some(mode: int, tmp_path: Path) -> None:
    wanted = Path(folder(tmp_path / "open", mode))
    assert ground(wanted, tmp_path) == (Ground.NOT_YOURS, "everybody may write to it")
    assert ground(wanted / "mine", tmp_path)[0] is (
        Ground.MISSING if mode & 0o1000 else Ground.NOT_YOURS
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_links_are_not_put_into_another_users_folder(tmp_path: Path) -> None:
    theirs = Path(folder(tmp_path / "theirs"))
    os.chown(theirs, 65534, 65534)
    assert ground(theirs, tmp_path) == (Ground.NOT_YOURS, "it belongs to nobody")
    assert ground(theirs / "bin", tmp_path)[0] is Ground.NOT_YOURS
