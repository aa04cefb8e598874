"""A good machine and a small profile, to be spoiled in one place by each test."""

from typing import Any

from bootstrap.core.choose.case import case_of
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.finding import Finding
from bootstrap.core.model.gate import GATE_IDS
from bootstrap.core.model.profile import ClusterSpec, Policy, Profile, Requirement, VerifySpec
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import (
    ApiLook,
    ClusterRecord,
    ClusterState,
    HostState,
    Kubeconfig,
    Power,
    ToolState,
)
from bootstrap.core.plan.up import Plan, plan
from tests.helpers.deciding.generated import every_program, knowledge

DOCKER = ClusterSpec("work", ("docker",))
VIRTUALBOX = ClusterSpec("work", ("virtualbox",))


def profile_of(
    cluster: ClusterSpec | None = None, /, **versions: str | tuple[str, Policy]
) -> Profile:
    """`kubectl="1.9.3"` with the tool's own policy, or `kubectl=("1.9.3", Policy.WARN)`."""
    asked: dict[str, str | tuple[str, Policy]] = {"minikube": "1.38.1", **versions}
    requirements = []
    for name, wanted in asked.items():
        default = knowledge().tool(name).default_policy
        version, policy = wanted if isinstance(wanted, tuple) else (wanted, default)
        requirements.append(Requirement(name, version, policy))
    return Profile(
        "work", "", tuple(requirements), cluster, VerifySpec(GATE_IDS, 300.0), argument="work.toml"
    )


def tool(name: str, version: str = "", **others: Any) -> ToolState:
    """As found under /usr/bin, or as not found when `version` is empty."""
    if not version and not others:
        return ToolState(name)
    return ToolState(name, f"/usr/bin/{name}", (f"/usr/bin/{name}",), version, **others)


def running(server: str = "v1.35.1", **record: Any) -> ClusterState:
    api = ApiLook("", server, "uid", 1, 1)
    return ClusterState(
        "work", Power.RUNNING, ClusterRecord(**record), Kubeconfig.CURRENT, api, "Running"
    )


def host(*tools: ToolState, cluster: ClusterState | None = None, **others: Any) -> HostState:
    """A good machine with today's tools and no cluster; named tools take the others' place."""
    seen = {
        "minikube": tool("minikube", "1.38.1"),
        "kubectl": tool("kubectl", "1.35.2"),
        "docker": tool("docker", "28.2.2"),
        "virtualbox": tool("virtualbox", "7.2.22r170000"),
    }
    seen |= {each.name: each for each in tools}
    made = HostState(
        "linux",
        "amd64",
        "on paper",
        8,
        16384,
        100_000,
        False,
        "yes",
        seen,
        cluster or ClusterState("work"),
        programs=every_program(),
    )
    return made._replace(**others)


def judged(
    profile: Profile, state: HostState, request: Request | None = None
) -> tuple[Finding, ...]:
    return assess(case_of(profile, state, knowledge(), request or Request()))


def finding(subject: str, profile: Profile, state: HostState, **request: Any) -> Finding:
    """The first finding on that subject."""
    found = judged(profile, state, Request(**request))
    return next(each for each in found if each.subject == subject)


def planned(profile: Profile, state: HostState, **request: Any) -> Plan:
    asked = Request(**request)
    return plan(case_of(profile, state, knowledge(), asked), judged(profile, state, asked))


ABSENT, WRONG = tool("docker"), tool("docker", "17.12.1-ce")
UNKNOWN = tool("docker", failure="it did not answer within 5 s")
SILENT = ApiLook(failure="connection refused")
