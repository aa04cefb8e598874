"""Fetch one artifact: hashed while it is written, kept only when it is the file it should be."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event as Flag
from typing import NamedTuple

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.events import Emit, Event, Happening
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.disk import disk_errors, require_room
from bootstrap.store.fetch import connection, failures
from bootstrap.store.fetch.partial import Partial, total_of
from bootstrap.store.fetch.request import AgainError, StoppedError, ask

MAX_BYTES = 1 << 30
"""Of a file whose size the catalogue does not know."""
_BLOCK = 1 << 18
"""Bytes hashed and written at once: small enough for the processor's cache."""
_EVENT_PAUSE = 0.1


class _Wanted(NamedTuple):
    """One download: what, where to, since when (monotonic seconds)."""

    artifact: Artifact
    partial: Partial
    emit: Emit
    stop: Flag
    started: float

    @property
    def subject(self) -> str:
        return f"{self.artifact.tool} {self.artifact.version}"


class Received(NamedTuple):
    """What was written: bytes, and the digest that names its place in the store."""

    size: int
    sha256: str
    seconds: float = 0.0
    """How long it took, with all tries; 0 where nothing was transferred."""


def download(
    artifact: Artifact,
    destination: Path,
    *,
    url: str,
    ca_bundle: Path | None,
    emit: Emit,
    stop: Flag | None = None,
) -> Received:
    """Write the verified file to `destination` (new, mode 0600, on the disk).

    `url` is the artifact's after mirrors were applied. A body that breaks off is gone on with. Set
    in another thread, `stop` ends it with StoppedError. Raises KbootError as `ask` does, and 30
    not the file it should be, 40/41 the disk. `destination` does not exist then.
    """
    # The store names places by sha256, also of a file that its publisher vouches for otherwise.
    algorithms = ("sha256", "sha512") if artifact.sha512 else ("sha256",)
    stop = stop or Flag()
    with Partial(destination, algorithms) as partial:
        wanted = _Wanted(artifact, partial, emit, stop, time.monotonic())

        def receive(at: str, answer: BaseHTTPResponse) -> Received:
            return _receive(wanted, at, answer)

        try:
            return ask(artifact, url, ca_bundle, receive, asking=partial.headers, stop=stop)
        except KbootError as error:
            if error.code is not Exit.INTEGRITY or not partial.resumed:
                raise
        # Parts of two files, it may be: the whole of one decides.
        partial.forget()
        return ask(artifact, url, ca_bundle, receive, stop=stop)


def _receive(wanted: _Wanted, url: str, response: BaseHTTPResponse) -> Received:
    artifact, partial = wanted.artifact, wanted.partial
    if response.status == 416 or (response.status == 206 and not partial.continues(response)):
        partial.forget()
        raise AgainError(failures.bad_status(artifact, url, response.status), 0.0)
    announced = total_of(response)
    if None not in (announced, artifact.size) and announced != artifact.size:
        raise failures.wrong_size(artifact, url, announced)
    needed = artifact.size or announced
    folder = partial.path.parent
    with disk_errors(folder, wanted.subject, needed):
        partial.begin(response)
        require_room(folder, max(0, (needed or 0) - partial.size), wanted.subject)
        return _write(wanted, url, response, needed)


def _write(wanted: _Wanted, url: str, response: BaseHTTPResponse, total: int | None) -> Received:
    partial, told = wanted.partial, 0.0
    limit = wanted.artifact.size or MAX_BYTES
    for block in _blocks(response, wanted.stop):
        if partial.size + len(block) > limit:
            raise failures.wrong_size(wanted.artifact, url, None)
        partial.append(block)
        if time.monotonic() - told >= _EVENT_PAUSE:
            told = _tell(wanted, total)
    _check(wanted.artifact, url, partial.digests(), partial.size)
    partial.keep()
    _tell(wanted, total)
    seconds = time.monotonic() - wanted.started
    return Received(partial.size, partial.digests()["sha256"], seconds)


def _blocks(response: BaseHTTPResponse, stop: Flag) -> Iterator[bytearray]:
    """The body, also what came of it before it broke off. Raises TooSlowError if it trickles."""
    floor = connection.Floor()
    block, yielded = bytearray(), 0.0
    try:
        while piece := response.read1(_BLOCK, decode_content=False):
            if stop.is_set():
                raise StoppedError
            block += piece
            now = time.monotonic()
            if len(block) >= _BLOCK or now - yielded >= _EVENT_PAUSE:
                yield block
                block, yielded = bytearray(), now
            floor.add(len(piece), now)
    except HTTPError:
        yield block
        raise
    yield block


def _tell(wanted: _Wanted, total: int | None) -> float:
    now = time.monotonic()
    seconds = now - wanted.started
    done = wanted.partial.size
    wanted.emit(Event(Happening.DOWNLOAD, wanted.subject, done=done, total=total, seconds=seconds))
    return now


def _check(artifact: Artifact, url: str, found: Mapping[str, str], size: int) -> None:
    algorithm = "sha512" if artifact.sha512 else "sha256"
    expected = artifact.sha512 or artifact.sha256
    if not expected or found[algorithm] != expected or artifact.size not in (None, size):
        raise failures.wrong_file(artifact, url, algorithm, found[algorithm], expected, size)
