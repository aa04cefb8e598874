"""Signs of a running cluster: do they contradict what gates prove by use?"""

from collections.abc import Iterator
from typing import NamedTuple

from bootstrap.core.choose.case import Case
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import GateStatus, selected
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import ApiLook, ClusterState

_LOOK = "kboot exec -- kubectl -n kube-system describe pods -l tier=control-plane"
_CORDONED = "kboot exec -- kubectl uncordon {}, or take its taint away"


class Contradiction(NamedTuple):
    """`gate`: the first that cannot be passed as things are."""

    gate: str
    reason: str
    message: str
    fix: str = ""
    """Empty: the gate itself says what mends it."""


def contradictions(seen: ClusterState, gates: tuple[str, ...]) -> tuple[Contradiction, ...]:
    """What is not so of a cluster that answers, though these gates and their needs demand it."""
    if seen.api.failure:
        return ()
    asked = {gate.id for gate in selected(gates)}
    return tuple(each for each in _contradictions(seen.api) if each.gate in asked)


def is_contradicted(seen: ClusterState, gates: tuple[str, ...]) -> bool:
    """Whether what was proven of these gates cannot be so any more."""
    return bool(contradictions(seen, gates)) or not all(each.fine for each in seen.looks)


def _contradictions(api: ApiLook) -> Iterator[Contradiction]:
    signs = api.signs
    if signs.stopped:
        message = f"{' and '.join(signs.stopped)} does not run, so no new pod starts"
        yield Contradiction("dns", "control-plane-stopped", message, _LOOK)
    if 0 < api.nodes_total == len(signs.closed):
        message = f"no node takes new pods: {', '.join(signs.closed)} is cordoned or tainted"
        fix = _CORDONED.format(signs.closed[0])
        yield Contradiction("dns", "nodes-closed", message, fix)
    if signs.dns is False:
        message = "kube-system has no Service labelled k8s-app=kube-dns, so no name resolves"
        yield Contradiction("dns", "dns-service-missing", message)
    elif signs.dns_servers == 0:
        message = "no pod behind the Service of DNS is ready, so no name resolves"
        yield Contradiction("dns", "dns-not-ready", message)
    if signs.storage == "":
        message = "there is no default StorageClass, so a claim that names none is never bound"
        yield Contradiction("storage", "storageclass-missing", message)


def sign_findings(case: Case) -> tuple[Finding, ...]:
    """What a look at the cluster found amiss, about the gate that will have the last word on it."""
    seen, profile = case.state.cluster, case.profile
    if seen is None:
        return ()
    verify = f"{profile.command_line('verify')} tries it, and says what mends it"
    found = (
        _finding(each.gate, each.reason, each.message, fix=profile.addressed(each.fix) or verify)
        for each in contradictions(seen, profile.verify.gates)
    )
    return (*_looks(seen, profile, verify), *found)


def _looks(seen: ClusterState, profile: Profile, verify: str) -> Iterator[Finding]:
    for result in seen.looks:
        if result.fine or (result.gate == "nodes" and seen.api.nodes_ready < seen.api.nodes_total):
            continue  # what nodes lack is told with the cluster itself
        # A look is one question: an answer that did not come, or may not be had, tells nothing.
        asked = result.status is GateStatus.FAILED and not result.reason.startswith("api-")
        yield _finding(
            result.gate,
            result.reason,
            f"{result.message}: {result.why}",
            fix=profile.addressed(result.fix) or verify,
            status=Status.FAIL if asked else Status.UNKNOWN,
        )


def _finding(
    gate: str, reason: str, message: str, *, fix: str, status: Status = Status.FAIL
) -> Finding:
    return Finding(Group.CLUSTER, f"gate {gate}", status, reason, message, fix=fix)


def superseded(finding: Finding, passed: set[str]) -> bool:
    """A look is old news once the gate that it is about has passed; so is that none had."""
    if finding.reason == "nodes-not-ready":
        return "nodes" in passed
    kind, _, gate = finding.subject.partition(" ")
    return finding.reason == "not-proven" or (kind == "gate" and gate in passed)
