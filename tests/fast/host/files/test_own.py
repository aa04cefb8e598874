"""No link leads to what is kboot's own, and nobody else may write there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.host.files import own
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.places import Places, check, find_places
from bootstrap.host.files.settings_file import read_settings

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return find_places({"HOME": str(tmp_path)})


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def refused(places: Places) -> KbootError:
    with pytest.raises(KbootError) as caught:
        check(places, "p", "c")
    assert caught.value.code is Exit.PERMISSION
    return caught.value


OWN = ["", "artifacts", "staging", "profiles", "profiles/p"]
STATE = ["", "locks", "clusters", "clusters/c", "clusters/c/proofs", "backups"]


def own_folders(places: Places) -> list[Path]:
    return [*(places.data / each for each in OWN), *(places.state / each for each in STATE)]


@pytest.mark.parametrize("number", range(len(OWN) + len(STATE)))
def test_a_link_in_the_place_of_any_folder_of_kboots_is_refused(
    number: int, places: Places, tmp_path: Path
) -> None:
    folder = own_folders(places)[number]
    own.make(folder.parent)
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    assert f"{folder}: it is a link" in refused(places).why


@pytest.mark.parametrize("number", range(len(OWN) + len(STATE)))
def test_a_folder_of_kboots_that_everybody_may_write_to_is_refused(
    number: int, places: Places
) -> None:
    folder = own_folders(places)[number]
    own.make(folder)
    folder.chmod(0o1777)
    assert "everybody may write to it" in refused(places).why
    folder.chmod(0o700)
    check(places, "p", "c")


@as_root
@pytest.mark.parametrize("number", range(len(OWN) + len(STATE)))
def test_a_folder_of_kboots_that_belongs_to_another_is_refused(number: int, places: Places) -> None:
    folder = own_folders(places)[number]
    own.make(folder)
    os.chown(folder, NOBODY, NOBODY)
    assert "it belongs to nobody" in refused(places).why


@pytest.mark.parametrize("name", ["XDG_DATA_HOME", "XDG_STATE_HOME"])
def test_a_place_in_a_folder_where_others_could_replace_it_is_refused(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "open" / "below").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    places = find_places({"HOME": str(tmp_path), name: str(tmp_path / "open" / "below")})
    assert refused(places).why == f"{tmp_path}/open: everybody may write to it"
    (tmp_path / "open").chmod(0o1777)
    check(places, "p", "c")


@as_root
def test_a_place_in_another_users_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", NOBODY, NOBODY)
    places = find_places({"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "theirs")})
    assert refused(places).why == f"{tmp_path}/theirs: it belongs to nobody"


def test_a_link_of_the_persons_above_kboots_folders_is_followed(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / ".local").symlink_to(tmp_path / "disk")
    check(find_places({"HOME": str(tmp_path)}), "p", "c")


def test_what_is_made_is_this_users_alone_whatever_the_umask(
    places: Places, no_umask: None
) -> None:
    own.make(places.kubeconfig("c").parent)
    Cache(places.cache).write("a", 1, 2)
    made = [each for each in places.home.rglob("*") if each.is_dir()]
    assert len(made) > 5
    assert {stat.S_IMODE(each.stat().st_mode) for each in made} == {0o700}


def test_the_cache_writes_through_no_link(places: Places, tmp_path: Path) -> None:
    own.make(places.cache)
    other = tmp_path / "other"
    other.write_text("mine")
    other.chmod(0o644)
    (places.cache / f"a.{os.getpid()}.tmp").symlink_to(other)
    (places.cache / "a.json").symlink_to(other)
    Cache(places.cache).write("a", 1, 2)
    assert (other.read_text(), stat.S_IMODE(other.stat().st_mode)) == ("mine", 0o644)
    assert Cache(places.cache).read("a", 1) == 2


@pytest.mark.parametrize("how", ["link", "open"])
def test_a_cache_that_others_can_write_is_neither_read_nor_written(
    how: str, places: Places, tmp_path: Path
) -> None:
    Cache(places.cache).write("a", 1, 2)
    if how == "link":
        places.cache.rename(tmp_path / "elsewhere")
        places.cache.symlink_to(tmp_path / "elsewhere")
    else:
        places.cache.chmod(0o777)
    assert Cache(places.cache).read("a", 1) is None
    Cache(places.cache).write("b", 1, 2)
    assert [each.name for each in places.cache.iterdir()] == ["a.json"]


def test_a_fifo_in_the_cache_is_not_waited_for(places: Places) -> None:
    own.make(places.cache)
    os.mkfifo(places.cache / "a.json", 0o600)
    assert Cache(places.cache).read("a", 1) is None


def test_what_a_killed_run_left_in_the_cache_goes_with_the_next_that_writes(places: Places) -> None:
    own.make(places.cache)
    (places.cache / "a.999999999.tmp").touch()
    (places.cache / f"b.{os.getppid()}.tmp").touch()  # of one that is still at it
    Cache(places.cache).write("c", 1, 2)
    assert {e.name for e in places.cache.iterdir()} == {"c.json", f"b.{os.getppid()}.tmp"}


def test_settings_that_everybody_may_write_are_refused_with_the_reason(places: Places) -> None:
    own.make(places.config)
    places.settings_file.write_text('trust = "first-seen"\n')
    places.settings_file.chmod(0o666)
    with pytest.raises(KbootError) as caught:
        read_settings(places.settings_file)
    assert caught.value.code is Exit.PERMISSION
    assert "everybody may write to it" in caught.value.why
    places.settings_file.chmod(0o664)  # a group of one's own, as Debian's users have
    assert read_settings(places.settings_file).trust == "first-seen"


def test_settings_in_a_folder_that_everybody_may_write_to_are_refused(places: Places) -> None:
    own.make(places.config)
    places.settings_file.write_text('trust = "first-seen"\n')
    places.config.chmod(0o777)
    with pytest.raises(KbootError) as caught:
        read_settings(places.settings_file)
    assert str(places.config) in caught.value.why


@as_root
def test_settings_of_another_user_are_refused(places: Places) -> None:
    own.make(places.config)
    places.settings_file.touch()
    os.chown(places.settings_file, NOBODY, NOBODY)
    with pytest.raises(KbootError) as caught:
        read_settings(places.settings_file)
    assert "it belongs to nobody" in caught.value.why


def test_settings_behind_a_link_are_the_persons(places: Places, tmp_path: Path) -> None:
    own.make(places.config)
    (tmp_path / "dotfiles").write_text('trust = "catalogue"\n')
    places.settings_file.symlink_to(tmp_path / "dotfiles")
    assert read_settings(places.settings_file).trust == "catalogue"


def test_a_fifo_in_the_place_of_the_settings_is_said_and_not_waited_for(places: Places) -> None:
    own.make(places.config)
    os.mkfifo(places.settings_file)
    with pytest.raises(KbootError) as caught:
        read_settings(places.settings_file)
    assert caught.value.code is Exit.USAGE
