"""The benchmarks run, whatever they measure on a busy machine."""

import subprocess

import pytest

from tests.helpers.places import SCRIPTS

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("name", "shows"),
    [("noop", "of shell script"), ("gates", "noticed after"), ("downloads", "curl")],
)
def test_each_prints_what_it_measured(name: str, shows: str) -> None:
    done = subprocess.run(
        (SCRIPTS / "bench", name, "--rounds", "2"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert shows in done.stdout
