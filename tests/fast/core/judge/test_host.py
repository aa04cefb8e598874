"""What the driver needs of the machine, and which driver is taken."""

from typing import Any

import pytest

from bootstrap.core.model.finding import Status
from bootstrap.core.model.profile import ClusterSpec
from bootstrap.core.model.state import (
    HostState,
)
from bootstrap.core.model.step import StartCluster
from bootstrap.errors import Exit
from tests.helpers.deciding.good_machine import (
    ABSENT,
    DOCKER,
    UNKNOWN,
    finding,
    host,
    judged,
    planned,
    profile_of,
    running,
    tool,
)


@pytest.mark.parametrize(
    ("driver", "state", "reason", "blocks"),
    [
        ("docker", host(root=True), "must-not-be-root", Exit.HOST_UNFIT),
        ("docker", host(), "is-not-root", None),
        ("none", host(), "needs-root", Exit.NEEDS_PRIVILEGE),
        ("none", host(root=True), "is-root", None),
        ("virtualbox", host(virtualisation="yes"), "cpu-virtualises", None),
        ("virtualbox", host(virtualisation="no"), "cpu-does-not-virtualise", Exit.HOST_UNFIT),
        ("virtualbox", host(virtualisation="no /proc"), "could-not-tell", Exit.HOST_UNFIT),
        ("virtualbox", host(arch="arm64"), "driver-not-on-platform", Exit.HOST_UNFIT),
        ("vfkit", host(), "driver-not-on-platform", Exit.HOST_UNFIT),
        (
            "docker",
            host(tool("docker", "18.06.0-ce")),
            "tool-too-old-for-driver",
            Exit.HOST_UNFIT,
        ),
    ],
)
def test_what_the_driver_needs_of_the_machine_is_judged_before_anything_is_done(
    driver: str, state: HostState, reason: str, blocks: Exit | None
) -> None:
    found = judged(profile_of(ClusterSpec("work", (driver,))), state)
    (match,) = [each for each in found if each.reason == reason]
    assert match.blocks is blocks
    assert (match.status is Status.OK) == (blocks is None)


def test_a_driver_that_the_release_does_not_have_is_the_profiles_mistake() -> None:
    state = host(tool("minikube"))
    found = judged(profile_of(DOCKER, minikube="0.25"), state)
    assert [each.blocks for each in found if each.reason == "driver-not-in-release"] == [
        Exit.PROFILE_INVALID
    ]


@pytest.mark.parametrize(
    ("size", "status", "blocks"),
    [
        ({"cpus": 64}, Status.FAIL, Exit.HOST_UNFIT),
        ({"memory_mib": 65536}, Status.FAIL, Exit.HOST_UNFIT),
        ({"disk_mib": 900_000}, Status.WARN, None),
        ({"cpus": 8}, Status.OK, None),
        ({"memory_mib": 16384}, Status.OK, None),
    ],
)
def test_a_size_that_the_machine_does_not_have_blocks_except_a_disk_that_grows(
    size: dict[str, int], status: Status, blocks: Exit | None
) -> None:
    found = judged(profile_of(DOCKER._replace(**size)), host())  # type: ignore[arg-type]
    (match,) = [each for each in found if each.reason in ("enough", "not-enough")]
    assert (match.status, match.blocks) == (status, blocks)


BOTH = ClusterSpec("work", ("docker", "virtualbox"))


@pytest.mark.parametrize(
    ("state", "driver", "why"),
    [
        (host(), "docker", "the first of the profile's that this machine can have"),
        (host(ABSENT), "virtualbox", "the first of the profile's that this machine can have"),
        (host(root=True), "virtualbox", "the first of the profile's that this machine can have"),
        (host(UNKNOWN), "virtualbox", "the first of the profile's that this machine can have"),
        (
            host(cluster=running(driver="virtualbox")),
            "virtualbox",
            "the cluster exists with it",
        ),
        (
            host(ABSENT, virtualisation="no"),
            "docker",
            "the profile's first; this machine can have none of them",
        ),
    ],
)
def test_of_several_drivers_the_existing_one_is_kept_else_the_first_that_can_be(
    state: HostState, driver: str, why: str
) -> None:
    found = finding("driver", profile_of(BOTH), state)
    assert found.message == f"{driver}, of docker, virtualbox: {why}"
    starts = [s for s in planned(profile_of(BOTH), state).steps if isinstance(s, StartCluster)]
    assert [step.driver for step in starts] in ([], [driver])


def about_own(state: HostState, **declared: Any) -> list[tuple[str, str]]:
    found = judged(profile_of(DOCKER._replace(**declared)), state)
    own = ("setting-beside-profile", "variable-not-passed")
    assert all(each.blocks is None for each in found if each.reason in own)
    return [(each.reason, each.fix) for each in found if each.reason in own]


def test_minikubes_own_settings_that_take_effect_beside_the_profile_are_told() -> None:
    state = host()._replace(settings={"memory": "4096", "container-runtime": "cri-o", "v": "3"})
    told = [("setting-beside-profile", f"minikube config unset {key}") for key in state.settings]
    assert about_own(state) == told[:2]
    assert about_own(state, memory_mib=2048) == told[1:2]


def test_a_variable_of_minikubes_that_is_not_passed_on_is_told() -> None:
    seen = {
        "MINIKUBE_DRIVER": "(ignored)",
        "MINIKUBE_HOME": "/x",
        "DOCKER_API_VERSION": "(ignored)",
    }
    state = host()._replace(environment=seen | {"MINIKUBE_ACTIVE_DOCKERD": "(ignored)"})
    assert about_own(state) == [("variable-not-passed", "unset MINIKUBE_DRIVER")]
