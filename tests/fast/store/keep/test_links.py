import os
import threading
from pathlib import Path

import pytest

from bootstrap.core.model.step import LinkTools
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.places import Places
from bootstrap.store.keep.generation import link
from bootstrap.store.keep.links import put_links


@pytest.fixture
def bin_(places: Places, tmp_path: Path) -> Path:
    """A folder of the person's, and profiles `p` and `q` with two tools each."""
    for profile in ("p", "q"):
        tools = {}
        for name in ("kubectl", "minikube"):
            tools[name] = places.artifacts / name / profile / name
            tools[name].parent.mkdir(parents=True)
            tools[name].write_text(profile)
        link(places, profile, tools)
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def step(folder: Path, profile: str = "p") -> LinkTools:
    return LinkTools(str(folder), ("kubectl", "minikube"), profile, "asked for")


def entries(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_links_lead_through_current_so_that_they_outlive_a_generation(
    places: Places, bin_: Path
) -> None:
    put_links(places, step(bin_))
    assert (bin_ / "kubectl").readlink() == places.links("p") / "kubectl"
    assert entries(bin_) == {"kubectl": "p", "minikube": "p"}


def test_something_in_the_way_of_the_last_link_is_found_before_the_first_is_made(
    places: Places, bin_: Path
) -> None:
    (bin_ / "minikube").write_text("mine")
    with pytest.raises(KbootError) as caught:
        put_links(places, step(bin_))
    assert (caught.value.code, str(bin_ / "minikube") in caught.value.what) == (Exit.CONFLICT, True)
    assert entries(bin_) == {"minikube": "mine"}


def test_a_file_that_appears_at_the_last_moment_is_not_written_over(
    places: Places, bin_: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Path.symlink_to

    def late(self: Path, target: Path) -> None:
        self.write_text("mine")
        right(self, target)

    monkeypatch.setattr(Path, "symlink_to", late)
    with pytest.raises(KbootError) as caught:
        put_links(places, step(bin_))
    assert caught.value.code is Exit.CONFLICT
    assert entries(bin_) == {"kubectl": "mine"}


def test_what_a_killed_run_left_is_used_up_and_what_it_did_not_make_is_kept(
    places: Places, bin_: Path
) -> None:
    put_links(places, step(bin_))
    (bin_ / ".kubectl.kboot").symlink_to(places.links("p") / "kubectl")
    put_links(places, step(bin_, "q"))
    assert entries(bin_) == {"kubectl": "q", "minikube": "q"}
    (bin_ / ".kubectl.kboot").write_text("mine")
    with pytest.raises(KbootError):
        put_links(places, step(bin_, "p"))
    assert entries(bin_) == {"kubectl": "q", "minikube": "q", ".kubectl.kboot": "mine"}


def test_a_link_to_a_profile_that_is_gone_is_still_known_for_kboots(
    places: Places, bin_: Path
) -> None:
    (bin_ / "kubectl").symlink_to(places.links("gone") / "kubectl")
    put_links(places, step(bin_))
    assert entries(bin_) == {"kubectl": "p", "minikube": "p"}


def test_the_links_name_is_part_of_what_makes_it_kboots(places: Places, bin_: Path) -> None:
    (bin_ / "kubectl").symlink_to(places.links("q") / "minikube")
    with pytest.raises(KbootError):
        put_links(places, step(bin_))
    assert (bin_ / "kubectl").readlink() == places.links("q") / "minikube"


def test_a_reader_never_finds_a_link_missing_while_it_is_switched(
    places: Places, bin_: Path
) -> None:
    put_links(places, step(bin_))
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.add((bin_ / "kubectl").read_text())
            except OSError as error:
                seen.add(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    for round_ in range(50):
        put_links(places, step(bin_, "pq"[round_ % 2]))
    done.set()
    reader.join()
    assert seen <= {"p", "q"}


def test_a_folder_that_cannot_be_made_says_so(places: Places, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KbootError) as caught:
        put_links(places, step(tmp_path / "file" / "bin"))
    assert caught.value.code is Exit.PERMISSION
    assert os.path.lexists(tmp_path / "file")
