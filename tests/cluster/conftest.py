from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.kubeconfig import Connection
from tests.cluster.apiserver import ApiServer, Identity, healthy_1_9, new_identity, serving


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def server(identity: Identity) -> Iterator[ApiServer]:
    """A healthy Kubernetes 1.9."""
    with serving(identity.server_tls()) as running:
        running.documents = healthy_1_9()
        yield running


@pytest.fixture
def connection(identity: Identity, server: ApiServer) -> Connection:
    return identity.connection(server.url)


@pytest.fixture
def client(connection: Connection) -> Iterator[ApiClient]:
    with ApiClient(connection, timeout=5.0) as made:
        yield made


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    return tmp_path / "kubeconfig"
