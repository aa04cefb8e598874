"""Questions to the API server, over one connection that is kept alive.

Not through kubectl: its tables, waits and validation differ between versions and hang against old
servers, and a process costs 500 times what a request costs.
"""

import json
import math
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Self
from urllib.parse import quote, urlsplit

from bootstrap import __version__
from bootstrap.api.failure import ApiFailure, failure_of, failure_of_proxy, refusal
from bootstrap.api.objects import text
from bootstrap.api.tls import trust
from bootstrap.api.wire import Cut, NotHttp, TooBig, Wire, open_socket, open_tls
from bootstrap.kubeconfig.private import Connection

BODY_LIMIT = 32 << 20
"""Bytes of one answer. The largest that gates read, a list of pods, is a few MiB."""

WRITE_SECONDS = 35.0
"""For an answer to what changes something. An admission webhook may take 30 s, and then the server
still has to say so."""
_WORDS = 1000
"""Characters of what a server says when it refuses. Pod Security names each container and field."""

# What a kept-alive connection does that the server has closed meanwhile.
_STALE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)

_CREATED = (200, 201, 202)
_DELETED = (200, 202, 404, 409)
"""409: it is being deleted already."""
_AT_ONCE = {
    "apiVersion": "v1",
    "kind": "DeleteOptions",
    "gracePeriodSeconds": 0,
    "propagationPolicy": "Background",
}


class Reply(NamedTuple):
    """One answer, whatever its status (401 and 403 are failures instead)."""

    status: int
    body: bytes


class ApiClient:
    """One API server, as one user. A context manager; not for several threads at once."""

    def __init__(
        self, connection: Connection, *, timeout: float, deadline: float = math.inf
    ) -> None:
        """`timeout`: seconds for one request. `deadline`: no request lasts longer than this
        moment of `time.monotonic`; it may be changed between requests."""
        self.deadline = deadline
        self.date = ""
        """The server's clock in its last answer, as HTTP writes it; empty: it does not say."""
        self.connection = connection
        self.timeout = timeout
        self._prefix = quote(urlsplit(connection.server).path.rstrip("/"), safe="/%")
        self._wire: Wire | None = None
        self._ahead: dict[str, Reply] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    @contextmanager
    def asked_ahead(self, paths: Sequence[str]) -> Iterator[None]:
        """GET all of them in one round; inside, each answer waits for the one `get` of its path.

        Raises ApiFailure when the server does not answer.
        """
        moment = min(self.deadline, time.monotonic() + self.timeout)
        answers = self._asked("GET", paths, None, moment)
        self._ahead = dict(zip(paths, answers, strict=False))
        try:
            yield
        finally:
            self._ahead = {}

    def get(self, path: str) -> Reply:
        """The answer to GET `path`. Raises ApiFailure when there is none, and for 401 and 403."""
        return self._answer("GET", path, None)

    def create(self, path: str, thing: Mapping[str, Any]) -> None:
        """POST; that it is there already is well, for an answer may have been lost.

        Raises ApiFailure for any other refusal, with the server's words.
        """
        try:
            reply = self._answer("POST", path, thing)
        except ApiFailure as failure:
            # A webhook that may be passed over is so only after its time.
            if failure.reason == "api-timeout" and self._has(f"{path}/{thing['metadata']['name']}"):
                return
            raise
        if reply.status not in _CREATED and "AlreadyExists" not in reply.body.decode("latin-1"):
            raise _refused("POST", path, reply)

    def _has(self, path: str) -> bool:
        try:
            return self.get(path).status == 200
        except ApiFailure:
            return False

    def merge(self, path: str, change: Mapping[str, Any]) -> None:
        """PATCH, as JSON Merge Patch has it; a thing that is gone is well. Raises ApiFailure."""
        reply = self._answer("PATCH", path, change)
        if reply.status not in (200, 404):
            raise _refused("PATCH", path, reply)

    def delete(self, path: str, seconds: float | None = None) -> None:
        """DELETE at once; that it is not there (any more) is well. Raises ApiFailure.

        `seconds`: how long the answer is waited for; None: as long as admission may take.
        """
        reply = self._answer("DELETE", path, _AT_ONCE, seconds)
        if reply.status not in _DELETED:
            raise _refused("DELETE", path, reply)

    def _answer(
        self,
        method: str,
        path: str,
        thing: Mapping[str, Any] | None,
        seconds: float | None = None,
    ) -> Reply:
        usual = self.timeout if method == "GET" else WRITE_SECONDS
        moment = min(self.deadline, time.monotonic() + (usual if seconds is None else seconds))
        body = None if thing is None else json.dumps(thing).encode()
        ahead = self._ahead.pop(path, None) if method == "GET" else None
        reply = ahead or self._asked(method, (path,), body, moment)[0]
        if self.connection.socket is not None:
            self._refuse_what_the_proxy_says(reply)
        _refuse_unwelcome(reply, self.date)
        return reply

    def _asked(
        self, method: str, paths: Sequence[str], body: bytes | None, moment: float
    ) -> list[Reply]:
        """The first answers, one at least. Raises ApiFailure."""
        began = time.monotonic()
        try:
            return self._ask(method, paths, body, moment)
        except TooBig as error:
            self.close()
            words = f"{method} {paths[0]}: the answer is over {BODY_LIMIT >> 20} MiB"
            raise ApiFailure("api-too-big", words) from error
        except (OSError, NotHttp, Cut) as error:
            self.close()
            raise failure_of(error, self.connection.server, max(0.0, moment - began)) from error
        except BaseException:
            self.close()  # an answer half read must not be taken for the next one
            raise

    def _refuse_what_the_proxy_says(self, reply: Reply) -> None:
        said = reply.body.decode(errors="replace").strip()
        failure = failure_of_proxy(reply.status, said, self.connection.server)
        if failure is not None:
            raise failure

    def get_json(self, path: str) -> dict[str, Any]:
        """The object at `path`. Raises ApiFailure for any status but 200, 404 being
        `api-not-found`, and for a body that is not a JSON object."""
        reply = self.get(path)
        if reply.status != 200:
            reason = "api-not-found" if reply.status == 404 else "api-error"
            raise ApiFailure(reason, f"GET {path}: HTTP {reply.status} {said_by(reply)}".rstrip())
        return as_object(reply, path)

    def _ask(
        self, method: str, paths: Sequence[str], body: bytes | None, moment: float
    ) -> list[Reply]:
        reused = self._wire is not None
        try:
            return self._exchange(method, paths, body, moment)
        except _STALE:
            if not reused:
                raise
        self.close()
        return self._exchange(method, paths, body, moment)

    def _exchange(
        self, method: str, paths: Sequence[str], body: bytes | None, moment: float
    ) -> list[Reply]:
        if self._wire is None:
            self._wire = self._open(moment)
        answers, kept = self._wire.ask(
            [f"{method} {self._prefix}{path}" for path in paths],
            self._headers(method, body),
            body,
            moment=moment,
            limit=BODY_LIMIT,
        )
        if not kept:
            self.close()
        self.date = answers[-1].date
        return [Reply(each.status, each.body) for each in answers]

    def _open(self, moment: float) -> Wire:
        if self.connection.socket is not None:
            return open_socket(self.connection.socket, moment)
        return open_tls(self.connection.server, trust(self.connection), moment)

    def _headers(self, method: str, body: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json, */*", "User-Agent": f"kboot/{__version__}"}
        if body is not None:
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            headers["Content-Type"] = kind
        if self.connection.token:
            headers["Authorization"] = f"Bearer {self.connection.token}"
        return headers


def as_object(reply: Reply, path: str = "") -> dict[str, Any]:
    """The answer's body. Raises ApiFailure when it is not a JSON object."""
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise ApiFailure("api-not-json", f"GET {path}: the answer is not JSON") from error
    if not isinstance(document, dict):
        raise ApiFailure("api-not-json", f"GET {path}: the answer is not an object")
    return document


def said_by(reply: Reply) -> str:
    """The `message` of a Kubernetes Status in the answer, or empty."""
    try:
        return text(json.loads(reply.body), "message", limit=_WORDS)
    except (ValueError, RecursionError):
        return ""


def _refused(method: str, path: str, reply: Reply) -> ApiFailure:
    return refusal(reply.status, said_by(reply) or f"{method} {path}: HTTP {reply.status}")


def _refuse_unwelcome(reply: Reply, date: str) -> None:
    said = said_by(reply) if reply.status in (401, 403) else ""
    # Where anonymous requests are let in (the default since 1.6), being nobody gives 403, not 401.
    if reply.status == 401 or '"system:anonymous"' in said:
        why = f" ({said})" if said not in ("", "Unauthorized") else ""
        words = f"the server does not accept the credentials in the kubeconfig{why}"
        # A lazy point: clocks matter to those who are refused.
        from bootstrap.api.clock import skew

        if apart := skew(date):  # by its clock, a certificate may not be valid yet, or no longer
            raise ApiFailure("clock-skew", f"{words}, and its clock is {apart}")
        raise ApiFailure("api-unauthorized", words)
    if reply.status == 403:
        raise refusal(403, said or "the server forbids it")
