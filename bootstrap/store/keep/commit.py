"""Install one artifact, so that a kill at any moment leaves nothing or all of it in its place.

Staging folder → download → verify → unpack → executable → receipt → one rename into the place
named after the content. Recovery is deleting what dead runs left in staging.
"""

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as Flag
from typing import NamedTuple

from bootstrap import __version__
from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.events import Emit
from bootstrap.core.values.codec import to_plain
from bootstrap.core.values.masking import mask
from bootstrap.host.files import own
from bootstrap.host.files.disk import allow_execution, disk_errors, sync_folders, write_text
from bootstrap.host.files.lock import at_work, is_at_work
from bootstrap.host.files.places import Places
from bootstrap.store.fetch import by_hand, failures
from bootstrap.store.fetch.checksum import with_digest
from bootstrap.store.fetch.download import Received, download
from bootstrap.store.keep.intact import Known, examine, is_intact
from bootstrap.store.keep.inventory import installed
from bootstrap.store.keep.receipt import RECEIPT, Receipt, executable_of, place_of, seal
from bootstrap.store.keep.unpack import extract_member

_RUN = secrets.token_hex(4)
"""Begins the names of this process's staging folders. Not the pid: in a container a dead run's
may well have been the same."""
_OF_A_RUN = re.compile(r"[0-9a-f]{8}-\w{8}")


class Delivery(NamedTuple):
    """How one artifact is got: its URL after mirrors, and what the receipt says of the time."""

    url: str
    ca_bundle: Path | None
    installed_at: str
    checksum_url: str = ""
    """After mirrors; empty for an artifact whose digest is known."""
    offline: bool = False
    """Nothing may be fetched."""


class Staged(NamedTuple):
    """An artifact that is ready to be published, or in its place already (`folder` None)."""

    artifact: Artifact
    folder: Path | None = None
    received: Received | None = None


def install(artifact: Artifact, places: Places, delivery: Delivery, emit: Emit) -> Path:
    """The verified executable's path in the store; nothing is downloaded when it is there.

    The caller holds the store lock. Raises KbootError as `download` and `extract_member` do,
    with `state` left to the caller; what is in the place is then what was there.
    """
    with staging(places) as folder:
        return publish(stage(artifact, places, delivery, folder, emit, Flag()), places)


@contextmanager
def staging(places: Places) -> Iterator[Path]:
    """A folder of this run's own, removed afterwards with all that is in it.

    The caller holds the store lock: what other runs left there is dead, and is deleted first.
    """
    with disk_errors(places.data, "its staging folder"):
        own.make(places.staging)
        sweep(places)
        folder = Path(tempfile.mkdtemp(prefix=f"{_RUN}-", dir=places.staging))
    try:
        with at_work(folder):
            yield folder
    finally:
        _remove(folder)


def stage(
    artifact: Artifact, places: Places, delivery: Delivery, folder: Path, emit: Emit, stop: Flag
) -> Staged:
    """Fetch and verify into `folder`; in the store, only a file that differs may not run any more.

    Several may run at once, each with a folder of its own. Raises as `install` does, and
    StoppedError once `stop` is set.
    """
    with disk_errors(places.data, f"{artifact.tool} {artifact.version}", artifact.size):
        artifact = _identified(artifact, places, delivery, stop)
        place = place_of(places, artifact)
        if artifact.sha256 and is_intact(place, artifact, places):
            return Staged(artifact)
        folder.mkdir(mode=0o700, exist_ok=True)
        if artifact.sha256 and examine(place, Known(places)).differs:
            _disarm(place / artifact.tool)
        return _fill(folder, artifact, places, delivery, emit, stop)


def publish(staged: Staged, places: Places) -> Path:
    """Put it into its place with one rename: the executable's path."""
    artifact = staged.artifact
    if staged.folder is not None:
        place = place_of(places, artifact)
        with disk_errors(places.data, f"{artifact.tool} {artifact.version}", artifact.size):
            _set_aside(place, staged.folder / "before")
            _publish(staged.folder / "new", place, places)
    return executable_of(places, artifact)


def _identified(artifact: Artifact, places: Places, delivery: Delivery, stop: Flag) -> Artifact:
    """With the digest that it must have: known, verified here before, or the publisher's word."""
    if artifact.sha256:
        return artifact
    kept = installed(places, artifact)
    if kept is not None:
        known = artifact._replace(sha256=kept.sha256)
        if is_intact(place_of(places, known), known, places):
            return known
    if delivery.offline:
        raise failures.offline(artifact)
    return with_digest(artifact, delivery.checksum_url, delivery.ca_bundle, stop)


def sweep(places: Places) -> None:
    """Delete what dead runs left. Who had the lock before it was deleted may still be at work."""
    for left in places.staging.iterdir():
        made_here = _OF_A_RUN.fullmatch(left.name) and not left.name.startswith(_RUN)
        if made_here and not is_at_work(left):
            _remove(left)


def _disarm(file: Path) -> None:
    """No shell shall run it. Not where its rights are also those of a file elsewhere."""
    with suppress(OSError):
        descriptor = own.open_file(file)
        try:
            if os.fstat(descriptor).st_nlink == 1:
                os.fchmod(descriptor, 0o444)
        finally:
            os.close(descriptor)


def _set_aside(place: Path, away: Path) -> None:
    """What is in a place goes only when its verified successor is ready."""
    if os.path.lexists(place):
        place.rename(away)


def _fill(
    folder: Path,
    artifact: Artifact,
    places: Places,
    delivery: Delivery,
    emit: Emit,
    stop: Flag,
) -> Staged:
    """The artifact as it was received: its sha256 is known now in any case."""
    new = folder / "new"
    new.mkdir(mode=0o700)
    executable = new / artifact.tool
    target = new / "archive" if artifact.member else executable
    url, received = _get(target, artifact, places, delivery, emit, stop)
    artifact = artifact._replace(sha256=received.sha256)
    sha256 = received.sha256
    if artifact.member:
        sha256 = extract_member(target, artifact.member, executable)
        target.unlink()
    allow_execution(executable)
    receipt = _receipt(artifact, url, delivery.installed_at, received.size, sha256)
    receipt = receipt._replace(seal=seal(executable.stat()))
    write_text(new / RECEIPT, json.dumps(to_plain(receipt), indent=2) + "\n")
    sync_folders(new)
    return Staged(artifact, folder, received)


def _get(
    target: Path,
    artifact: Artifact,
    places: Places,
    delivery: Delivery,
    emit: Emit,
    stop: Flag,
) -> tuple[str, Received]:
    """From the drop folder, else from the network: where it came from, and what came."""
    brought = by_hand.find(artifact, places)
    if brought is not None:
        return brought.as_uri(), by_hand.take(artifact, brought, target)
    if delivery.offline:
        raise failures.offline(artifact)
    url, bundle = delivery.url, delivery.ca_bundle
    return url, download(artifact, target, url=url, ca_bundle=bundle, emit=emit, stop=stop)


def _receipt(
    artifact: Artifact, url: str, installed_at: str, size: int, executable_sha256: str
) -> Receipt:
    return Receipt(
        tool=artifact.tool,
        version=artifact.version,
        platform=artifact.platform,
        url=mask(url),
        sha256=artifact.sha256,
        origin=artifact.origin,
        trust=artifact.trust,
        size=size,
        member=artifact.member,
        executable_sha256=executable_sha256,
        installed_at=installed_at,
        kboot=__version__,
    )


def _publish(folder: Path, place: Path, places: Places) -> None:
    own.make(place.parent)
    folder.rename(place)
    sync_folders(place.parent, places.artifacts, places.data)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
