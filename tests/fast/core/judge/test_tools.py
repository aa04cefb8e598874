"""A tool that is absent, wrong or unknown: judged by the policy and by need."""

import pytest

from bootstrap.core.model.finding import Status
from bootstrap.core.model.profile import ClusterSpec, Policy
from bootstrap.core.model.state import (
    ToolState,
)
from bootstrap.core.model.step import InstallArtifact
from bootstrap.errors import Exit
from tests.helpers.deciding.good_machine import (
    ABSENT,
    DOCKER,
    UNKNOWN,
    VIRTUALBOX,
    WRONG,
    finding,
    host,
    judged,
    planned,
    profile_of,
    tool,
)

NAMELESS = tool("docker", "x")._replace(version="")


@pytest.mark.parametrize(
    ("seen", "policy", "needed", "status", "reason", "blocks"),
    [
        (ABSENT, Policy.WARN, False, Status.WARN, "not-found", None),
        (ABSENT, Policy.WARN, True, Status.FAIL, "not-found", Exit.HOST_UNFIT),
        (ABSENT, Policy.REQUIRE, False, Status.FAIL, "not-found", Exit.POLICY_DENIES),
        (ABSENT, Policy.REQUIRE, True, Status.FAIL, "not-found", Exit.HOST_UNFIT),
        (ABSENT, Policy.INSTALL, False, Status.FAIL, "not-found", Exit.NOT_OFFERED),
        (ABSENT, Policy.INSTALL, True, Status.FAIL, "not-found", Exit.NOT_OFFERED),
        (WRONG, Policy.WARN, False, Status.WARN, "wrong-version", None),
        (WRONG, Policy.WARN, True, Status.WARN, "wrong-version", None),
        (WRONG, Policy.REQUIRE, False, Status.FAIL, "wrong-version", Exit.POLICY_DENIES),
        (WRONG, Policy.REQUIRE, True, Status.FAIL, "wrong-version", Exit.POLICY_DENIES),
        (WRONG, Policy.INSTALL, True, Status.FAIL, "wrong-version", Exit.NOT_OFFERED),
        (UNKNOWN, Policy.WARN, False, Status.UNKNOWN, "could-not-tell", None),
        (UNKNOWN, Policy.WARN, True, Status.UNKNOWN, "could-not-tell", Exit.HOST_UNFIT),
        (UNKNOWN, Policy.INSTALL, True, Status.UNKNOWN, "could-not-tell", Exit.HOST_UNFIT),
        (UNKNOWN, Policy.REQUIRE, True, Status.UNKNOWN, "could-not-tell", Exit.HOST_UNFIT),
        (NAMELESS, Policy.WARN, False, Status.UNKNOWN, "could-not-tell", None),
        (NAMELESS, Policy.WARN, True, Status.UNKNOWN, "could-not-tell", Exit.HOST_UNFIT),
    ],
)
def test_a_tool_of_the_system_is_judged_by_policy_and_by_need(
    seen: ToolState,
    policy: Policy,
    needed: bool,
    status: Status,
    reason: str,
    blocks: Exit | None,
) -> None:
    cluster = DOCKER if needed else VIRTUALBOX
    found = finding("docker", profile_of(cluster, docker=(">=20.10", policy)), host(seen))
    assert (found.status, found.reason, found.blocks) == (status, reason, blocks)


@pytest.mark.parametrize(
    ("seen", "wanted", "policy", "status", "blocks", "installs"),
    [
        (tool("kubectl"), "1.35.2", Policy.INSTALL, Status.DRIFT, None, "1.35.2"),
        (tool("kubectl", "1.9.3"), "1.35.2", Policy.INSTALL, Status.DRIFT, None, "1.35.2"),
        (tool("kubectl"), "1.35", Policy.INSTALL, Status.DRIFT, None, "1.35.2"),
        (tool("kubectl"), "99.1", Policy.INSTALL, Status.FAIL, Exit.POLICY_DENIES, None),
        (tool("kubectl", "1.9.3"), "1.35", Policy.WARN, Status.WARN, None, None),
        (tool("kubectl"), "1.35", Policy.WARN, Status.WARN, None, None),
        (tool("kubectl"), "1.35", Policy.REQUIRE, Status.FAIL, Exit.POLICY_DENIES, None),
        (tool("kubectl", "1.35.9"), "1.35", Policy.INSTALL, Status.OK, None, None),
        (tool("kubectl", "1.35.9+k3s1"), "1.35", Policy.INSTALL, Status.OK, None, None),
        (tool("kubectl", "1.35.2-rc.0"), "1.35", Policy.INSTALL, Status.DRIFT, None, "1.35.2"),
        (tool("kubectl", failure="x"), "1.35", Policy.INSTALL, Status.UNKNOWN, None, None),
    ],
)
def test_a_tool_that_kboot_can_install_is_installed_only_when_the_policy_says_so(
    seen: ToolState,
    wanted: str,
    policy: Policy,
    status: Status,
    blocks: Exit | None,
    installs: str | None,
) -> None:
    profile = profile_of(kubectl=(wanted, policy))
    found = finding("kubectl", profile, host(seen))
    assert (found.status, found.blocks, found.wanted) == (status, blocks, wanted)
    steps = planned(profile, host(seen)).steps
    versions = [step.artifact.version for step in steps if isinstance(step, InstallArtifact)]
    assert versions == ([installs] if installs else [])


def test_the_tutorials_prefix_installs_the_release_whose_digest_is_shipped() -> None:
    (step,) = planned(profile_of(minikube="0.25"), host(tool("minikube"))).steps
    assert isinstance(step, InstallArtifact) and step.artifact.version == "0.25.0"


@pytest.mark.parametrize(
    ("wanted", "policy", "status", "blocks"),
    [
        (">=0.15", Policy.INSTALL, Status.DRIFT, None),
        (">=0.15", Policy.WARN, Status.FAIL, Exit.HOST_UNFIT),
        (">=0.15", Policy.REQUIRE, Status.FAIL, Exit.HOST_UNFIT),
        ("0.15", Policy.INSTALL, Status.FAIL, Exit.HOST_UNFIT),
    ],
)
@pytest.mark.parametrize("version", ["0.15.0", "0.19.1"])
def test_a_minikube_that_no_cluster_is_made_with_is_not_as_declared(
    version: str, wanted: str, policy: Policy, status: Status, blocks: Exit | None
) -> None:
    state = host(tool("minikube", version))
    if wanted == "0.15":
        wanted = version
    found = finding("minikube", profile_of(DOCKER, minikube=(wanted, policy)), state)
    assert (found.status, found.reason, found.blocks) == (status, "minikube-too-old", blocks)
    assert "before 0.20.0" in found.detail
    alone = finding("minikube", profile_of(minikube=(wanted, policy)), state)
    assert alone.status is Status.OK


def test_the_first_minikube_whose_command_lines_are_known_is_as_declared() -> None:
    state = host(tool("minikube", "0.20.0"))
    assert finding("minikube", profile_of(VIRTUALBOX, minikube="0.20"), state).status is Status.OK


def test_a_tool_that_was_not_looked_at_is_unknown() -> None:
    state = host()
    found = finding("minikube", profile_of(), state._replace(tools={}))
    assert (found.status, found.reason) == (Status.UNKNOWN, "could-not-tell")


def test_the_first_of_several_on_path_is_named_as_such() -> None:
    seen = tool("kubectl", "1.35.2")._replace(candidates=("/usr/bin/kubectl", "/opt/kubectl"))
    assert "first of 2 on PATH" in finding("kubectl", profile_of(kubectl="1"), host(seen)).detail


@pytest.mark.parametrize(
    ("seen", "cluster", "status", "reason", "blocks"),
    [
        (
            tool("docker", "28.2.2", facts={"engine_error": "Cannot connect"}),
            DOCKER,
            Status.FAIL,
            "engine-down",
            Exit.HOST_UNFIT,
        ),
        (
            tool("docker", "28.2.2", facts={"engine_error": "Cannot connect"}),
            VIRTUALBOX,
            Status.WARN,
            "engine-down",
            None,
        ),
        (
            tool("docker", "5.0.0", facts={"engine_error": "this docker is Podman"}),
            DOCKER,
            Status.FAIL,
            "docker-is-podman",
            Exit.HOST_UNFIT,
        ),
        (
            tool("virtualbox", "7.2.22r1", facts={"module": "missing"}),
            VIRTUALBOX,
            Status.FAIL,
            "vbox-module-missing",
            Exit.HOST_UNFIT,
        ),
    ],
)
def test_a_tool_that_is_of_no_use_blocks_the_driver_that_needs_it_and_no_other(
    seen: ToolState, cluster: ClusterSpec, status: Status, reason: str, blocks: Exit | None
) -> None:
    profile = profile_of(cluster, docker="28", virtualbox="7")
    found = next(each for each in judged(profile, host(seen)) if each.reason == reason)
    assert (found.subject, found.status, found.blocks) == (seen.name, status, blocks)


@pytest.mark.parametrize("seen", [WRONG, ABSENT], ids=["wrong", "absent"])
def test_what_the_profile_requires_stops_tools_only_too(seen: ToolState) -> None:
    profile = profile_of(DOCKER, docker=(">=20.10", Policy.REQUIRE))
    (blocker,) = planned(profile, host(seen), tools_only=True).blockers
    assert blocker.blocks is Exit.POLICY_DENIES


def test_what_only_the_cluster_needs_does_not_stop_tools_only() -> None:
    result = planned(profile_of(DOCKER), host(ABSENT, tool("minikube")), tools_only=True)
    assert not result.blockers and [type(step) for step in result.steps] == [InstallArtifact]


def test_offline_names_every_file_that_is_missing_with_its_digest() -> None:
    state = host(tool("minikube"), tool("kubectl"))
    found = finding("offline", profile_of(kubectl="1.35.2"), state, offline=True)
    assert found.blocks is Exit.OFFLINE_MISSING and found.status is Status.FAIL
    assert "minikube 1.38.1, kubectl 1.35.2" in found.message
    assert " ".join(found.items).count("sha256") == 2


def test_a_minimum_is_itself_enough() -> None:
    found = judged(profile_of(DOCKER), host(tool("docker", "18.09.0")))
    assert not [each for each in found if each.reason == "tool-too-old-for-driver"]
