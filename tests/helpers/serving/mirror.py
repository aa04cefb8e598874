"""An HTTPS server on loopback that serves given files at their publishers' paths, or fails to.

Faults wait in a queue for each path; a request takes one, and with none left is served well.
"""

import argparse
import contextlib
import http.server
import os
import re
import signal
import socket
import ssl
import struct
import sys
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, Self, TextIO, cast

import trustme


class Fault(NamedTuple):
    """What goes wrong with one answer. Offsets and lengths are in bytes.

    `status` is answered, with `headers` and `body`, in place of the file. `reset` resets the
    connection, before any answer or, with `cut`, within the body; `cut` alone ends it there.
    `flip` inverts the byte at this offset of the file. `length_error` is added to Content-Length,
    while the body stays whole; `unannounced` sends none, and the connection's end ends the body.
    `stall` waits so many seconds, or until `Mirror.release` is
    set, before the answer or, with `stall_at`, within the body.
    """

    status: int | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""
    reset: bool = False
    cut: int | None = None
    flip: int | None = None
    length_error: int = 0
    unannounced: bool = False
    stall: float = 0
    stall_at: int | None = None


class Request(NamedTuple):
    method: str
    path: str
    status: int  # 0 when the connection was reset before an answer
    range: str = ""


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, tls: ssl.SSLContext, mirror: "Mirror") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mirror = mirror
        # The handshake comes with the first read, so a slow client holds up only its own thread.
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def verify_request(self, request: object, client_address: object) -> bool:
        self.mirror.connections += 1
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is not this server's error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        mirror, path = self.server.mirror, self.path.partition("?")[0]
        fault = mirror.next_fault(path)
        if fault.stall_at is None:
            mirror.release.wait(fault.stall)
        if fault.reset and fault.cut is None:
            self.log_request(0)
            self._reset()
        elif fault.status:
            self._answer(fault.status, len(fault.body), fault.headers)
            if self.command != "HEAD":
                self.wfile.write(fault.body)
        else:
            with mirror.files[path].open("rb") as file:
                self._serve(file, fault)

    do_HEAD = do_GET

    def _serve(self, file: BinaryIO, fault: Fault) -> None:
        size = file.seek(0, os.SEEK_END)
        tag = self.server.mirror.etag_of(file)
        fresh = self.headers.get("If-Range", tag) == tag
        wanted = fresh and re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        end = min(size, int(wanted[2]) + 1) if wanted and wanted[2] else size
        if wanted and start >= end:
            self._answer(416, 0, {"Content-Range": f"bytes */{size}"})
            return
        headers = {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        if tag:
            headers["ETag"] = tag
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        length = None if fault.unannounced else end - start + fault.length_error
        self._answer(206 if wanted else 200, length, headers)
        if self.command != "HEAD":
            self._send(file, start, end, fault)

    def _send(self, file: BinaryIO, start: int, end: int, fault: Fault) -> None:
        pauses = {start + at for at in (fault.stall_at, fault.cut) if at is not None}
        file.seek(start)
        for stop in sorted(pauses | set(range(start, end, 65536)) | {end}):
            at = file.tell()
            chunk = bytearray(file.read(stop - at))
            if fault.flip is not None and at <= fault.flip < stop:
                chunk[fault.flip - at] ^= 0xFF
            self.wfile.write(chunk)
            if self.server.mirror.rate:
                time.sleep(len(chunk) / self.server.mirror.rate)
            if fault.stall_at == stop - start:
                self.server.mirror.release.wait(fault.stall)
            if fault.cut == stop - start:
                break
        ends_it = fault.length_error or fault.unannounced or fault.cut is not None
        self.close_connection |= bool(ends_it)
        if fault.reset:
            self._reset()

    def _answer(self, status: int, length: int | None, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        size = {} if length is None else {"Content-Length": str(length)}
        for name, value in {**headers, **size}.items():
            self.send_header(name, value)
        self.end_headers()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A mere close would wait for the handler's own files, and send a FIN first.
        os.close(self.connection.detach())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        asked = self.headers.get("Range", "")
        self.server.mirror.record(Request(self.command, self.path, int(code), asked))

    def log_message(self, format: str, *args: object) -> None:
        """Only requests are recorded."""


class Mirror:
    """Serves `files`, request path → file, from `with` to its end; `log` gets a line a request.

    Its certificate is for `names` and ends at `not_after` (none given: in the far future).
    `requests` has what was answered or reset, `asked` the paths of all that came, and
    `connections` counts also those that came to nothing. `rate` limits each connection to so many
    bytes a second. `etag` set replaces the one made from size and time of change; empty: none is
    sent.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        log: TextIO | None = None,
        *,
        names: Sequence[str] = ("127.0.0.1", "localhost"),
        not_after: datetime | None = None,
        rate: float = 0,
    ) -> None:
        self.rate, self.etag = rate, cast(str | None, None)
        self.on_request: Callable[[int], None] = lambda number: None
        """Called after each answer's first line with how many requests there were."""
        self.files, self.requests, self.release = dict(files), list[Request](), threading.Event()
        self.asked, self.connections = list[str](), 0
        self._names, self._not_after = names, not_after
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._log = log

    def __enter__(self) -> Self:
        authority = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*self._names, not_after=self._not_after).configure_cert(tls)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            self.ca_file = Path(folder, "ca.pem")
            authority.cert_pem.write_to_path(str(self.ca_file))
            server = stack.enter_context(_Server(tls, self))
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            for step in (thread.join, server.shutdown, self.release.set):
                stack.callback(step)
            self._stack = stack.pop_all()
        self.url = f"https://127.0.0.1:{server.server_port}"
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def fault(self, path: str, *faults: Fault) -> None:
        """Add these to the queue of `path`."""
        self._faults[path].extend(faults)

    def next_fault(self, path: str) -> Fault:
        self.asked.append(path)
        if queue := self._faults[path]:
            return queue.popleft()
        return Fault() if path in self.files else Fault(status=404)

    def etag_of(self, file: BinaryIO) -> str:
        if self.etag is not None:
            return self.etag
        seen = os.fstat(file.fileno())
        return f'"{seen.st_size:x}-{seen.st_mtime_ns:x}"'

    def record(self, request: Request) -> None:
        self.requests.append(request)
        self.on_request(len(self.requests))
        if self._log:
            self._log.write("{} {} {}\n".format(*request))


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve files over HTTPS on loopback.")
    parser.add_argument("--serve", action="append", required=True, metavar="PATH=FILE")
    for option, meaning in {"url-file": "URL", "ca-file": "CA", "log": "requests"}.items():
        parser.add_argument(f"--{option}", type=Path, required=True, help=f"gets the {meaning}")
    parser.add_argument("--rate", type=float, default=0, help="bytes a second of a connection")
    given = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, ended := {signal.SIGTERM, signal.SIGINT})
    files = {path: Path(file) for path, _, file in (item.partition("=") for item in given.serve)}
    with given.log.open("w", buffering=1) as log, Mirror(files, log, rate=given.rate) as mirror:
        given.ca_file.write_bytes(mirror.ca_file.read_bytes())
        staged = Path(f"{given.url_file}.partial")
        staged.write_text(f"{mirror.url}\n")
        staged.replace(given.url_file)
        signal.sigwait(ended)


if __name__ == "__main__":
    main()
