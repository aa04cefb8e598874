"""For the fast tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.kubeconfig.private import Connection


@pytest.fixture
def client(connection: Connection) -> Iterator[ApiClient]:
    with ApiClient(connection, timeout=5.0) as made:
        yield made


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    return tmp_path / "kubeconfig"
