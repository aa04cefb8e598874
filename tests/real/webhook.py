"""An admission webhook on this machine: a real HTTPS server, which answers as a test wants."""

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]
Answer = Callable[[Json, threading.Event], Json]
"""What it says to an object; the event is set when the test is over."""


class Hook(NamedTuple):
    url: str
    authority: bytes
    """The certificate of its CA."""


def refuses(message: str) -> Answer:
    return lambda thing, over: {"allowed": False, "status": {"message": message}}


def sleeps(seconds: float) -> Answer:
    def answer(thing: Json, over: threading.Event) -> Json:
        over.wait(seconds)
        return {"allowed": True}

    return answer


def changes(change: Callable[[Json], object]) -> Answer:
    """`change` does to the object what the cluster is to have instead."""

    def answer(thing: Json, over: threading.Event) -> Json:
        change(thing)
        patch = json.dumps([{"op": "replace", "path": f"/{key}", "value": thing[key]}
                            for key in ("metadata", "spec") if key in thing])  # fmt: skip
        encoded = base64.b64encode(patch.encode()).decode()
        return {"allowed": True, "patchType": "JSONPatch", "patch": encoded}

    return answer


@contextmanager
def answering(here: str, folder: Path, answer: Answer) -> Iterator[Hook]:
    """At the address `here`."""
    key, certificate = folder / "hook.key", folder / "hook.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=hook", "-addext", f"subjectAltName=IP:{here}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    over = threading.Event()

    class Answers(_Answers):
        def say(self, thing: Json) -> Json:
            return answer(thing, over)

    server = ThreadingHTTPServer((here, 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Hook(f"https://{here}:{server.server_address[1]}/", certificate.read_bytes())
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    def say(self, thing: Json) -> Json:
        raise NotImplementedError

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        answer = {"uid": request["uid"], **self.say(request["object"])}
        body = json.dumps({**review, "response": answer}).encode()
        with suppress(OSError):  # who asked has gone
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass
