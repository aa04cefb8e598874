"""Profile and host state → findings. Total: every state has findings, none raises."""

from bootstrap.core.judge.bringing import how_to_bring
from bootstrap.core.judge.choice import Choices, choose, in_store
from bootstrap.core.judge.cluster import fit_findings, state_findings
from bootstrap.core.judge.host import driver_findings, room_findings
from bootstrap.core.judge.kubeconfig import kubeconfig_findings
from bootstrap.core.judge.links import link_findings
from bootstrap.core.judge.packages import privilege_findings
from bootstrap.core.judge.tools import tool_findings
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.errors import Exit


def assess(
    profile: Profile, state: HostState, knowledge: Knowledge, request: Request
) -> tuple[Finding, ...]:
    """Findings in the order in which they are shown: tools, host, cluster."""
    choices = choose(profile, state, knowledge, request.trust)
    cluster = None if request.tools_only else profile.cluster
    if cluster is None:
        return (
            *_tools(profile, choices, ()),
            *_offline(choices, state, request),
            *privilege_findings(profile, choices, state, request),
            *link_findings(profile, choices, state, request),
        )
    driver, why = pick_driver(profile, cluster, state, choices, knowledge)
    needs = knowledge.catalogue.drivers[driver]
    return (
        *_tools(profile, choices, ("minikube", *needs.tools)),
        *_offline(choices, state, request),
        *privilege_findings(profile, choices, state, request),
        *link_findings(profile, choices, state, request),
        *_several_drivers(cluster, driver, why),
        *driver_findings(needs, profile, state, choices),
        *room_findings(cluster, state),
        *fit_findings(profile, cluster, choices, knowledge),
        *state_findings(profile, cluster, state.cluster, driver, choices, knowledge),
        *kubeconfig_findings(profile, cluster, state.cluster, request),
    )


def pick_driver(
    profile: Profile,
    cluster: ClusterSpec,
    state: HostState,
    choices: Choices,
    knowledge: Knowledge,
) -> tuple[str, str]:
    """The driver and why: the existing cluster's if listed, else the first without a blocker."""
    if len(cluster.drivers) == 1:
        return cluster.drivers[0], "the profile names it"
    existing = state.cluster.record.driver if state.cluster else None
    if existing in cluster.drivers:
        return str(existing), "the cluster exists with it"
    for driver in cluster.drivers:
        if not _blocked(driver, profile, state, choices, knowledge):
            return driver, "the first of the profile's that this machine can have"
    return cluster.drivers[0], "the profile's first; this machine can have none of them"


def _blocked(
    driver: str, profile: Profile, state: HostState, choices: Choices, knowledge: Knowledge
) -> bool:
    needs = knowledge.catalogue.drivers[driver]
    findings = list(driver_findings(needs, profile, state, choices))
    for tool in needs.tools:
        findings.extend(tool_findings(choices[tool], profile, needed=True))
    return any(finding.blocks for finding in findings)


def _several_drivers(cluster: ClusterSpec, driver: str, why: str) -> tuple[Finding, ...]:
    if len(cluster.drivers) == 1:
        return ()
    message = f"{driver}, of {', '.join(cluster.drivers)}: {why}"
    return (Finding(Group.HOST, "driver", Status.OK, "driver-chosen", message),)


def _tools(profile: Profile, choices: Choices, needed: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(
        finding
        for name, choice in choices.items()
        for finding in tool_findings(choice, profile, needed=name in needed)
    )


def _offline(choices: Choices, state: HostState, request: Request) -> tuple[Finding, ...]:
    """Under --offline everything that would have to be downloaded, in one finding."""
    missing = [
        choice.artifact
        for choice in choices.values()
        if choice.artifact
        and not in_store(choice.artifact, state.stored)
        and choice.artifact.digest not in state.brought
    ]
    packages = [name for each in choices.values() if each.offer for name in each.offer.packages]
    if not request.offline or not (missing or packages):
        return ()
    names = ", ".join([*(f"{each.tool} {each.version}" for each in missing), *packages])
    return (
        Finding(
            Group.TOOLS,
            "offline",
            Status.FAIL,
            "offline-and-missing",
            f"--offline, and not in the store: {names}",
            items=tuple(line for each in missing for line in how_to_bring(each, state.drop_folder)),
            fix="put the files there by hand, or leave --offline out once, with a network",
            blocks=Exit.OFFLINE_MISSING,
            blocks_tools=True,
        ),
    )
