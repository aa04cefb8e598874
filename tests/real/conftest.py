"""Real components, built or fetched once for every test that asks for them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.real.engine import SCRIPTS, docker, path_from, running_engine


@pytest.fixture(scope="session")
def kubernetes_binaries() -> Path:
    """The folder of Kubernetes 1.20.2's servers, kubelet, kube-proxy and pause, and of etcd."""
    return path_from(SCRIPTS / "build-kubernetes")


@pytest.fixture(scope="session")
def kubectl_1_20() -> Path:
    return path_from(sys.executable, SCRIPTS / "fetch-kubectl", "1.20.0")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The machine's own engine, or one that is gone afterwards."""
    with running_engine(tmp_path_factory.mktemp("engine")):
        yield


@pytest.fixture(scope="session")
def image(engine: None) -> Iterator[str]:
    name = f"kboot-fresh:{uuid4().hex[:12]}"
    docker("import", str(path_from(SCRIPTS / "fresh-host")), name)
    yield name
    docker("rmi", "--force", name)
