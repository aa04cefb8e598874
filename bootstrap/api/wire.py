"""HTTP/1.1 on one open connection: questions, their answers, the next questions.

Not through http.client, which loads the mail parser to read headers: a tenth of all that a run
with nothing to do costs (decision 16).
"""

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

HEAD_LIMIT = 64 << 10
"""Bytes of an answer's headers. A real API server's have less than one KiB."""
_CHUNK = 256 << 10


class NotHttp(Exception):
    """What came is not an answer of HTTP/1."""


class Cut(Exception):
    """The connection ended before the answer did."""


class TooBig(Exception):
    """The answer's body is over the limit."""


class Answer(NamedTuple):
    status: int
    date: str
    """The server's clock, as HTTP writes it; empty: it does not say."""
    body: bytes


class Wire:
    """One connection to `host` (as in HTTP's header). Whoever opened it closes it."""

    def __init__(self, stream: socket.socket, host: str) -> None:
        self._stream = stream
        self._host = host

    def close(self) -> None:
        self._stream.close()

    def ask(
        self,
        requests: Sequence[str],
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        moment: float,
        limit: int,
    ) -> tuple[list[Answer], bool]:
        """The answers to `requests` (as "GET /version"), and whether the connection is kept.

        All are sent before the first answer is read. Fewer answers than requests: what was wrong
        came behind these. `moment` of `time.monotonic`: until then, however the
        server behaves. `limit`: bytes of one body. Raises OSError, and NotHttp, Cut or TooBig; the
        connection is of no use then.
        """
        given = {"Host": self._host, **headers}
        self._stream.settimeout(seconds_left(moment))
        self._stream.sendall(b"".join(_encoded(each, given, body) for each in requests))
        reading = _Reading(len(requests), limit)
        try:
            while not reading.complete:
                self._stream.settimeout(seconds_left(moment))
                reading.feed(self._stream.recv(_CHUNK))
        except (OSError, NotHttp, Cut, TooBig):
            if not reading.answers:
                raise
            return reading.answers, False
        return reading.answers, reading.kept


def open_tls(server: str, context: ssl.SSLContext, moment: float) -> Wire:
    """To the server of that address, within the time until `moment`. Raises OSError."""
    address = urlsplit(server)
    name = _encoded_name(address.hostname or "")
    where: Any = (name, address.port or 443)  # typeshed knows only of text
    stream = socket.create_connection(where, seconds_left(moment))
    try:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        secure = context.wrap_socket(stream, server_hostname=name, do_handshake_on_connect=False)
    except BaseException:
        stream.close()
        raise
    try:
        secure.settimeout(seconds_left(moment))
        secure.do_handshake()
    except BaseException:
        secure.close()
        raise
    return Wire(secure, address.netloc.rpartition("@")[2])


def open_socket(path: str, moment: float) -> Wire:
    """To a `kubectl proxy`, within the time until `moment`. Raises OSError."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.settimeout(seconds_left(moment))
        stream.connect(path)
    except BaseException:
        stream.close()
        raise
    # kubectl proxy refuses other names, so that no web page can use it.
    return Wire(stream, "localhost")


def seconds_left(moment: float) -> float:
    """Until `moment` of `time.monotonic`. Raises TimeoutError when it has passed."""
    left = moment - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _encoded_name(host: str) -> bytes:
    """Python's sockets would load their tables of international names for any text."""
    return host.encode("ascii" if host.isascii() else "idna")


def _encoded(request: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    lines = [f"{request} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode("ascii") + (body or b"")


class _Reading:
    """Answers, as they come. httptools calls what begins with `on_`, for what follows them too."""

    def __init__(self, wanted: int, limit: int) -> None:
        self.answers: list[Answer] = []
        self.kept = True
        self._wanted = wanted
        self._limit = limit
        self._begin()
        self._parser = HttpResponseParser(self)

    @property
    def complete(self) -> bool:
        """No more is to be read: all answers are there, or the server keeps the rest to itself."""
        return len(self.answers) == self._wanted or not self.kept

    def _begin(self) -> None:
        self._begun = False
        self._status = 0
        self._date = ""
        self._body: list[bytes] = []
        self._head = 0
        """Bytes that came while headers were read."""
        self._in_body = False
        self._end_is_told = False
        self._announced = 0
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Some of the answers; nothing: the connection has ended."""
        if not data:
            self._end()
            return
        self._head += 0 if self._in_body else len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                raise NotHttp(str(error)) from error
            self.kept = False  # what came behind the answer belongs to nothing
        if not self._in_body and not self.complete and self._head > HEAD_LIMIT:
            raise NotHttp(f"its headers are over {HEAD_LIMIT >> 10} KiB")
        if max(self._announced, self._size) > self._limit:
            raise TooBig

    def _end(self) -> None:
        self.kept = False
        if self._begun:
            if not self._in_body or self._end_is_told:
                raise Cut
            self._take()  # its end is the connection's
        elif not self.answers:
            raise ConnectionResetError

    def _take(self) -> None:
        self.answers.append(Answer(self._status, self._date, b"".join(self._body)))
        self._begin()

    def on_message_begin(self) -> None:
        if self.complete:
            self.kept = False
            return
        self._begin()
        self._begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.complete:
            return
        match name.lower():
            case b"date":
                self._date = value.decode("latin-1")
            case b"content-length":
                self._end_is_told = True
                # Python refuses thousands of digits; so many bytes are too many in any case.
                self._announced = int(value[:18])
            case b"transfer-encoding":
                self._end_is_told = True

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        self._status = self._parser.get_status_code()
        self._in_body = self._status >= 200  # before it, another answer follows

    def on_body(self, data: bytes) -> None:
        if self.complete:
            return
        self._body.append(data)
        self._size += len(data)

    def on_message_complete(self) -> None:
        if self._status >= 200 and not self.complete:
            kept = self._parser.should_keep_alive()
            self._take()
            self.kept = kept
