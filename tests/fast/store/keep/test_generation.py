import threading
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.places import Places
from bootstrap.store.keep.generation import link


def stored(places: Places, name: str) -> Path:
    path = places.artifacts / name / "tool"
    path.parent.mkdir(parents=True)
    path.write_text(name)
    return path


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def generations(places: Places) -> list[str]:
    return sorted(path.name for path in places.profile("p").glob("gen-*"))


def test_links_are_relative_so_the_whole_store_may_move(places: Places, tmp_path: Path) -> None:
    link(places, "p", {"kubectl": stored(places, "a")})
    moved = places.data.rename(tmp_path / "moved")
    assert texts(moved / "profiles" / "p" / "current") == {"kubectl": "a"}


def test_other_links_are_kept_and_the_named_ones_replaced(places: Places) -> None:
    link(places, "p", {"kubectl": stored(places, "a"), "minikube": stored(places, "b")})
    current = link(places, "p", {"kubectl": stored(places, "c")})
    assert current == places.links("p")
    assert texts(current) == {"kubectl": "c", "minikube": "b"}


def test_profiles_do_not_share_links(places: Places) -> None:
    link(places, "p", {"kubectl": stored(places, "a")})
    link(places, "q", {"kubectl": stored(places, "b")})
    assert texts(places.links("p")) == {"kubectl": "a"}


def test_linking_what_is_linked_changes_nothing(places: Places) -> None:
    a = stored(places, "a")
    link(places, "p", {"kubectl": a})
    before = places.links("p").lstat().st_ctime_ns
    link(places, "p", {"kubectl": a})
    assert places.links("p").lstat().st_ctime_ns == before
    assert generations(places) == ["gen-1"]


def test_the_previous_generation_stays_and_older_ones_go(places: Places) -> None:
    for name in "abcd":
        link(places, "p", {"kubectl": stored(places, name)})
    assert generations(places) == ["gen-3", "gen-4"]
    assert texts(places.profile("p") / "gen-3") == {"kubectl": "c"}


def test_what_a_dead_run_left_is_cleared_away_and_not_used(places: Places) -> None:
    link(places, "p", {"kubectl": stored(places, "a")})
    half = places.profile("p") / "gen-2"
    half.mkdir()
    (half / "rubbish").symlink_to("nowhere")
    (places.profile("p") / "current.new").symlink_to("gen-2")
    link(places, "p", {"kubectl": stored(places, "b")})
    assert texts(places.links("p")) == {"kubectl": "b"}
    assert generations(places) == ["gen-1", "gen-3"]
    assert not (places.profile("p") / "current.new").is_symlink()


def test_a_reader_never_finds_a_tool_missing_while_links_are_switched(places: Places) -> None:
    versions = [stored(places, "a"), stored(places, "b")]
    link(places, "p", {"kubectl": versions[0]})
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.add((places.links("p") / "kubectl").read_text())
            except OSError as error:
                seen.add(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    for round_ in range(50):
        link(places, "p", {"kubectl": versions[round_ % 2]})
    done.set()
    reader.join()
    assert seen == {"a", "b"}


def test_a_disk_that_refuses_leaves_the_old_links(places: Places) -> None:
    link(places, "p", {"kubectl": stored(places, "a")})
    (places.profile("p") / "current.new").mkdir()
    with pytest.raises(KbootError) as caught:
        link(places, "p", {"kubectl": stored(places, "b")})
    assert caught.value.code is Exit.PERMISSION
    assert texts(places.links("p")) == {"kubectl": "a"}
