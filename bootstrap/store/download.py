"""Fetch one artifact: hashed while it is written, kept only when it is the file it should be."""

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from urllib3.response import BaseHTTPResponse

from bootstrap.core.catalogue import Artifact
from bootstrap.core.events import Emit, Event, Happening
from bootstrap.store import failures
from bootstrap.store.disk import create, disk_errors, require_room
from bootstrap.store.request import ask

MAX_BYTES = 1 << 30
"""Of a file whose size the catalogue does not know."""
_BLOCK = 128 * 1024
_EVENT_PAUSE = 0.1


@dataclass(frozen=True)
class _Wanted:
    """One download: what, where to."""

    artifact: Artifact
    destination: Path
    emit: Emit

    @property
    def subject(self) -> str:
        return f"{self.artifact.tool} {self.artifact.version}"


class Received(NamedTuple):
    """What was written: bytes, and the digest that names its place in the store."""

    size: int
    sha256: str


def download(
    artifact: Artifact, destination: Path, *, url: str, ca_bundle: Path | None, emit: Emit
) -> Received:
    """Write the verified file to `destination` (new, mode 0600, on the disk).

    `url` is the artifact's after mirrors were applied. Raises KbootError as `ask` does, and 30 not
    the file it should be, 40/41 the disk. `destination` does not exist then.
    """
    wanted = _Wanted(artifact, destination, emit)
    return ask(artifact, url, ca_bundle, lambda at, answer: _receive(wanted, at, answer))


def _receive(wanted: _Wanted, url: str, response: BaseHTTPResponse) -> Received:
    artifact = wanted.artifact
    announced = _announced(response)
    if None not in (announced, artifact.size) and announced != artifact.size:
        raise failures.wrong_size(artifact, url, announced)
    needed = artifact.size or announced
    with disk_errors(wanted.destination.parent, wanted.subject, needed):
        require_room(wanted.destination.parent, needed or 0, wanted.subject)
        try:
            return _write(wanted, url, response, needed)
        except BaseException:
            wanted.destination.unlink(missing_ok=True)
            raise


def _write(wanted: _Wanted, url: str, response: BaseHTTPResponse, total: int | None) -> Received:
    limit = wanted.artifact.size or MAX_BYTES
    # The store names places by sha256, also of a file that its publisher vouches for otherwise.
    digests, done, told = [hashlib.sha256()], 0, 0.0
    digests += [hashlib.sha512()] if wanted.artifact.sha512 else []
    with create(wanted.destination) as file:
        for block in response.stream(_BLOCK, decode_content=False):
            done += len(block)
            if done > limit:
                raise failures.wrong_size(wanted.artifact, url, None)
            for digest in digests:
                digest.update(block)
            file.write(block)
            if time.monotonic() - told >= _EVENT_PAUSE:
                told = _tell(wanted, done, total)
        file.flush()
        _check(wanted.artifact, url, {each.name: each.hexdigest() for each in digests}, done)
        os.fsync(file.fileno())
    _tell(wanted, done, total)
    return Received(done, digests[0].hexdigest())


def _tell(wanted: _Wanted, done: int, total: int | None) -> float:
    wanted.emit(Event(Happening.DOWNLOAD, wanted.subject, done=done, total=total))
    return time.monotonic()


def _check(artifact: Artifact, url: str, found: Mapping[str, str], size: int) -> None:
    algorithm = "sha512" if artifact.sha512 else "sha256"
    expected = artifact.sha512 or artifact.sha256
    if not expected or found[algorithm] != expected or artifact.size not in (None, size):
        raise failures.wrong_file(artifact, url, algorithm, found[algorithm], expected, size)


def _announced(response: BaseHTTPResponse) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None
