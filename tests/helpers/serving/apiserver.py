"""An API server in this process: real sockets, real TLS, the documents that real ones answered."""

import contextlib
import functools
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import trustme

from bootstrap.kubeconfig.private import Connection
from tests.helpers.places import TRANSCRIPTS

TOKEN = "a-token-of-the-tests"


class Document(NamedTuple):
    status: int
    body: bytes
    kind: str = "application/json"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "ApiServer"

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        if self.server.hung.is_set():
            self.server.released.wait()
        found = self.server.documents.get(self.path.partition("?")[0], NOT_FOUND)
        if not self.known():
            found = UNAUTHORIZED
        if callable(found):
            found(self)
        else:
            self.answer(found)

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        self.server.requests.append(f"{self.command} {path}")
        said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        known = self.known()
        answer = self.server.change(self.command, path, json.loads(said)) if known else UNAUTHORIZED
        if answer is None:
            self.close_connection = True  # it was done, and its answer is lost
        else:
            self.answer(answer)

    do_DELETE = do_PATCH = do_POST

    def known(self) -> bool:
        """As 1.9 with anonymous requests off: a client certificate or the token, else 401."""
        certificate = isinstance(self.connection, ssl.SSLSocket) and self.connection.getpeercert()
        return bool(certificate) or self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def answer(self, document: Document) -> None:
        self.send_response(document.status)
        self.send_header("Content-Type", document.kind)
        self.send_header("Content-Length", str(len(document.body)))
        self.end_headers()
        self.wfile.write(document.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(int(time.time()) + self.server.clock_off)

    def log_message(self, format: str, *args: Any) -> None:
        pass


Answer = Document | Callable[[Handler], None]


class ApiServer(ThreadingHTTPServer):
    """`documents` may be changed while it runs. `connections` counts those made so far."""

    daemon_threads = False

    def __init__(self, tls: ssl.SSLContext | None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.tls = tls
        self.documents: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.connections = 0
        self.clock_off = 0
        """Seconds by which its clock is ahead."""
        self.hung = threading.Event()
        self.released = threading.Event()
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"

    def change(self, method: str, path: str, thing: Any) -> Document | None:
        """Of POST, PATCH, DELETE: nothing here (`acting_api` does). None: no answer."""
        return as_json({"message": f"{method} is not scripted"}, 405)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as wrapped:
            self._open.add(wrapped)
            try:
                super().finish_request(wrapped, client_address)
            finally:
                self._open.discard(wrapped)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up, or do not like the certificate, are what the tests are about."""

    def drop_connections(self) -> None:
        """End every open connection without a word, as a server that restarts."""
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def running(server: ApiServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.released.set()
        server.drop_connections()
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None, port: int = 0) -> Iterator[ApiServer]:
    server = ApiServer(tls, port)
    with running(server):
        yield server


@dataclass(frozen=True)
class Identity:
    """A CA, and the files of a client that it knows."""

    ca: trustme.CA
    client: trustme.LeafCert
    ca_file: str
    client_file: str
    key_file: str

    def server_tls(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (certificate or self.ca.issue_cert("127.0.0.1")).configure_cert(context)
        self.ca.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def connection(self, server: str) -> Connection:
        return Connection(
            server,
            ca_file=self.ca_file,
            certificate_file=self.client_file,
            key_file=self.key_file,
        )


def new_identity(folder: Path) -> Identity:
    ca = trustme.CA()
    client = ca.issue_cert("kboot@tests.example")
    ca.cert_pem.write_to_path(folder / "ca.crt")
    client.cert_chain_pems[0].write_to_path(folder / "client.crt")
    client.private_key_pem.write_to_path(folder / "client.key")
    files = (str(folder / name) for name in ("ca.crt", "client.crt", "client.key"))
    return Identity(ca, client, *files)


def as_json(document: object, status: int = 200) -> Document:
    return Document(status, json.dumps(document).encode())


@functools.cache
def transcript(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((TRANSCRIPTS / file).read_text())
    return found


def recorded(case: str) -> Document:
    """What the real API server 1.9.0 answered to curl."""
    head, _, body = (
        transcript("apiserver-v1.9.0.json")[case]["out"].replace("\r\n", "\n").partition("\n\n")
    )
    assert body, case
    kind = next(line for line in head.splitlines() if line.lower().startswith("content-type:"))
    return Document(int(head.split()[1]), body.encode(), kind.partition(":")[2].strip())


def printed(file: str, case: str) -> Any:
    """The JSON that a real kubectl printed of a real cluster's objects."""
    return json.loads(transcript(file)[case]["out"])


UNAUTHORIZED = recorded("anon-healthz")
NOT_FOUND = recorded("cert-readyz")

SYSTEM = "/namespaces/kube-system"
KUBECTL_1_9 = "kubectl-v1.9.3-with-kubernetes-1.9.json"


def deployment(name: str, **status: Any) -> dict[str, Any]:
    """The recorded one of 1.9 (2 replicas, all available) under another name."""
    found: dict[str, Any] = printed(KUBECTL_1_9, "ok-get-deploy-json")
    found["metadata"] |= {"name": name, "labels": {"k8s-app": "kube-dns"}}
    found["status"] |= status
    return found


def statefulset(name: str, **status: Any) -> dict[str, Any]:
    found: dict[str, Any] = printed(KUBECTL_1_9, "ok-get-sts-json")
    found["metadata"]["name"] = name
    found["status"] |= status
    return found


def healthy_1_9() -> dict[str, Answer]:
    """As localkube 1.9.0 was seen; DNS and a StatefulSet beside it as 1.9 wrote such objects."""
    account = {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
    namespace = {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "a-uid"}}
    return {
        "/version": recorded("cert-version"),
        "/healthz": recorded("cert-healthz"),
        "/readyz": recorded("cert-readyz"),
        "/api": recorded("cert-api"),
        "/apis/apps": as_json(printed(KUBECTL_1_9, "raw-apis-apps")),
        "/api/v1/nodes": as_json(printed(KUBECTL_1_9, "get-nodes-json")),
        f"/api/v1{SYSTEM}": as_json(namespace),
        f"/apis/apps/v1{SYSTEM}/deployments": as_json({"items": [deployment("kube-dns")]}),
        f"/apis/apps/v1{SYSTEM}/statefulsets": as_json({"items": [statefulset("store")]}),
        f"/apis/apps/v1{SYSTEM}/daemonsets": as_json({"items": None}),
        f"/api/v1{SYSTEM}/pods": as_json({"items": None}),
        f"/api/v1{SYSTEM}/services": as_json({"items": None}),
        "/api/v1/namespaces/default/serviceaccounts/default": as_json(account),
    }


def healthy_1_20() -> dict[str, Answer]:
    """The version, nodes and /readyz that the real Kubernetes 1.20.2 answered."""
    file = "cluster-1.20.2.json"
    version = printed(file, "v1.20.0/version-json")["serverVersion"]
    ready = transcript(file)["v1.20.0/readyz-verbose"]["out"]
    apps = {"versions": [{"groupVersion": "apps/v1", "version": "v1"}]}
    return healthy_1_9() | {
        "/version": as_json(version),
        "/readyz": Document(200, ready.encode(), "text/plain"),
        "/apis/apps": as_json(apps),
        "/api/v1/nodes": as_json(printed(file, "v1.20.0/nodes-json")),
    }


def without_credentials(connection: Connection) -> Connection:
    return connection._replace(certificate_file=None, key_file=None)
