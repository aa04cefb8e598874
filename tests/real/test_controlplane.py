import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins import controlplane

pytestmark = pytest.mark.real


class Cluster:
    """A control plane of its own, with a CA and a kubectl that reaches it."""

    def __init__(self, folder: Path, binaries: Path, kubectl: Path) -> None:
        self.folder, self._binaries, self._kubectl = folder / "cluster", binaries, kubectl
        self._ca_cert, self._ca_key = folder / "ca.crt", folder / "ca.key"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"]
        command += ["-keyout", str(self._ca_key), "-out", str(self._ca_cert)]
        subprocess.run(command, check=True, capture_output=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def up(self) -> None:
        controlplane.up(
            self.folder,
            self._binaries,
            node_name="minikube",
            port=self.port,
            ca_cert=self._ca_cert,
            ca_key=self._ca_key,
        )

    def kubectl(self, *arguments: str) -> str:
        command = [str(self._kubectl), f"--server=https://127.0.0.1:{self.port}"]
        command += [f"--certificate-authority={self._ca_cert}"]
        command += [f"--client-certificate={self.folder / 'admin.crt'}"]
        command += [f"--client-key={self.folder / 'admin.key'}", *arguments]
        home = {"HOME": str(self.folder)}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=home).stdout

    def uid(self) -> str:
        return self.kubectl("get", "namespace", "kube-system", "-o=jsonpath={.metadata.uid}")

    def answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, kubernetes_binaries: Path, kubectl_1_20: Path
) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("plane"), kubernetes_binaries, kubectl_1_20)
    cluster.up()
    yield cluster
    controlplane.down(cluster.folder, delete=True)


def processes_of(folder: Path) -> list[str]:
    """The command lines of every process that names `folder`, however it came to be."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(folder) in command:
            found.append(command)
    return found


def test_the_node_becomes_ready(cluster: Cluster) -> None:
    cluster.kubectl("wait", "--for=condition=Ready", "node/minikube", "--timeout=30s")


def test_dns_becomes_available_by_the_controllers_own_count(cluster: Cluster) -> None:
    dns = ["--namespace=kube-system", "deployment/coredns"]
    cluster.kubectl("wait", "--for=condition=Available", *dns, "--timeout=30s")
    status = json.loads(cluster.kubectl("get", *dns, "-o=json"))["status"]
    assert (status["replicas"], status["availableReplicas"]) == (1, 1)


def test_a_second_start_is_the_same_cluster(cluster: Cluster) -> None:
    before = cluster.uid()
    controlplane.stop(cluster.folder)
    assert not cluster.answers()
    cluster.up()
    assert cluster.uid() == before


def test_a_component_that_dies_is_named(tmp_path: Path, kubectl_1_20: Path) -> None:
    for name in ("etcd", "kube-apiserver"):
        (tmp_path / name).symlink_to("/bin/false")
    broken = Cluster(tmp_path, tmp_path, kubectl_1_20)
    with pytest.raises(controlplane.ControlPlaneError, match="etcd died"):
        broken.up()
    assert not processes_of(broken.folder)


def test_down_leaves_no_process_and_no_folder(cluster: Cluster) -> None:
    assert len(processes_of(cluster.folder)) == 5
    controlplane.down(cluster.folder, delete=True)
    assert not processes_of(cluster.folder)
    assert not cluster.folder.exists()
