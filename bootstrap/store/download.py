"""Fetch one artifact: hashed while it is written, kept only when it is the file it should be."""

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, make_headers

from bootstrap.core.catalogue import Artifact
from bootstrap.core.events import Emit, Event, Happening
from bootstrap.errors import KbootError
from bootstrap.store import failures
from bootstrap.store.connection import credentials, is_passing, open_pool, reason
from bootstrap.store.disk import create, disk_errors, require_room
from bootstrap.store.urls import check_allowed, redirected

TRIES = 3
FIRST_PAUSE = 0.5
"""Seconds; each further one is four times as long."""
MAX_PAUSE = 10.0
"""Seconds, also when the server's Retry-After asks for more."""
MAX_REDIRECTS = 5
MAX_BYTES = 1 << 30
"""Of a file whose size the catalogue does not know."""
_BLOCK = 128 * 1024
_EVENT_PAUSE = 0.1
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 429, 500, 502, 503, 504)


class _AgainError(Exception):
    """This try failed in a way that may pass; `failure` is what to say if it does not."""

    def __init__(self, failure: KbootError, pause: float | None = None) -> None:
        super().__init__(failure.what)
        self.failure = failure
        self.pause = pause


@dataclass(frozen=True)
class _Wanted:
    """One download: what, where from, where to."""

    artifact: Artifact
    url: str
    destination: Path
    emit: Emit

    @property
    def subject(self) -> str:
        return f"{self.artifact.tool} {self.artifact.version}"


def download(
    artifact: Artifact, destination: Path, *, url: str, ca_bundle: Path | None, emit: Emit
) -> int:
    """Write the verified file to `destination` (new, mode 0600, on the disk); its bytes.

    `url` is the artifact's after mirrors were applied. Raises KbootError: 13 not https, 20 not
    reached or broken off, 21 any other answer than the file, 30 not the file it should be, 40/41
    the disk. `destination` does not exist then. The errors leave `state` to the caller.
    """
    wanted = _Wanted(artifact, check_allowed(url), destination, emit)
    for tried in range(1, TRIES + 1):
        try:
            return _try(wanted, ca_bundle)
        except _AgainError as again:
            if tried == TRIES:
                raise failures.after_tries(again.failure, tried) from again.__cause__
            pause = again.pause if again.pause is not None else FIRST_PAUSE * 4 ** (tried - 1)
            time.sleep(min(pause, MAX_PAUSE))
    raise AssertionError("the last try returns or raises")


def _try(wanted: _Wanted, ca_bundle: Path | None) -> int:
    url = wanted.url
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with open_pool(url, ca_bundle) as pool:
                response = _request(pool, url)
                try:
                    if response.status not in _REDIRECTS:
                        return _receive(wanted, url, response)
                    url = redirected(url, response.headers.get("location", ""))
                finally:
                    response.close()
        raise failures.too_many_redirects(wanted.artifact, wanted.url, MAX_REDIRECTS)
    except HTTPError as error:
        failure = failures.unreachable(wanted.artifact, url, reason(error))
        raise (_AgainError(failure) if is_passing(error) else failure) from error


def _request(pool: urllib3.PoolManager, url: str) -> BaseHTTPResponse:
    asked = make_headers(basic_auth=credentials(url), user_agent="kboot")
    return pool.request(
        "GET",
        url,
        headers={**asked, "Accept-Encoding": "identity"},
        redirect=False,
        preload_content=False,
        decode_content=False,
    )


def _receive(wanted: _Wanted, url: str, response: BaseHTTPResponse) -> int:
    artifact = wanted.artifact
    if response.status != 200:
        failure = failures.bad_status(artifact, url, response.status)
        raise (
            _AgainError(failure, _asked_pause(response)) if response.status in _PASSING else failure
        )
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


def _write(wanted: _Wanted, url: str, response: BaseHTTPResponse, total: int | None) -> int:
    limit = wanted.artifact.size or MAX_BYTES
    digest, done, told = hashlib.sha256(), 0, 0.0
    with create(wanted.destination) as file:
        for block in response.stream(_BLOCK, decode_content=False):
            done += len(block)
            if done > limit:
                raise failures.wrong_size(wanted.artifact, url, None)
            digest.update(block)
            file.write(block)
            if time.monotonic() - told >= _EVENT_PAUSE:
                told = _tell(wanted, done, total)
        file.flush()
        _check(wanted.artifact, url, digest.hexdigest(), done)
        os.fsync(file.fileno())
    _tell(wanted, done, total)
    return done


def _tell(wanted: _Wanted, done: int, total: int | None) -> float:
    wanted.emit(Event(Happening.DOWNLOAD, wanted.subject, done=done, total=total))
    return time.monotonic()


def _check(artifact: Artifact, url: str, sha256: str, size: int) -> None:
    if sha256 != artifact.sha256 or artifact.size not in (None, size):
        raise failures.wrong_file(artifact, url, sha256, size)


def _announced(response: BaseHTTPResponse) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _asked_pause(response: BaseHTTPResponse) -> float | None:
    with suppress(InvalidHeader):
        asked = response.headers.get("retry-after")
        return Retry().parse_retry_after(asked) if asked else None
    return None
