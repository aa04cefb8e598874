"""Real components, built or fetched once for every test that asks for them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.engine import SCRIPTS, fresh_image, path_from, running_engine

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


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What wants the same cluster is of one group, which one worker runs in its order."""
    items.sort(key=lambda each: ([*LONG, each.path.stem].index(each.path.stem), _cluster(each)))
    for each in items:
        each.add_marker(pytest.mark.xdist_group(f"{each.path.stem}{_cluster(each)}"))


def _cluster(item: pytest.Item) -> str:
    """Empty: the file says nothing of it."""
    given = getattr(item, "callspec", None)
    kind = given.params.get("ground") if given else None
    return f"-{kind.kubernetes}" if kind else ""


@pytest.fixture(scope="session")
def kubernetes_binaries() -> Path:
    """The folder of Kubernetes 1.20.2's servers, kubelet, kube-proxy and pause, and of etcd."""
    return path_from(SCRIPTS / "build-kubernetes-1.20")


@pytest.fixture(scope="session")
def kubernetes_1_35() -> Path:
    """The folder of Kubernetes 1.35.1 and of all that a node takes."""
    return path_from(SCRIPTS / "build-kubernetes-1.35")


@pytest.fixture(scope="session")
def kubectl_1_20() -> Path:
    return path_from(sys.executable, SCRIPTS / "fetch-kubectl", "1.20.0")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """The machine's own engine, or one of all workers that is gone afterwards."""
    own = tmp_path_factory.getbasetemp()
    with running_engine((own if worker_id == "master" else own.parent) / "engine"):
        yield


@pytest.fixture(scope="session")
def image(engine: None) -> str:
    return fresh_image()
