"""Profile and host state → findings. Total: every state has findings, none raises."""

from bootstrap.core.choose.bringing import how_to_bring
from bootstrap.core.choose.case import Case
from bootstrap.core.choose.choice import in_store
from bootstrap.core.judge.cluster import fit_findings, state_findings
from bootstrap.core.judge.host import driver_findings, own_settings, room_findings
from bootstrap.core.judge.kubeconfig import kubeconfig_findings
from bootstrap.core.judge.links import link_findings
from bootstrap.core.judge.packages import privilege_findings
from bootstrap.core.judge.proof import proof_finding
from bootstrap.core.judge.signs import sign_findings
from bootstrap.core.judge.tools import tool_findings
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import ClusterSpec
from bootstrap.errors import Exit


def assess(case: Case) -> tuple[Finding, ...]:
    """Findings in the order in which they are shown: tools, host, cluster."""
    cluster = None if case.request.tools_only else case.profile.cluster
    if cluster is None:
        return _of_tools(case, ())
    driver, why = pick_driver(cluster, case)
    needs = case.knowledge.catalogue.drivers[driver]
    return (
        *_of_tools(case, ("minikube", *needs.tools)),
        *_several_drivers(cluster, driver, why),
        *driver_findings(needs, case),
        *room_findings(cluster, case.state),
        *own_settings(cluster, case.state),
        *fit_findings(cluster, case),
        *state_findings(cluster, driver, case),
        *sign_findings(case),
        *proof_finding(case),
        *kubeconfig_findings(cluster, case),
    )


def _of_tools(case: Case, needed: tuple[str, ...]) -> tuple[Finding, ...]:
    return (
        *_tools(case, needed),
        *_offline(case),
        *privilege_findings(case),
        *link_findings(case),
    )


def pick_driver(cluster: ClusterSpec, case: Case) -> tuple[str, str]:
    """The driver and why: the existing cluster's if listed, else the first without a blocker."""
    if len(cluster.drivers) == 1:
        return cluster.drivers[0], "the profile names it"
    seen = case.state.cluster
    existing = seen.record.driver if seen else None
    if existing in cluster.drivers:
        return str(existing), "the cluster exists with it"
    for driver in cluster.drivers:
        if not _blocked(driver, case):
            return driver, "the first of the profile's that this machine can have"
    return cluster.drivers[0], "the profile's first; this machine can have none of them"


def _blocked(driver: str, case: Case) -> bool:
    needs = case.knowledge.catalogue.drivers[driver]
    findings = list(driver_findings(needs, case))
    for tool in needs.tools:
        findings.extend(tool_findings(case.choices[tool], case.profile, needed=True))
    return any(finding.blocks for finding in findings)


def _several_drivers(cluster: ClusterSpec, driver: str, why: str) -> tuple[Finding, ...]:
    if len(cluster.drivers) == 1:
        return ()
    message = f"{driver}, of {', '.join(cluster.drivers)}: {why}"
    return (Finding(Group.HOST, "driver", Status.OK, "driver-chosen", message),)


def _tools(case: Case, needed: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(
        finding
        for name, choice in case.choices.items()
        for finding in tool_findings(choice, case.profile, needed=name in needed)
    )


def _offline(case: Case) -> tuple[Finding, ...]:
    """Under --offline everything that would have to be downloaded, in one finding."""
    state = case.state
    missing = [
        choice.artifact
        for choice in case.choices.values()
        if choice.artifact
        and not in_store(choice.artifact, state.stored)
        and choice.artifact.digest not in state.brought
    ]
    offers = [each.offer for each in case.choices.values() if each.offer]
    packages = [name for offer in offers for name in offer.packages]
    if not case.request.offline or not (missing or packages):
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
