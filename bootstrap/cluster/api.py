"""Questions to the API server, over one connection that is kept alive.

Not through kubectl: its tables, waits and validation differ between versions and hang against old
servers, and a process costs 500 times what a request costs.
"""

import http.client
import json
import math
import ssl
import time
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from bootstrap import __version__
from bootstrap.cluster.failure import ApiFailure, failure_of
from bootstrap.cluster.kubeconfig import Connection
from bootstrap.cluster.objects import text
from bootstrap.cluster.tls import TimedContext, seconds_left, trust

BODY_LIMIT = 32 << 20
"""Bytes of one answer. The largest that gates read, a list of pods, is a few MiB."""

# What a kept-alive connection does that the server has closed meanwhile.
_STALE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclass(frozen=True)
class Reply:
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
        self._timeout = timeout
        self._connection = connection
        self._prefix = urlsplit(connection.server).path.rstrip("/")
        self._tls: TimedContext | None = None
        self._http: http.client.HTTPSConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def get(self, path: str) -> Reply:
        """The answer to GET `path`. Raises ApiFailure when there is none, and for 401 and 403."""
        began = time.monotonic()
        moment = min(self.deadline, began + self._timeout)
        try:
            reply = self._ask(path, moment)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise failure_of(error, self._connection.server, max(0.0, moment - began)) from error
        except BaseException:
            self.close()  # an answer half read must not be taken for the next one
            raise
        _refuse_unwelcome(reply)
        return reply

    def get_json(self, path: str) -> dict[str, Any]:
        """The object at `path`. Raises ApiFailure for any status but 200, 404 being
        `api-not-found`, and for a body that is not a JSON object."""
        reply = self.get(path)
        if reply.status != http.HTTPStatus.OK:
            reason = "api-not-found" if reply.status == http.HTTPStatus.NOT_FOUND else "api-error"
            raise ApiFailure(reason, f"GET {path}: HTTP {reply.status} {said_by(reply)}".rstrip())
        try:
            document = json.loads(reply.body)
        except (ValueError, RecursionError) as error:
            raise ApiFailure("api-not-json", f"GET {path}: the answer is not JSON") from error
        if not isinstance(document, dict):
            raise ApiFailure("api-not-json", f"GET {path}: the answer is not an object")
        return document

    def _ask(self, path: str, moment: float) -> Reply:
        reused = self._http is not None and self._http.sock is not None
        try:
            return self._exchange(path, moment)
        except _STALE:
            if not reused:
                raise
        self.close()
        return self._exchange(path, moment)

    def _exchange(self, path: str, moment: float) -> Reply:
        if self._tls is None:
            self._tls = trust(self._connection)
        self._tls.moment = moment
        if self._http is None:
            address = urlsplit(self._connection.server)
            self._http = http.client.HTTPSConnection(
                address.hostname or "", address.port or 443, context=self._tls
            )
        self._http.timeout = seconds_left(moment)
        self._http.request("GET", self._prefix + path, headers=self._headers())
        with self._http.getresponse() as response:
            return Reply(response.status, _body(response, path))

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json, */*", "User-Agent": f"kboot/{__version__}"}
        if self._connection.token:
            headers["Authorization"] = f"Bearer {self._connection.token}"
        return headers


def said_by(reply: Reply) -> str:
    """The `message` of a Kubernetes Status in the answer, or empty."""
    try:
        return text(json.loads(reply.body), "message")
    except (ValueError, RecursionError):
        return ""


def _refuse_unwelcome(reply: Reply) -> None:
    said = said_by(reply) if reply.status in (401, 403) else ""
    # Where anonymous requests are let in (the default since 1.6), being nobody gives 403, not 401.
    if reply.status == 401 or '"system:anonymous"' in said:
        why = f" ({said})" if said not in ("", "Unauthorized") else ""
        words = f"the server does not accept the credentials in kboot's kubeconfig{why}"
        raise ApiFailure("api-unauthorized", words)
    if reply.status == 403:
        raise ApiFailure("api-forbidden", said or "the server forbids it")


def _body(response: http.client.HTTPResponse, path: str) -> bytes:
    # Only read() without a limit notices a body that ends before its Content-Length.
    known = response.length
    if known is None:
        body = response.read(BODY_LIMIT + 1)
    else:
        body = response.read() if known <= BODY_LIMIT else b""
    if max(known or 0, len(body)) > BODY_LIMIT:
        raise ApiFailure("api-too-big", f"GET {path}: the answer is over {BODY_LIMIT >> 20} MiB")
    return body
