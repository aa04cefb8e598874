"""System packages: what is planned with what a manager offers, and what is refused."""

from typing import Any

import pytest

from bootstrap.core.model.finding import Status
from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ClusterState, Machine, Power
from bootstrap.core.model.step import RunPackages, verb
from bootstrap.core.plan.up import Plan
from bootstrap.core.result.exit_codes import doctor_exit
from bootstrap.errors import Exit
from tests.helpers.deciding.good_machine import (
    DOCKER,
    finding,
    host,
    judged,
    planned,
    profile_of,
    tool,
)

OLD = "20.10.24+dfsg1-1+deb12u1+b6"
NEW = "26.1.5+dfsg1-9+b9"
ENGINE = ("docker.io",)
APT_LINES = (
    ("apt-get", "update"),
    ("apt-get", "install", "-y", "--install-recommends", "--no-remove", "docker.io"),
    ("systemctl", "enable", "--now", "docker"),
)
DOWN = {"engine_error": "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."}


def plan_for(wanted: str, *, root: bool = True, seen: Any = None, **others: Any) -> Plan:
    profile = profile_of(docker=(wanted, Policy.INSTALL))
    request = {key: others.pop(key) for key in ("allow_sudo", "offline") if key in others}
    packaged = {"package_manager": "apt", "offered": {"docker": OLD}, "systemd": True, **others}
    state = host(seen or tool("docker"), root=root, **packaged)
    return planned(profile, state, tools_only=True, **request)


def only_step(plan: Plan) -> RunPackages:
    (step,) = plan.steps
    assert isinstance(step, RunPackages)
    return step


def test_an_offered_version_that_fits_is_installed_with_the_exact_lines() -> None:
    plan = plan_for("20.10")
    assert not plan.blockers
    step = only_step(plan)
    assert (step.packages, step.version, step.commands) == (ENGINE, OLD, APT_LINES)
    assert step.subject == f"docker {OLD} (apt)"


def test_what_a_package_recommends_comes_with_it_whatever_the_machine_is_set_to() -> None:
    # docker.io of Debian 13 only recommends docker-cli, without which there is no docker to run.
    _, install, _ = only_step(plan_for("20.10")).commands
    assert "--install-recommends" in install and "--no-install-recommends" not in install


def test_without_systemd_no_service_is_started() -> None:
    assert only_step(plan_for("20.10", systemd=False)).commands == APT_LINES[:2]


def test_a_version_that_is_not_offered_blocks_with_51_and_names_what_is() -> None:
    plan = plan_for(">=26")
    (blocker,) = plan.blockers
    assert blocker.blocks is Exit.NOT_OFFERED and blocker.blocks_tools
    assert OLD in blocker.detail and ">=26" in blocker.detail
    assert plan.steps == ()


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"offered": {"docker": ""}}, "apt offers no docker.io"),
        ({"package_manager": ""}, "none of the package managers"),
        ({"package_manager": "brew"}, "no package of brew that is docker"),
    ],
)
def test_nothing_on_offer_blocks_with_51(machine: dict[str, Any], said: str) -> None:
    (blocker,) = plan_for("20.10", **machine).blockers
    assert blocker.blocks is Exit.NOT_OFFERED
    assert said in blocker.detail
    assert "docs.docker.com" in blocker.fix


def test_lists_that_were_never_fetched_are_fetched_before_the_version_is_judged() -> None:
    step = only_step(plan_for("20.10", offered={}))
    assert (step.version, step.accepts) == ("", "20.10")
    assert step.commands == APT_LINES


def test_who_is_not_root_is_told_the_lines_that_root_runs() -> None:
    plan = plan_for("20.10", root=False)
    (blocker,) = plan.blockers
    assert blocker.blocks is Exit.NEEDS_PRIVILEGE and blocker.blocks_tools
    assert " && ".join(" ".join(line) for line in APT_LINES) in blocker.fix
    assert "up --allow-sudo work.toml" in blocker.fix
    assert only_step(plan).commands == APT_LINES, "a blocked plan still shows its steps"


def test_sudo_is_used_only_when_the_person_allows_it() -> None:
    plan = plan_for("20.10", root=False, allow_sudo=True)
    assert not plan.blockers
    assert only_step(plan).commands == tuple(("sudo", "-n", *line) for line in APT_LINES)
    assert only_step(plan_for("20.10", root=True, allow_sudo=True)).commands == APT_LINES


def test_an_engine_that_is_installed_and_stopped_is_only_started() -> None:
    step = only_step(
        plan_for("20.10", seen=tool("docker", "20.10.24", facts=DOWN), services=("docker",))
    )
    assert step.commands == APT_LINES[2:]
    assert (verb(step), step.subject) == ("start", "service docker")


def test_a_client_without_an_engine_gets_the_package() -> None:
    step = only_step(plan_for("20.10", seen=tool("docker", "20.10.24", facts=DOWN)))
    assert step.commands == APT_LINES


def test_an_engine_elsewhere_is_not_started_here() -> None:
    facts = {"engine_error": "Cannot connect to the Docker daemon at tcp://192.0.2.1:2375."}
    plan = plan_for("20.10", seen=tool("docker", "20.10.24", facts=facts), services=("docker",))
    assert plan.steps == ()


def test_a_tool_that_fits_is_adopted_whatever_is_offered() -> None:
    plan = plan_for(">=20.10", seen=tool("docker", "28.2.2"), offered={"docker": NEW})
    assert plan.steps == () and plan.blockers == ()


def test_offline_no_package_is_installed() -> None:
    blockers = plan_for("20.10", offline=True).blockers
    assert [each.blocks for each in blockers] == [Exit.OFFLINE_MISSING]
    assert "docker.io" in blockers[0].message


def test_the_finding_says_what_a_person_must_still_do() -> None:
    machine: dict[str, Any] = {"package_manager": "apt", "root": True, "systemd": True}
    profile = profile_of(docker=("20.10", Policy.INSTALL), virtualbox=("7", Policy.INSTALL))
    offered = {"docker": OLD, "virtualbox": "7.0.20-dfsg-1"}
    state = host(tool("docker"), tool("virtualbox"), offered=offered, **machine)
    docker, virtualbox = (
        finding(name, profile, state, tools_only=True) for name in ("docker", "virtualbox")
    )
    assert docker.status is virtualbox.status is Status.DRIFT
    assert "usermod -aG docker" in docker.detail
    assert "vboxdrv" in virtualbox.detail


FORBIDDEN = {"engine_error": "permission denied while trying to connect to the Docker API"}


@pytest.mark.parametrize(
    ("facts", "reason"), [(FORBIDDEN, "engine-forbidden"), (DOWN, "engine-down")]
)
def test_an_engine_of_no_use_is_a_warning_until_a_driver_needs_it(
    facts: dict[str, str], reason: str
) -> None:
    """`install` asks for the package, and it is there, at the version that its client says.

    An image is baked where no service runs, and who may be in the group docker is a person's
    decision: neither may end `up --tools-only` with 1. The warning is shown all the same.
    """
    seen = tool("docker", "20.10.24", facts=facts)
    machine = host(seen, package_manager="apt", offered={"docker": OLD}, services=("docker",))
    idle = profile_of(docker=("20.10", Policy.INSTALL))
    found = judged(idle, machine)
    assert [(each.status, each.reason) for each in found if each.subject == "docker"] == [
        (Status.OK, "as-declared"),
        (Status.WARN, reason),
    ]
    assert doctor_exit(found) is Exit.CONVERGED
    assert planned(idle, machine).steps == ()
    needed = profile_of(DOCKER, docker=("20.10", Policy.INSTALL))
    (blocker,) = planned(needed, machine).blockers
    assert (blocker.reason, blocker.blocks) == (reason, Exit.HOST_UNFIT)


@pytest.mark.parametrize(("policy", "blocked"), [(Policy.INSTALL, False), (Policy.WARN, True)])
def test_an_engine_that_a_step_starts_is_started_before_its_clusters_are_asked_of(
    policy: Policy, blocked: bool
) -> None:
    failure = "its container engine could not be asked: no engine answers"
    unasked = ClusterState("work", Power.UNKNOWN, failure=failure, machine=Machine(failure="no"))
    seen = tool("docker", "20.10.24", facts=DOWN)
    machine = {"systemd": True, "services": ("docker",), "package_manager": "apt"}
    state = host(seen, cluster=unasked, root=False, **machine)
    profile = profile_of(DOCKER, docker=("20.10", policy))
    plan = planned(profile, state, allow_sudo=True)
    assert bool(plan.blockers) == blocked
    told = finding("work", profile, state, allow_sudo=True).reason
    assert told == ("could-not-tell" if blocked else "engine-first")
    assert blocked or [type(step) for step in plan.steps] == [RunPackages]
