"""Somebody with a HOME and few programs; somebody with a cluster."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import (
    NEW,
    NOBODY,
    OLD,
    PROGRAM,
    SETPRIV,
    TO_NOBODY,
    Kboot,
    furnish_none,
    script,
)
from tests.helpers.driving.kubeconfigs import cluster_of, kubeconfig
from tests.helpers.places import ROOT
from tests.helpers.serving.apiserver import ApiServer, Identity, healthy_1_20, serving


def furnish_old(kboot: Kboot) -> None:
    kboot.minikube("0.25.0")
    script(kboot.bin / "kubectl", "exit 0")  # minikube 0.25 complains without one
    furnish_none(kboot)
    kboot.profile(OLD)


@pytest.fixture
def kboot(tmp_path: Path) -> Iterator[Kboot]:
    """An empty HOME, and none of the four tools."""
    made = Kboot(tmp_path)
    yield made
    made.end()


@pytest.fixture
def old(kboot: Kboot) -> Kboot:
    """minikube 0.25.0 on PATH, the profile p.toml that asks for it, and no cluster."""
    furnish_old(kboot)
    return kboot


@pytest.fixture
def new(kboot: Kboot) -> Kboot:
    """minikube 1.19.0 on PATH, the profile p.toml that asks for it, and no cluster."""
    kboot.minikube("1.19.0")
    kboot.profile(NEW)
    furnish_none(kboot)
    return kboot


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kboot]:
    """A verified cluster of minikube 0.25.0's. Tests that use it must leave it as it is."""
    made = Kboot(tmp_path_factory.mktemp("running"))
    furnish_old(made)
    done = made.run("up", "p.toml")
    assert done.code == 0, done
    yield made
    made.end()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, as those of pytest cannot be."""
    folder = Path(tempfile.mkdtemp(prefix="kboot-commands-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(identity: Identity) -> Iterator[ApiServer]:
    """A healthy Kubernetes 1.20."""
    with serving(identity.server_tls()) as running:
        running.documents = healthy_1_20()
        yield running


@pytest.fixture
def mine(kboot: Kboot, identity: Identity, server: ApiServer) -> Kboot:
    """Somebody whose ~/.kube/config has the healthy cluster `prod`, and no tool at all."""
    kubeconfig(kboot.home / ".kube" / "config", cluster_of(identity, server))
    return kboot


@pytest.fixture
def to_nobody() -> tuple[str, ...]:
    """What makes of root an ordinary user, who can read this Python and this checkout."""
    if SETPRIV is None:
        pytest.skip("setpriv is missing, and root may write anywhere")
    asked = (*TO_NOBODY, PROGRAM[0], "-c", "import bootstrap")
    if subprocess.run(asked, cwd=ROOT, capture_output=True).returncode != 0:
        pytest.skip("another user cannot read this Python or this checkout")
    return TO_NOBODY


@pytest.fixture
def ordinary(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Kboot]:
    """kboot of an ordinary user who may not write into HOME."""
    launcher = request.getfixturevalue("to_nobody") if os.geteuid() == 0 else ()
    made = Kboot(open_folder / "x", launcher=launcher)
    if os.geteuid() == 0:
        os.chown(made.home, NOBODY, NOBODY)
    made.home.chmod(0o555)
    yield made
    made.home.chmod(0o755)
    made.end()
