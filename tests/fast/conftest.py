"""For the fast tests."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.kubeconfig.private import Connection
from tests.helpers.places import ROOT
from tests.helpers.working.starting import Start


@pytest.fixture
def client(connection: Connection) -> Iterator[ApiClient]:
    with ApiClient(connection, timeout=5.0) as made:
        yield made


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    return tmp_path / "kubeconfig"


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program of tests/helpers/working; all that are left running are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            (sys.executable, "-m", f"tests.helpers.working.{program}", *arguments),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with process:
            process.kill()
