"""Real components, built or fetched once for every test that asks for them."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def path_from(*command: str | Path) -> Path:
    """What a script of this project prints. Its talk goes to the terminal's stderr."""
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout[:-1])


@pytest.fixture(scope="session")
def kubernetes_binaries() -> Path:
    """The folder of kube-apiserver, kube-controller-manager, kube-scheduler 1.20.2 and etcd."""
    return path_from(SCRIPTS / "build-kubernetes")


@pytest.fixture(scope="session")
def kubectl_1_20() -> Path:
    return path_from(sys.executable, SCRIPTS / "fetch-kubectl", "1.20.0")
