"""Signs of a running cluster: do they contradict what gates prove by use?"""

from collections.abc import Iterator
from typing import NamedTuple

from bootstrap.core.choose.case import Case
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import WITH_PODS, GateStatus, selected
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import ApiLook, ClusterState

_LOOK = "kboot exec -- kubectl -n kube-system describe pods -l tier=control-plane"
_START = "sudo systemctl start {}"
_PROVISIONER = "kboot exec -- minikube -p {} addons enable storage-provisioner"
_CORDONED = "kboot exec -- kubectl uncordon {}, or take its taint away"


class Contradiction(NamedTuple):
    """`gate`: the first that cannot be passed as things are."""

    gate: str
    reason: str
    message: str
    fix: str = ""
    """Empty: the gate itself says what mends it."""


def contradictions(case: Case) -> tuple[Contradiction, ...]:
    """What is not so of a cluster that answers, though the profile's gates demand it."""
    seen = case.state.cluster
    if seen is None or seen.api.failure:
        return ()
    asked = {gate.id for gate in selected(case.profile.verify.gates)}
    pods = next((gate for gate in WITH_PODS if gate in asked), "")
    found = (*_no_pods(seen.api, pods), *_contradictions(seen.name, seen.api), *_of_engine(case))
    return tuple(each for each in found if each.gate in asked)


def is_contradicted(case: Case) -> bool:
    """Whether what was proven of the profile's gates cannot be so any more."""
    seen = case.state.cluster
    looks = seen.looks if seen else ()
    return bool(contradictions(case)) or not all(each.fine for each in looks)


def _no_pods(api: ApiLook, gate: str) -> Iterator[Contradiction]:
    """Why no gate that starts a pod can be passed; `gate`: the first of them that is asked for."""
    signs = api.signs
    if signs.stopped:
        message = f"{' and '.join(signs.stopped)} does not run, so no new pod starts"
        yield Contradiction(gate, "control-plane-stopped", message, _LOOK)
    if 0 < api.nodes_total == len(signs.closed):
        message = f"no node takes new pods: {', '.join(signs.closed)} is cordoned or tainted"
        fix = _CORDONED.format(signs.closed[0])
        yield Contradiction(gate, "nodes-closed", message, fix)
    if signs.engine:
        message = f"this machine's {signs.engine} does not answer, so no new pod starts"
        yield Contradiction(gate, "node-engine-down", message, _START.format(signs.engine))


def _contradictions(name: str, api: ApiLook) -> Iterator[Contradiction]:
    signs = api.signs
    if signs.dns is False:
        message = "kube-system has no Service labelled k8s-app=kube-dns, so no name resolves"
        yield Contradiction("dns", "dns-service-missing", message)
    elif signs.dns_servers == 0:
        message = "no pod behind the Service of DNS is ready, so no name resolves"
        yield Contradiction("dns", "dns-not-ready", message)
    if signs.provisioner is False:
        message = "the pod storage-provisioner is not in kube-system, so no claim is bound"
        yield Contradiction("storage", "provisioner-missing", message, _PROVISIONER.format(name))
    if signs.storage == "":
        message = "there is no default StorageClass, so a claim that names none is never bound"
        yield Contradiction("storage", "storageclass-missing", message)


def _of_engine(case: Case) -> Iterator[Contradiction]:
    """Of a docker that is there: without one `build` has nothing to prove.

    A node of its own that runs docker builds by its own engine, whatever this machine's does.
    """
    docker, seen = case.choices.get("docker"), case.state.cluster
    if docker is None or docker.requirement is None or docker.state.path is None or seen is None:
        return
    on_docker = seen.api.signs.runtime == "docker" and seen.api.nodes_total == 1
    if on_docker and seen.record.driver != "none":
        return
    for verdict in docker.tool.judge(docker.state):
        if not verdict.usable:
            message = f"docker cannot build: {verdict.message}"
            yield Contradiction("build", verdict.reason, message, verdict.fix)


def sign_findings(case: Case) -> tuple[Finding, ...]:
    """What a look at the cluster found amiss, about the gate that will have the last word on it."""
    seen, profile = case.state.cluster, case.profile
    if seen is None:
        return ()
    verify = f"{profile.command_line('verify')} tries it, and says what mends it"
    found = (
        _finding(each.gate, each.reason, each.message, fix=profile.addressed(each.fix) or verify)
        for each in contradictions(case)
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
