"""A real Kubernetes 1.35.1 with containerd, as minikube 1.38 has it, to be broken."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.hosts.machine import Machine
from tests.real.breaking import KUBE_SYSTEM, Ground, Json

CERTIFICATE = "/var/lib/minikube/certs/apiserver"
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"


class Today(Ground):
    """Its control plane is of static pods, which the kubelet starts again."""

    kubernetes = "1.35.1"
    name = "minikube"
    host: Machine

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["Today"]:
        with Machine.running(folder) as host:
            host.sh(f"docker load --input {host.build}/images/busybox.tar")
            code, report = host.kboot("up")
            assert code == 0, report
            yield cls(host, host.outside, str(host.home), host.build / "bin" / "kubectl")

    def pid(self, name: str) -> int:
        return int(self.host.sh(f"pgrep --full '^([^ ]*/)?{name} '"))

    @contextmanager
    def stopped(self, service: str) -> Iterator[None]:
        self.host.sh(f"service {service} stop")
        try:
            yield
        finally:
            self.host.sh(f"service {service} start")

    def is_up(self) -> bool:
        """Every pod of kube-system is Ready, and so is the node."""
        pods = self.get(f"{KUBE_SYSTEM}/pods")["items"]
        return self.node_ready() == "True" and all(is_ready(each) for each in pods)

    @contextmanager
    def flag(self, words: str) -> Iterator[None]:
        """kube-apiserver is started with that flag too."""
        kept = self.host.sh(f"cat {MANIFEST}")
        self._restart(
            kept.replace("    - kube-apiserver\n", f"    - kube-apiserver\n    - {words}\n")
        )
        try:
            yield
        finally:
            self._restart(kept)

    def _restart(self, manifest: str) -> None:
        old = self.pid("kube-apiserver")
        self.write("/etc/kubernetes/new", f"{manifest}\n")
        self.host.sh(f"mv /etc/kubernetes/new {MANIFEST}")
        program = ("pgrep", "--full", "^kube-apiserver ")
        self.until(lambda: self.host.run(*program).stdout.strip() not in {"", str(old)})
        self.until(lambda: self.api.call("GET", "/readyz"))

    @contextmanager
    def dead(self, name: str) -> Iterator[None]:
        with self.stopped("kubelet"):
            self.kill(name)
            yield
        self.until(lambda: self.host.run("pgrep", "--full", f"^{name} ").returncode == 0)

    @contextmanager
    def certificate(self, since: str, until: str) -> Iterator[None]:
        """kube-apiserver looks after its own file."""
        there = self.host.sh(f"cat {CERTIFICATE}.crt")
        self._show(self.host.sh(f"cat {self.issue(CERTIFICATE, since, until)}"))
        try:
            yield
        finally:
            self._show(there)

    def _show(self, certificate: str) -> None:
        self.write(f"{CERTIFICATE}.crt", f"{certificate}\n")
        address = (self.host.address, 8443)
        self.until(lambda: ssl.get_server_certificate(address).strip() == certificate.strip())

    @contextmanager
    def engine_stopped(self) -> Iterator[None]:
        with self.stopped("containerd"):
            yield

    def give(self, image: str) -> None:
        self.host.sh(f"minikube image load {image}")


def is_ready(pod: Json) -> bool:
    told = {each["type"]: each["status"] for each in pod["status"].get("conditions", ())}
    return told.get("Ready") == "True"
