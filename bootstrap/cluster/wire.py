"""HTTP to a `kubectl proxy` on a Unix socket, and what it says when its server is not reached."""

import http.client
import math
import re
import socket
from typing import Any

from bootstrap.cluster.failure import ApiFailure
from bootstrap.cluster.tls import seconds_left


class _TimedSocket(socket.socket):
    """Every wait ends at `moment`: an answer that drips cannot extend it."""

    moment = math.inf

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(seconds_left(self.moment))
        return super().recv_into(*arguments, **options)


class SocketConnection(http.client.HTTPConnection):
    """`moment` of `time.monotonic`: when the request under way is given up."""

    def __init__(self, path: str) -> None:
        # kubectl proxy refuses other names than localhost, so that no web page can use it.
        super().__init__("localhost")
        self._path = path
        self._moment = math.inf

    @property
    def moment(self) -> float:
        return self._moment

    @moment.setter
    def moment(self, moment: float) -> None:
        self._moment = moment
        if isinstance(self.sock, _TimedSocket):
            self.sock.moment = moment
            self.sock.settimeout(seconds_left(moment))

    def connect(self) -> None:
        wire = _TimedSocket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.moment = self._moment
        wire.settimeout(seconds_left(self._moment))
        try:
            wire.connect(self._path)
        except BaseException:
            wire.close()
            raise
        self.sock = wire


# In Go's words, from the most to the least telling. kubectl passes them on as the body of a 502
# (or 500, or 503) of its own; an API server's have JSON, or the checks of /readyz.
_SAID = (
    (r"getting credentials: |exec plugin|auth provider", "api-credentials"),
    (r"x509: .*(expired or is not yet valid)", "api-certificate-expired"),
    (
        r"x509: certificate (is valid for|is not valid)|x509: cannot validate",
        "api-certificate-name",
    ),
    (r"x509: ", "api-unknown-ca"),
    (r"server gave HTTP response to HTTPS client", "api-plain-http"),
    (r"connection refused", "api-refused"),
    (r"no such host", "api-no-such-host"),
    (r"i/o timeout|TLS handshake timeout|deadline exceeded", "api-timeout"),
    (r"EOF|connection reset", "api-reset"),
    (r"dial tcp|proxyconnect|tls: |net/http", "api-unreachable"),
)


def failure_of_proxy(status: int, said: str, server: str) -> ApiFailure | None:
    """Why kubectl did not reach `server`; None where the answer is the server's."""
    if status not in (500, 502, 503) or said.startswith(("{", "[")):
        return None
    for pattern, reason in _SAID:
        if re.search(pattern, said):
            return ApiFailure(reason, f"{server}: {said[:500]}")
    return (
        ApiFailure("api-unreachable", f"{server}: {said[:500] or 'no word'}")
        if status == 502
        else None
    )
