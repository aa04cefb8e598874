"""Signs of a running cluster: do they contradict what gates prove by use?"""

from collections.abc import Iterator
from typing import NamedTuple

from bootstrap.core.choose.case import Case
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import selected
from bootstrap.core.model.state import ApiLook, ClusterState

_CORDONED = "kboot exec -- kubectl uncordon {}, or take its taint away"


class Contradiction(NamedTuple):
    """`gate`: the first that cannot be passed as things are."""

    gate: str
    reason: str
    message: str
    fix: str = ""
    """Empty: the gate itself says what mends it."""
    unknown: bool = False


def contradictions(seen: ClusterState, gates: tuple[str, ...]) -> tuple[Contradiction, ...]:
    """What is not so of a cluster that answers, though these gates and their needs demand it."""
    if seen.api.failure:
        return ()
    asked = {gate.id for gate in selected(gates)}
    return tuple(each for each in _contradictions(seen.api) if each.gate in asked)


def _contradictions(api: ApiLook) -> Iterator[Contradiction]:
    signs = api.signs
    if signs.silent:
        message = f"{', '.join(signs.silent)} has not reported lately: its kubelet may have stopped"
        yield Contradiction("nodes", "kubelet-silent", message, unknown=True)
    if signs.account is False:
        message = "namespace default has no ServiceAccount default, so no pod can be made there"
        yield Contradiction("serviceaccount", "serviceaccount-missing", message)
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


GATES_OF = {
    "nodes-not-ready": "nodes",
    "kubelet-silent": "nodes",
    "serviceaccount-missing": "serviceaccount",
    "nodes-closed": "dns",
    "dns-service-missing": "dns",
    "dns-not-ready": "dns",
    "storageclass-missing": "storage",
}
"""Of a finding's reason, the gate that has the last word on it."""


def sign_findings(case: Case) -> tuple[Finding, ...]:
    seen, profile = case.state.cluster, case.profile
    if seen is None:
        return ()
    verify = f"{profile.command_line('verify')} tries it, and says what mends it"
    return tuple(
        Finding(
            Group.CLUSTER,
            each.gate,
            Status.UNKNOWN if each.unknown else Status.FAIL,
            each.reason,
            each.message,
            fix=profile.addressed(each.fix) if each.fix else verify,
        )
        for each in contradictions(seen, profile.verify.gates)
    )
