"""Ask a server for one file: follow redirects, try again what may pass, say the rest at once."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag
from typing import TypeVar

import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader, LocationParseError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, make_headers

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.values.masking import mask
from bootstrap.errors import KbootError
from bootstrap.store.fetch import failures
from bootstrap.store.fetch.connection import credentials, is_passing, open_pool, reason
from bootstrap.store.fetch.urls import check_allowed, redirected

TRIES = 3
FIRST_PAUSE = 0.5
"""Seconds; each further one is four times as long."""
MAX_PAUSE = 10.0
"""Seconds, also when the server's Retry-After asks for more."""
MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 429, 500, 502, 503, 504)

T = TypeVar("T")
Receive = Callable[[str, BaseHTTPResponse], T]
"""Reads the body of a 200 answer, or of a 206 or 416 to a Range that was asked for; gets the URL
that gave it, after redirects. May raise AgainError."""
Asking = Callable[[], Mapping[str, str]]
"""Headers of the next request: Range and If-Range, or none."""


class StoppedError(Exception):
    """Another thread said to stop."""


class AgainError(Exception):
    """This try failed in a way that may pass; `failure` is what to say if it does not."""

    def __init__(self, failure: KbootError, pause: float | None = None) -> None:
        super().__init__(failure.what)
        self.failure = failure
        self.pause = pause


def _whole() -> Mapping[str, str]:
    return {}


def ask(
    artifact: Artifact,
    url: str,
    ca_bundle: Path | None,
    receive: Receive[T],
    *,
    asking: Asking = _whole,
    stop: Flag | None = None,
) -> T:
    """What `receive` makes of the answer.

    Raises KbootError: 13 not https, 20 not reached or broken off, 21 any other answer than 200 (or
    206 to a Range), and what `receive` raises; StoppedError when `stop` is set between two tries.
    The errors leave `state` to the caller.
    """
    check_allowed(url)
    stop = stop or Flag()
    for tried in range(1, TRIES + 1):
        try:
            return _try(artifact, url, ca_bundle, receive, asking())
        except AgainError as again:
            if tried == TRIES:
                raise failures.after_tries(again.failure, tried) from again.__cause__
            pause = again.pause if again.pause is not None else FIRST_PAUSE * 4 ** (tried - 1)
            if stop.wait(min(pause, MAX_PAUSE)):
                raise StoppedError from None
    raise AssertionError("the last try returns or raises")


def _try(
    artifact: Artifact,
    asked: str,
    ca_bundle: Path | None,
    receive: Receive[T],
    headers: Mapping[str, str],
) -> T:
    url = asked
    expected = (200, 206, 416) if headers else (200,)
    try:
        for _ in range(MAX_REDIRECTS + 1):
            with open_pool(url, ca_bundle) as pool:
                response = _request(pool, url, headers)
                try:
                    if response.status in expected:
                        return receive(url, response)
                    if response.status not in _REDIRECTS:
                        raise _refused(artifact, url, response)
                    url = redirected(url, response.headers.get("location", ""))
                finally:
                    response.close()
        raise failures.too_many_redirects(artifact, asked, MAX_REDIRECTS)
    except HTTPError as error:
        failure = failures.unreachable(artifact, url, reason(error))
        raise (AgainError(failure) if is_passing(error) else failure) from error


def _request(pool: urllib3.PoolManager, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
    asked = make_headers(basic_auth=credentials(url), user_agent="kboot")
    try:
        return pool.request(
            "GET",
            url,
            headers={**asked, **headers, "Accept-Encoding": "identity"},
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
    except HTTPError:
        raise
    except ValueError as error:  # a host or path of characters that no request can have
        raise LocationParseError(mask(url)) from error


def _refused(artifact: Artifact, url: str, response: BaseHTTPResponse) -> Exception:
    failure = failures.bad_status(artifact, url, response.status)
    passes = response.status in _PASSING
    return AgainError(failure, _asked_pause(response)) if passes else failure


def _asked_pause(response: BaseHTTPResponse) -> float | None:
    """None where it asks for none, or for one that is no time: any year, any number of digits."""
    with suppress(InvalidHeader, ValueError, OverflowError):
        asked = response.headers.get("retry-after")
        return Retry().parse_retry_after(asked) if asked else None
    return None
