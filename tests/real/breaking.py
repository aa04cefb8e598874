"""A real cluster and what breaks it: each way a context manager that repairs it at its end."""

import base64
import contextlib
import http.client
import json
import ssl
import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from bootstrap.kubeconfig.private import Connection
from tests.standins.api import Api, ApiError

KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
COREDNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
HOOKS = "/apis/admissionregistration.k8s.io/v1"
Json = dict[str, Any]


class Host(Protocol):
    """The host of a cluster: a FullCluster or a Machine."""

    @property
    def folder(self) -> Path: ...
    @property
    def address(self) -> str: ...
    def run(self, *words: str) -> subprocess.CompletedProcess[str]: ...
    def sh(self, text: str) -> str: ...
    def kboot(self, command: str, *flags: str) -> tuple[int, Json]: ...
    def connection(self) -> Connection: ...


class Ground(ABC):
    """One cluster, led by kboot, and its administrator. What differs is in Then and Today."""

    kubernetes: str
    name: str
    """The cluster's, as minikube knows it."""

    def __init__(self, host: Host, here: str, home: str, kubectl: Path) -> None:
        """`here`: this machine's address, as the cluster reaches it. `kubectl`: for this machine,
        of a version that fits the cluster's."""
        self.host, self.here, self.home, self.kubectl = host, here, home, kubectl
        admin = host.connection()
        tls = ssl.create_default_context(cafile=admin.ca_file)
        tls.load_cert_chain(admin.certificate_file or "", admin.key_file)
        self.api = Api(host.address, 8443, tls)
        self.node = str(self.get("/api/v1/nodes")["items"][0]["metadata"]["name"])

    @abstractmethod
    def pid(self, name: str) -> int:
        """In the host, of the cluster's program of that name."""

    @abstractmethod
    def dead(self, name: str) -> AbstractContextManager[None]:
        """Without that program of the control plane."""

    @abstractmethod
    def certificate(self, since: str, until: str) -> AbstractContextManager[None]:
        """kube-apiserver shows one of the right CA that is valid in that time, as ASN.1 has it."""

    @abstractmethod
    def engine_stopped(self) -> AbstractContextManager[None]:
        """Without the one that runs the pods."""

    @abstractmethod
    def give(self, image: str) -> None:
        """Have the pods find an image that the host's docker has."""

    def get(self, path: str) -> Json:
        found: Json = json.loads(self.api.call("GET", path))
        return found

    def until(self, so: Callable[[], object]) -> None:
        waiting = threading.Event()
        for _ in range(1200):
            if self._is(so):
                return
            waiting.wait(0.1)
        raise AssertionError("it did not come to be so in two minutes")

    def _is(self, so: Callable[[], object]) -> bool:
        """An API that does not answer says no."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(so())
        return False

    # Processes

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

    def kill(self, name: str) -> None:
        pid = self.pid(name)
        self.host.sh(f"kill -KILL {pid}; while test -d /proc/{pid}/fd/0; do sleep 0.1; done")

    def issue(self, certificate: str, since: str, until: str) -> str:
        """One like it, of the same CA, for that time: the path of its file."""
        words = {"certificate": certificate, "home": self.home, "since": since, "until": until}
        return self.host.sh(ISSUE.format(**words)).splitlines()[-1]

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
    def webhook(
        self, url: str, authority: bytes = b"", kind: str = "validating", more: Json | None = None
    ) -> Iterator[None]:
        """One that is asked about every pod of kboot's own namespaces, or as `more` says."""
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
            **(more or {}),
        }
        path = f"{HOOKS}/{kind}webhookconfigurations"
        with self.created(path, {"metadata": {"name": "pods"}, "webhooks": [hook]}):
            yield

    @contextmanager
    def meanwhile(self, so: Callable[[], object], act: Callable[[], object]) -> Iterator[None]:
        """Once it is so, which it must come to be, act: while the test goes on."""
        over = threading.Event()

        def watch() -> bool:
            while not self._is(so):
                if over.wait(0.05):
                    return False
            act()
            return True

        with ThreadPoolExecutor(1) as pool:
            acting = pool.submit(watch)
            try:
                yield
            finally:
                over.set()
            assert acting.result(), "it did not come to be so"

    @contextmanager
    def in_own_namespace(self, **things: Json) -> Iterator[None]:
        """By their plurals, what is in kboot's namespace before any pod can be: the controllers,
        which make a ServiceAccount first, hang until it is."""
        before = set(self.own_namespaces())
        with ExitStack() as hanging:
            hanging.enter_context(self.hung("kube-controller-manager"))

            def furnish() -> None:
                (namespace,) = set(self.own_namespaces()) - before
                for plural, thing in things.items():
                    self._make_in(namespace, plural, thing)
                hanging.close()

            with self.meanwhile(lambda: set(self.own_namespaces()) - before, furnish):
                yield

    def _make_in(self, namespace: str, plural: str, thing: Json) -> None:
        """With its status, as the controller would write it that hangs."""
        group = "apis/networking.k8s.io/v1" if plural == "networkpolicies" else "api/v1"
        path = f"/{group}/namespaces/{namespace}/{plural}"
        made: Json = json.loads(self.api.call("POST", path, thing))
        if "status" in thing:
            own = f"{path}/{made['metadata']['name']}/status"
            self.api.call("PUT", own, {**made, "status": thing["status"]})

    def own_namespaces(self) -> list[str]:
        query = "/api/v1/namespaces?labelSelector=kboot.dev%2Frun"
        found = self.get(query)["items"]
        return [str(each["metadata"]["name"]) for each in found]

    def delete_own_namespaces(self) -> None:
        """Have them deleted, which Kubernetes does in its own time."""
        for each in self.own_namespaces():
            try:
                self.api.call("DELETE", f"/api/v1/namespaces/{each}")
            except ApiError as error:
                if error.status not in (404, 409):  # gone, or being deleted
                    raise

    # What kboot knows of it

    @contextmanager
    def kubeconfig(self, change: Callable[[Json, Json], object]) -> Iterator[None]:
        """kboot's private one, with its cluster and its user changed."""
        path = f"{self.home}/.local/state/kboot/clusters/{self.name}/kubeconfig"
        text = self.host.sh(f"cat {path}")
        document = json.loads(text)
        change(document["clusters"][0]["cluster"], document["users"][0]["user"])
        self.write(path, json.dumps(document))
        try:
            yield
        finally:
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        done = self.host.run("python3", "-c", WRITE, path, text)
        assert done.returncode == 0, done

    @contextmanager
    def profile(self, old: str, new: str) -> Iterator[None]:
        path = self.host.folder / "kboot.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        try:
            yield
        finally:
            path.write_text(text)

    def client(self, subject: str) -> str:
        """A new user that the cluster's CA vouches for: its files' path, without their suffix."""
        path, authority = f"{self.home}/{subject.rpartition('=')[2]}", f"{self.home}/.minikube/ca"
        self.host.sh(
            f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -CA {authority}.crt"
            f" -CAkey {authority}.key -subj {subject} -keyout {path}.key -out {path}.crt"
        )
        return path

    def other_authority(self) -> str:
        """One with the name of the real one, as when minikube made a new one."""
        path = f"{self.home}/other-ca"
        self.host.sh(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=minikubeCA"
            f" -keyout {path}.key -out {path}.crt"
        )
        return f"{path}.crt"


def quota(hard: Mapping[str, str]) -> Json:
    """Of which nothing is used."""
    status = {"hard": hard, "used": dict.fromkeys(hard, "0")}
    return {"metadata": {"name": "own"}, "spec": {"hard": hard}, "status": status}


def memory_limit(size: str) -> Json:
    """For containers that name none."""
    memory = {"memory": size}
    limit = {"type": "Container", "default": memory, "defaultRequest": memory}
    return {"metadata": {"name": "own"}, "spec": {"limits": [limit]}}


WRITE = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
ISSUE = """
cd "$(mktemp -d)" && mkdir issue && touch issue/index && echo 77 > issue/serial
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
openssl x509 -in {certificate}.crt -x509toreq -copy_extensions copyall \
  -signkey {certificate}.key -out issue/request
openssl ca -batch -config issue/ca.cnf -cert {home}/.minikube/ca.crt \
  -keyfile {home}/.minikube/ca.key -startdate {since} -enddate {until} \
  -in issue/request -notext -out other.crt
echo "$PWD/other.crt"
"""
