"""Real components, built or fetched once for every test that asks for them."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from bootstrap.kubeconfig.private import Connection
from tests.helpers.hosts.control_plane import Cluster
from tests.helpers.hosts.engine import fresh_image, path_from, running_engine
from tests.helpers.places import PARTS
from tests.standins import controlplane

LONG = (
    "test_real_failures",
    "test_odd_sick",
    "test_odd_well",
    "test_leftovers",
    "test_packages",
    "test_machine",
    "test_full_cluster",
    "test_rehearsal",
    "test_shells",
)
"""Files that take long, the longest first: begun last, one would leave the other workers idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In each file, what wants the same cluster is together: another one takes its place."""
    items.sort(
        key=lambda each: ([*LONG, each.path.stem].index(each.path.stem), _cluster(each.nodeid))
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """One worker runs all that wants the same cluster. (xdist 3.8 has groups for that, which it
    does not see with pytest 9.2.)"""
    return _ByCluster(config, log)


class _ByCluster(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return _cluster(nodeid)


def _cluster(nodeid: str) -> str:
    """The file, and of which Kubernetes where its tests are for both."""
    file, _, test = nodeid.partition("::")
    kubernetes = re.search(r"\[(1\.35\.1|1\.20\.2)[]-]", test)
    return f"{file} {kubernetes[1]}" if kubernetes else file


@pytest.fixture(scope="session")
def kubernetes_binaries() -> Path:
    """The folder of Kubernetes 1.20.2's servers, kubelet, kube-proxy and pause, and of etcd."""
    return path_from(PARTS / "build-kubernetes-1.20")


@pytest.fixture(scope="session")
def kubernetes_1_35() -> Path:
    """The folder of Kubernetes 1.35.1 and of all that a node takes."""
    return path_from(PARTS / "build-kubernetes-1.35")


@pytest.fixture(scope="session")
def kubectl_1_20() -> Path:
    return path_from(sys.executable, PARTS / "fetch-kubectl", "1.20.0")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """The machine's own engine, or one of all workers that is gone afterwards."""
    own = tmp_path_factory.getbasetemp()
    with running_engine((own if worker_id == "master" else own.parent) / "engine"):
        yield


@pytest.fixture(scope="session")
def image(engine: None) -> str:
    return fresh_image()


@pytest.fixture(scope="module")
def control_plane(
    tmp_path_factory: pytest.TempPathFactory, kubernetes_binaries: Path, kubectl_1_20: Path
) -> Iterator[Cluster]:
    base = tmp_path_factory.mktemp("control-plane")
    folder, ca, ca_key = base / "cluster", base / "ca.crt", base / "ca.key"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=minikubeCA",
    ]
    subprocess.run([*command, "-keyout", ca_key, "-out", ca], check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = {"node_name": "minikube", "port": port, "ca_cert": ca, "ca_key": ca_key}
    controlplane.up(folder, kubernetes_binaries, **place)
    admin = Connection(f"https://127.0.0.1:{port}", ca_file=str(ca))
    cluster = Cluster(folder, ca_key, kubectl_1_20, admin)
    admin = cluster.client("/O=system:masters/CN=minikube")
    try:
        yield cluster._replace(admin=admin)
    finally:
        controlplane.down(folder, delete=True)
