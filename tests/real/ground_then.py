"""A real Kubernetes 1.20.2 with docker behind its pods, as minikube 1.19 has it, to be broken."""

import json
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.hosts.engine import docker, path_from
from tests.helpers.hosts.full_cluster import PROFILE, TOOLS, FullCluster
from tests.helpers.places import PARTS
from tests.real.breaking import Ground

PLACE = "/root/.minikube/standin/full/controlplane"
BRIDGE = "172.17.0.1"
"""This machine, as the containers of Docker's default bridge reach it."""
START = (
    "import pathlib, sys; from tests.standins import processes; "
    "processes.start(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:])"
)


class Then(Ground):
    """Its programs are processes that nobody starts again."""

    kubernetes = "1.20.2"
    name = "full"

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Ground]:
        kubectl = path_from(sys.executable, PARTS / "fetch-kubectl", "1.20.0")
        with FullCluster.running(folder, PROFILE.replace("[tools]\n", TOOLS)) as host:
            docker("cp", str(kubectl), f"{host.name}:/usr/local/bin/kubectl")
            code, report = host.kboot("up")
            assert code == 0, report
            yield cls(host, BRIDGE, "/root", kubectl)

    def pid(self, name: str) -> int:
        recorded = json.loads(self.host.sh(f"cat {PLACE}/processes.json"))
        return int(recorded[name]["pid"])

    @contextmanager
    def dead(self, name: str) -> Iterator[None]:
        words = self._words(name)
        self.kill(name)
        try:
            yield
        finally:
            self._start(name, words)

    @contextmanager
    def certificate(self, since: str, until: str) -> Iterator[None]:
        name = "kube-apiserver"
        other = self.issue(f"{PLACE}/{name}", since, until)
        with self.dead(name):
            words = self._words(name)
            self._start(name, [each.replace(f"{PLACE}/{name}.crt", other) for each in words])
            try:
                self.until(lambda: ssl.get_server_certificate((self.host.address, 8443)))
                yield
            finally:
                self.kill(name)

    @contextmanager
    def engine_stopped(self) -> Iterator[None]:
        self.host.sh("systemctl stop docker.socket docker.service")
        try:
            yield
        finally:
            self.host.sh("systemctl start docker.service docker.socket")

    def give(self, image: str) -> None:
        """It is there: pods are of that very docker."""

    def _words(self, name: str) -> list[str]:
        return self.host.sh(f"tr '\\0' '\\n' < /proc/{self.pid(name)}/cmdline").split("\n")

    def _start(self, name: str, words: list[str]) -> None:
        done = self.host.run(
            *("env", "PYTHONPATH=/kboot", "/usr/bin/python3", "-B", "-c", START),
            *(PLACE, name, *words),
        )
        assert done.returncode == 0, done
