"""What a stored file is held against."""

import json
import os
from pathlib import Path

import pytest

from bootstrap.core.model.catalogue import Catalogue
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.places import Places
from bootstrap.store.keep import intact
from bootstrap.store.keep.commit import Delivery, install
from bootstrap.store.keep.intact import Known, examine
from bootstrap.store.keep.receipt import RECEIPT
from tests.helpers.serving.mirror import Mirror
from tests.helpers.working.samples import BODY, PATH, artifact


@pytest.fixture
def file(mirror: Mirror, places: Places) -> Path:
    delivery = Delivery(mirror.url + PATH, mirror.ca_file, "2026-01-02T03:04:05Z")
    return install(artifact(), places, delivery, lambda event: None)


def shipping(sha256: str, member: str = "") -> Catalogue:
    entry = {"sha256": {"linux/amd64": sha256}, "member": member}
    return Catalogue({"kubectl": {"releases": {"1.2.3": entry}}})


def edit(file: Path, **changed: object) -> None:
    receipt = file.with_name(RECEIPT)
    receipt.write_text(json.dumps(json.loads(receipt.read_text()) | changed))


def test_a_file_that_was_not_touched_is_believed_by_its_seal(file: Path, places: Places) -> None:
    edit(file, executable_sha256="0" * 64, member="m")
    assert examine(file.parent, Known(places)).damage == ""
    assert examine(file.parent, Known(places, thorough=True)).differs


def test_a_receipt_is_held_against_the_catalogue(file: Path, places: Places) -> None:
    """Its file and its own place agree with it: somebody put all three there."""
    assert examine(file.parent, Known(places, shipping(artifact().sha256))).damage == ""
    for catalogue in (shipping("0" * 64), shipping(artifact().sha256, member="kubectl")):
        assert "kboot's catalogue" in examine(file.parent, Known(places, catalogue)).damage


def test_a_receipt_whose_digests_disagree_is_not_believed(file: Path, places: Places) -> None:
    edit(file, executable_sha256="0" * 64)
    assert "contradicts itself" in examine(file.parent, Known(places)).damage


def test_a_receipt_in_another_files_place_is_not_believed(file: Path, places: Places) -> None:
    edit(file, version="1.2.4")
    assert "of another file" in examine(file.parent, Known(places)).damage


def test_what_was_hashed_once_is_remembered_until_it_changes(
    file: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(file, seal=[])
    known = Known(places, cache=Cache(places.cache))
    assert examine(file.parent, known).damage == ""
    assert not places.cache.exists()  # a change in the same moment could not be told
    monkeypatch.setattr(intact, "_RACY_SECONDS", 0.0)
    assert examine(file.parent, known).damage == ""
    assert len(list(places.cache.iterdir())) == 1
    assert examine(file.parent, known).damage == ""
    file.chmod(0o755)
    file.write_bytes(BODY[:-1] + b"?")
    assert examine(file.parent, known).differs


def test_a_file_of_another_size_differs_by_that_alone(file: Path, places: Places) -> None:
    file.chmod(0o755)
    os.truncate(file, 10 << 30)
    kept = examine(file.parent, Known(places))
    assert (kept.differs, "10,737,418,240 bytes" in kept.damage) == (True, True)
