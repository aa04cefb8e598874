"""A full cluster and what breaks it: each way a context manager that repairs it at its end."""

import base64
import contextlib
import http.client
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.real.full_cluster import FullCluster
from tests.standins.api import Api

HERE = "172.17.0.1"
"""This machine, as the containers of Docker's default bridge reach it."""
KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
COREDNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
PRIVATE = "/root/.local/state/kboot/clusters/full/kubeconfig"
PLACE = "/root/.minikube/standin/full/controlplane"
START = (
    "import pathlib, sys; from tests.standins import processes; "
    "processes.start(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:])"
)

Json = dict[str, Any]


class Ground:
    """One cluster, led by kboot, and its administrator."""

    def __init__(self, host: FullCluster) -> None:
        self.host = host
        admin = host.connection()
        tls = ssl.create_default_context(cafile=admin.ca_file)
        tls.load_cert_chain(admin.certificate_file or "", admin.key_file)
        self.api = Api(host.address, 8443, tls)
        self.node = str(self.get("/api/v1/nodes")["items"][0]["metadata"]["name"])

    def get(self, path: str) -> Json:
        found: Json = json.loads(self.api.call("GET", path))
        return found

    def until(self, so: Callable[[], object]) -> None:
        """An API that does not answer yet says no."""
        waiting = threading.Event()
        for _ in range(1200):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if so():
                    return
            waiting.wait(0.1)
        raise AssertionError("it did not come to be so in two minutes")

    # Processes

    def pid(self, name: str) -> int:
        recorded = json.loads(self.host.sh(f"cat {PLACE}/processes.json"))
        return int(recorded[name]["pid"])

    @contextmanager
    def hung(self, name: str) -> Iterator[None]:
        """A component of the cluster that is there and does nothing."""
        pid = self.pid(name)
        running = f"grep -L '^State:.T' /proc/{pid}/task/*/status | grep -q ."
        self.host.sh(f"kill -STOP {pid}; while {running}; do sleep 0.1; done")
        try:
            yield
        finally:
            self.host.sh(f"kill -CONT {pid}")

    def kill(self, name: str) -> list[str]:
        """End it. Its words, with which it can be started again."""
        pid = self.pid(name)
        words = self.host.sh(f"tr '\\0' '\\n' < /proc/{pid}/cmdline").split("\n")
        self.host.sh(f"kill -KILL {pid}; while test -d /proc/{pid}/fd/0; do sleep 0.1; done")
        return words

    def start(self, name: str, words: list[str]) -> None:
        done = self.host.run(
            *("env", "PYTHONPATH=/kboot", "/usr/bin/python3", "-B", "-c", START),
            *(PLACE, name, *words),
        )
        assert done.returncode == 0, done

    @contextmanager
    def killed(self, name: str) -> Iterator[None]:
        words = self.kill(name)
        try:
            yield
        finally:
            self.start(name, words)

    @contextmanager
    def certificate(self, since: str, until: str) -> Iterator[None]:
        """kube-apiserver shows one of the right CA that is valid in that time, as ASN.1 has it."""
        words = self.kill("kube-apiserver")
        self.host.sh(ISSUE.format(place=PLACE, since=since, until=until))
        own = [each.replace("kube-apiserver.crt", "other.crt") for each in words]
        self.start("kube-apiserver", own)
        try:
            self.until(lambda: ssl.get_server_certificate((self.host.address, 8443)))
            yield
        finally:
            self.kill("kube-apiserver")
            self.start("kube-apiserver", words)

    @contextmanager
    def engine_stopped(self) -> Iterator[None]:
        self.host.sh("systemctl stop docker.socket docker.service")
        try:
            yield
        finally:
            self.host.sh("systemctl start docker.service docker.socket")

    def node_ready(self) -> str:
        """The status of the node's condition Ready: True, False or Unknown."""
        (node,) = self.get("/api/v1/nodes")["items"]
        told = {each["type"]: each["status"] for each in node["status"]["conditions"]}
        return str(told["Ready"])

    # What the API keeps

    @contextmanager
    def deleted(self, path: str) -> Iterator[None]:
        kept = self.get(path)
        self.api.call("DELETE", path)
        for each in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
            kept["metadata"].pop(each, None)
        kept.pop("status", None)
        try:
            yield
        finally:
            self.api.create(path.rpartition("/")[0], kept)

    @contextmanager
    def patched(self, path: str, change: Json, back: Json) -> Iterator[None]:
        self.api.call("PATCH", path, change)
        try:
            yield
        finally:
            self.api.call("PATCH", path, back)

    @contextmanager
    def created(self, path: str, thing: Json) -> Iterator[None]:
        self.api.call("POST", path, thing)
        try:
            yield
        finally:
            self.api.call("DELETE", f"{path}/{thing['metadata']['name']}")

    @contextmanager
    def webhook(self, url: str, authority: bytes = b"") -> Iterator[None]:
        """One that is asked about every pod of kboot's own namespaces."""
        client: Json = {"url": url}
        if authority:
            client["caBundle"] = base64.b64encode(authority).decode()
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
        hook = {
            "name": "pods.example.com",
            "clientConfig": client,
            "rules": [{**rule, "operations": ["CREATE"]}],
            "namespaceSelector": {"matchLabels": {"app.kubernetes.io/managed-by": "kboot"}},
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 5,
        }
        with self.created(HOOKS, {"metadata": {"name": "pods"}, "webhooks": [hook]}):
            yield

    @contextmanager
    def in_own_namespace(
        self, kind: str, thing: Json, status: Json | None = None
    ) -> Iterator[None]:
        """The thing is in kboot's namespace before any pod can be: the controllers, which make a
        ServiceAccount first, hang until it is."""
        before = set(self.own_namespaces())
        ready, done = threading.Event(), threading.Event()

        def furnish() -> None:
            while not (names := set(self.own_namespaces()) - before):
                if done.wait(0.05):
                    return
            path = f"/api/v1/namespaces/{names.pop()}/{kind}"
            made: Json = json.loads(self.api.call("POST", path, thing))
            if status:
                own = f"{path}/{made['metadata']['name']}/status"
                self.api.call("PUT", own, {**made, "status": status})

        def lead() -> None:
            with self.hung("kube-controller-manager"):
                ready.set()
                furnish()

        worker = threading.Thread(target=lead)
        worker.start()
        ready.wait()
        try:
            yield
        finally:
            done.set()
            worker.join()

    def own_namespaces(self) -> list[str]:
        query = "/api/v1/namespaces?labelSelector=kboot.dev%2Frun"
        found = self.get(query)["items"]
        return [str(each["metadata"]["name"]) for each in found]

    def delete_own_namespaces(self) -> None:
        """Have them deleted, which Kubernetes does in its own time."""
        for each in self.own_namespaces():
            if "deletionTimestamp" not in self.get(f"/api/v1/namespaces/{each}")["metadata"]:
                self.api.call("DELETE", f"/api/v1/namespaces/{each}")

    # What kboot knows of it

    @contextmanager
    def kubeconfig(self, change: Callable[[Json, Json], object]) -> Iterator[None]:
        """kboot's private one, with its cluster and its user changed."""
        text = self.host.sh(f"cat {PRIVATE}")
        document = json.loads(text)
        change(document["clusters"][0]["cluster"], document["users"][0]["user"])
        self._write(json.dumps(document))
        try:
            yield
        finally:
            self._write(text)

    def _write(self, text: str) -> None:
        done = self.host.run("python3", "-c", WRITE, PRIVATE, text)
        assert done.returncode == 0, done

    @contextmanager
    def profile(self, old: str, new: str) -> Iterator[None]:
        path = self.host.folder / "kboot.toml"
        text = path.read_text()
        path.write_text(text.replace(old, new))
        try:
            yield
        finally:
            path.write_text(text)

    def client(self, subject: str) -> str:
        """A new user that the cluster's CA vouches for: its files' path, without their suffix."""
        path = f"/root/{subject.rpartition('=')[2]}"
        self.host.sh(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -CA /root/.minikube/ca.crt"
            f" -CAkey /root/.minikube/ca.key -subj {subject} -keyout {path}.key -out {path}.crt"
        )
        return path

    def other_authority(self) -> str:
        """One with the name of the real one, as when minikube made a new one."""
        self.host.sh(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=minikubeCA"
            " -keyout /root/other-ca.key -out /root/other-ca.crt"
        )
        return "/root/other-ca.crt"


WRITE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
ISSUE = """
cd {place} && rm -rf issue && mkdir issue && touch issue/index && echo 77 > issue/serial
cat > issue/ca.cnf <<END
[ca]
default_ca = own
[own]
database = issue/index
serial = issue/serial
new_certs_dir = issue
policy = any
default_md = sha256
copy_extensions = copy
[any]
commonName = supplied
END
openssl x509 -in kube-apiserver.crt -x509toreq -copy_extensions copyall \
  -signkey kube-apiserver.key -out issue/request
openssl ca -batch -config issue/ca.cnf -cert /root/.minikube/ca.crt \
  -keyfile /root/.minikube/ca.key -startdate {since} -enddate {until} \
  -in issue/request -notext -out other.crt
"""


@contextmanager
def refusing_webhook(folder: Path) -> Iterator[tuple[str, bytes]]:
    """A real HTTPS server that refuses every pod: its URL, and the CA of its certificate."""
    files = ("-keyout", str(folder / "hook.key"), "-out", str(folder / "hook.crt"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=hook", "-addext", f"subjectAltName=IP:{HERE}", *files]
    subprocess.run(command, check=True, capture_output=True)
    server = ThreadingHTTPServer((HERE, 0), _Refuse)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "hook.crt", folder / "hook.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        port = server.server_address[1]
        yield f"https://{HERE}:{port}/pods", (folder / "hook.crt").read_bytes()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Refuse(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = {"message": "no pods on a Friday"}
        answer = {"uid": review["request"]["uid"], "allowed": False, "status": status}
        body = json.dumps({**review, "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass
