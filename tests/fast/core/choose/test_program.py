"""A program that the profile declares and that is not there is no reason to prove nothing."""

import pytest

from bootstrap.core.choose.choice import choose
from bootstrap.core.choose.program import program
from bootstrap.core.model.gate import Lack
from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ToolState
from tests.helpers.deciding.generated import knowledge
from tests.helpers.deciding.good_machine import ABSENT, DOCKER, VIRTUALBOX, host, profile_of, tool


@pytest.mark.parametrize(
    ("seen", "declared", "found"),
    [
        (tool("kubectl", "1.35.2"), ("1.35.2", Policy.INSTALL), "/usr/bin/kubectl"),
        (tool("kubectl"), ("1.35.2", Policy.INSTALL), Lack("kubectl is not found", "up")),
        (tool("kubectl"), ("1.35.2", Policy.REQUIRE), Lack("kubectl is not found", "install")),
        (
            tool("kubectl", "1.34.0"),
            ("1.35.2", Policy.INSTALL),
            Lack("kubectl 1.34.0 is not the declared 1.35.2", "up"),
        ),
        (
            tool("kubectl", "1.34.0"),
            ("1.35.2", Policy.REQUIRE),
            Lack("kubectl 1.34.0 is not the declared 1.35.2", "up"),
        ),
        (tool("kubectl", "1.34.0"), ("1.35.2", Policy.WARN), "/usr/bin/kubectl"),
        (
            tool("kubectl"),
            ("1.35.2", Policy.WARN),
            Lack("kubectl is not found, and the profile only warns of that"),
        ),
    ],
)
def test_only_by_its_policy_can_a_profile_do_without_what_it_declares(
    seen: ToolState, declared: tuple[str, Policy], found: str | Lack
) -> None:
    profile = profile_of(DOCKER, kubectl=declared)
    told = program(choose(profile, host(seen), knowledge()), "kubectl")
    if isinstance(found, Lack) and found.fix:
        assert isinstance(told, Lack)
        assert told.why == found.why
        assert found.fix in told.fix
    else:
        assert told == found


def test_what_is_not_declared_is_not_lacking() -> None:
    profile = profile_of(VIRTUALBOX, kubectl=("1.35.2", Policy.INSTALL))
    told = program(choose(profile, host(ABSENT), knowledge()), "docker")
    assert told == Lack("the profile declares no docker")


def test_a_tool_that_only_the_cluster_needs_is_run_where_it_is_there() -> None:
    profile = profile_of(DOCKER, kubectl=("1.35.2", Policy.INSTALL))
    there = choose(profile, host(tool("docker", "28.0.0")), knowledge())
    absent = choose(profile, host(ABSENT), knowledge())
    assert program(there, "docker") == "/usr/bin/docker"
    assert program(absent, "docker") == Lack("the profile declares no docker")
