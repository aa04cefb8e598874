"""An API server that answers GETs with recorded bodies, over TLS, and knows nothing else.

Differences from the real one: HTTP/1.1 only; a client certificate of a foreign authority ends the
handshake instead of giving 401; what was not recorded is 501 with a text that says so.
"""

import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from .recorded_bodies import NOW, Answer, anonymous_1_9, answers, json_answer, now

LIFETIME_SECONDS = 1800
HARMLESS = {"limit", "pretty", "resourceVersion", "timeout", "timeoutSeconds", "verbose"}


class Cluster(NamedTuple):
    answers: dict[str, Answer]
    anonymous: frozenset[str]
    refusal: Answer


def serve(folder: str, era: str, port: str, ca: str, certificates: str, fault: str) -> None:
    """Listen on 127.0.0.1, say so on stdout, serve until killed or the folder is gone."""
    cluster = _cluster(era, int(port), fault)
    server = _Server(("127.0.0.1", int(port)), _Handler)
    server.cluster = cluster
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(f"{certificates}/apiserver.crt", f"{certificates}/apiserver.key")
    server.tls.load_verify_locations(ca)
    server.tls.verify_mode = ssl.CERT_OPTIONAL
    threading.Thread(target=_end_with, args=(Path(folder),), daemon=True).start()
    os.write(1, b"listening\n")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    server.serve_forever()


def _cluster(era: str, port: int, fault: str) -> Cluster:
    found = answers(era, port, images_missing=fault == "addons-image-missing")
    if era == "v0.25":  # recorded: anonymous requests are off, every path is 401
        return Cluster(found, frozenset(), anonymous_1_9())
    # Not recorded: since 1.14 these are open to all, the rest is forbidden to system:anonymous.
    public = frozenset({"/healthz", "/livez", "/readyz", "/version"})
    return Cluster(found, public, _status(403, "Forbidden", 'User "system:anonymous" cannot'))


def _status(code: int, reason: str, message: str) -> Answer:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return json_answer(body | {"message": message, "reason": reason, "code": code}, code)


def _end_with(folder: Path) -> None:
    deadline = time.monotonic() + LIFETIME_SECONDS
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.5)
    os._exit(0)


class _Server(ThreadingHTTPServer):
    cluster: Cluster
    tls: ssl.SSLContext
    daemon_threads = True
    request_queue_size = 64

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake runs in the connection's own thread: a mute client delays nobody."""
        request.settimeout(60)
        try:
            with self.tls.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:
            return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._send(self._answer())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return lambda: self._send(_status(501, "NotRecorded", f"{name[3:]}: only GET"))
        raise AttributeError(name)

    def _answer(self) -> Answer:
        parts = urlsplit(self.path)
        cluster = self.server.cluster
        assert isinstance(self.connection, ssl.SSLSocket)
        if not self.connection.getpeercert() and parts.path not in cluster.anonymous:
            return cluster.refusal
        if self.path in cluster.answers:  # with its query
            return cluster.answers[self.path]
        if parts.path.startswith("/apis/coordination.k8s.io/"):  # nodes have no leases before 1.13
            return _status(404, "NotFound", "the server could not find the requested resource")
        unknown = set(parse_qs(parts.query, keep_blank_values=True)) - HARMLESS
        if unknown:
            return _status(501, "NotRecorded", f"stand-in: no answer for {sorted(unknown)}")
        found = cluster.answers.get(parts.path)
        missing = f"stand-in: nothing recorded for {parts.path}"
        return found or _status(501, "NotRecorded", missing)

    def _send(self, answer: Answer) -> None:
        body = answer.body.replace(NOW.encode(), now().encode())
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Date", self.date_time_string())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep one line per request beside the record."""
        certified = isinstance(self.connection, ssl.SSLSocket) and self.connection.getpeercert()
        line = {"request": format % args, "certificate": bool(certified)}
        print(json.dumps(line), file=sys.stderr, flush=True)
