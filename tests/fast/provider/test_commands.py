"""Command lines: every flag is one that exactly this release of minikube takes."""

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bootstrap.core.model.catalogue import Artifact, Catalogue
from bootstrap.core.model.step import (
    DeleteCluster,
    InstallArtifact,
    RefreshKubeconfig,
    StartCluster,
    Step,
    StopCluster,
)
from bootstrap.core.values.version import parse_version
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from bootstrap.provider.minikube.commands import command_lines
from tests.helpers.places import START_FLAGS

FLAGS: dict[str, dict[str, str]] = {
    release.removeprefix("v"): entry["flags"]
    for release, entry in json.loads(START_FLAGS.read_text())["releases"].items()
}
CATALOGUE = read_catalogue(Cache(Path("/dev/null")))
LINES = command_lines(CATALOGUE)
VALUES = {
    "int": r"\d+",
    "bool": r"true|false",
    "string": r".+",
}


def start(minikube: str, **wanted: Any) -> tuple[str, ...]:
    step = StartCluster("kboot", wanted.pop("driver", "none"), minikube, "because", **wanted)
    (line,) = LINES(step)
    return line


def test_every_release_with_known_flags_is_in_the_catalogue() -> None:
    assert len(FLAGS) == 101
    assert {str(version) for version in CATALOGUE.versions("minikube")} == set(FLAGS)


def every_start(minikube: str) -> Iterator[tuple[str, ...]]:
    """The command lines of every mixture of what a profile may ask for."""
    bootstrappers = CATALOGUE.era(parse_version(minikube)).bootstrappers
    for kubernetes, bootstrapper, cpus, memory, disk in product(
        (None, "1.9.0", "1.10.0", "1.35.1"),
        (None, *bootstrappers),
        (None, 1, 512),
        (None, 1, 2**22),
        (None, 1, 2**24),
    ):
        yield start(
            minikube,
            kubernetes=kubernetes,
            bootstrapper=bootstrapper,
            cpus=cpus,
            memory_mib=memory,
            disk_mib=disk,
        )


@pytest.mark.parametrize("minikube", FLAGS)
def test_start_passes_only_flags_that_this_release_takes_in_the_type_that_it_takes(
    minikube: str,
) -> None:
    flags = FLAGS[minikube]
    assert "profile" in flags
    for line in every_start(minikube):
        assert line[:4] == ("minikube", "start", "--profile", "kboot")
        for word in line[4:]:
            flag, _, value = word.removeprefix("--").partition("=")
            assert re.fullmatch(VALUES[flags[flag].split()[0]], value), word


@pytest.mark.parametrize("minikube", FLAGS)
def test_the_driver_is_always_said_in_the_releases_own_flag(minikube: str) -> None:
    renamed = parse_version(minikube) >= parse_version("1.8.0")
    assert ("--driver=none" if renamed else "--vm-driver=none") in start(minikube)


def test_the_command_line_of_the_tutorial() -> None:
    assert start(
        "0.25.0",
        driver="virtualbox",
        kubernetes="1.9.0",
        bootstrapper="localkube",
        cpus=2,
        memory_mib=2048,
        disk_mib=20480,
    ) == (
        *("minikube", "start", "--profile", "kboot", "--vm-driver=virtualbox"),
        *("--bootstrapper=localkube", "--cpus=2", "--memory=2048", "--disk-size=20480m"),
    )


def test_the_command_line_of_today() -> None:
    assert start("1.38.1", driver="docker", kubernetes="1.34.0") == (
        *("minikube", "start", "--profile", "kboot", "--driver=docker"),
        *("--kubernetes-version=v1.34.0", "--interactive=false", "--output=json"),
    )


@pytest.mark.parametrize(
    ("minikube", "kubernetes", "said"),
    [
        ("0.25.0", "1.9.0", False),
        ("0.25.0", "1.9.4", True),
        ("0.25.2", "1.9.4", False),
        ("1.38.1", "1.35.1", False),
        ("1.38.1", None, False),
        ("9.9.9", "1.35.1", True),
    ],
)
def test_kubernetes_is_said_only_where_it_is_not_the_releases_default(
    minikube: str, kubernetes: str | None, said: bool
) -> None:
    line = start(minikube, kubernetes=kubernetes)
    assert (f"--kubernetes-version=v{kubernetes}" in line) == said
    assert any(word.startswith("--kubernetes-version") for word in line) == said


@pytest.mark.parametrize("minikube", ["", "unknown"])
def test_an_unknown_minikube_gets_flags_that_every_release_takes(minikube: str) -> None:
    for word in start(minikube, kubernetes="1.9.0", cpus=1, memory_mib=1, disk_mib=1)[4:]:
        flag = word.removeprefix("--").partition("=")[0]
        assert all(flag in flags for flags in FLAGS.values())


ARTIFACT = Artifact("kubectl", "1.9.3", "linux/amd64", "https://example.org/", "0" * 64, "a test")
OTHER_STEPS: list[tuple[Step, tuple[tuple[str, ...], ...]]] = [
    (InstallArtifact(ARTIFACT, "not found"), ()),
    (
        RefreshKubeconfig("c", "1.38.1", "stale"),
        (("minikube", "update-context", "--profile", "c"),),
    ),
    (StopCluster("c", "1.38.1", "asked"), (("minikube", "stop", "--profile", "c"),)),
    (DeleteCluster("c", "0.25.0", "asked"), (("minikube", "delete", "--profile", "c"),)),
]


@pytest.mark.parametrize(("step", "lines"), OTHER_STEPS, ids=lambda value: type(value).__name__)
def test_every_other_step_names_its_cluster(step: Step, lines: tuple[tuple[str, ...], ...]) -> None:
    assert LINES(step) == lines


@pytest.mark.parametrize("kind", [StopCluster, DeleteCluster])
def test_units_that_minikube_leaves_running_are_stopped_before_it_and_their_containers_after(
    kind: type[StopCluster | DeleteCluster],
) -> None:
    own = LINES(kind("c", "0.25.0", "asked"))
    first, *middle, last = LINES(kind("c", "0.25.0", "asked", ("localkube",)))
    deleting = kind is DeleteCluster
    assert tuple(middle) == own
    assert first == ("systemctl", *(("disable", "--now") if deleting else ("stop",)), "localkube")
    assert "--filter label=io.kubernetes.pod.name | xargs -r " in last[-1]
    assert ("docker rm" in last[-1]) == deleting


def test_qemu_is_said_by_the_name_that_minikube_knows_on_every_system() -> None:
    assert "--driver=qemu2" in start("1.38.1", driver="qemu")


def test_only_the_driver_none_has_units_that_minikube_leaves_running() -> None:
    left = {name: each.services for name, each in CATALOGUE.drivers.items() if each.services}
    assert left == {"none": ("localkube",)}


def test_a_catalogue_without_releases_still_gives_command_lines() -> None:
    era = {"since": "1.0.0", "driver_flag": "driver", "status_args": ["status"]}
    lines = command_lines(Catalogue({"minikube": {"eras": [era]}}))
    ((*_, driver),) = lines(StartCluster("c", "docker", "1.2.3", "because"))
    assert driver == "--driver=docker"
