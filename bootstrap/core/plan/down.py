"""What stopping or deleting the profile's cluster takes."""

import shlex

from bootstrap.core.choose.choice import choose
from bootstrap.core.judge.machine import unrecorded_machine
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import ClusterState, Engine, HostState, Power
from bootstrap.core.model.step import DeleteCluster, Step, StopCluster, UnmergeKubeconfig
from bootstrap.core.plan.up import Plan
from bootstrap.errors import Exit


def plan_down(profile: Profile, state: HostState, knowledge: Knowledge, *, delete: bool) -> Plan:
    """What stops or deletes the cluster, and takes a deleted one out of the person's kubeconfig."""
    seen = state.cluster
    if profile.cluster is None or seen is None:
        return Plan((), ())
    unmerge = _unmerge(seen) if delete else ()
    if seen.power is Power.ABSENT or (seen.power is Power.LOST and not delete):
        return Plan(unmerge, ())
    if blocker := _not_to_be_had(profile, seen, delete=delete):
        return Plan(unmerge, (blocker,))
    # Stopped is believed only of a minikube that was asked and an API that did not answer.
    if not delete and seen.power is Power.STOPPED and seen.said:
        return Plan((), ())
    minikube = choose(profile, state, knowledge)["minikube"]
    version = str(minikube.state.release or "")
    step: StopCluster | DeleteCluster
    if delete:
        step = DeleteCluster(seen.name, version, "asked for with --delete", seen.services)
    else:
        step = StopCluster(seen.name, version, "asked for", seen.services)
    step = step._replace(commands=knowledge.command_lines(step))
    steps = (step, *unmerge)
    if minikube.state.path is None or minikube.undriven:
        why = minikube.state.damaged or minikube.undriven
        return Plan(steps, (_no_minikube(profile, seen.name, why),))
    if step.services and not state.root:
        return Plan(steps, (_not_root(step, minikube.state.path),))
    return Plan(steps, ())


def _not_to_be_had(profile: Profile, seen: ClusterState, *, delete: bool) -> Finding | None:
    """What minikube would say was done, though its machine is still there afterwards."""
    assert profile.cluster is not None
    driver = seen.record.driver or profile.cluster.drivers[0]
    if seen.power is Power.UNRECORDED:
        return unrecorded_machine(seen.name, driver, seen)
    if seen.power is Power.UNKNOWN and delete and driver in list(Engine):
        return Finding(
            Group.CLUSTER,
            seen.name,
            Status.UNKNOWN,
            "could-not-tell",
            f"could not tell: {seen.failure}",
            detail="minikube would forget the cluster, and its container would stay",
            fix=f"{driver} info",
            blocks=Exit.TOOL_NOT_UNDERSTOOD,
        )
    return None


def _unmerge(seen: ClusterState) -> tuple[Step, ...]:
    yours = seen.yours
    if not yours.recorded:
        return ()
    return (UnmergeKubeconfig(seen.name, yours.file, "kboot put it there"),)


def _no_minikube(profile: Profile, cluster: str, why: str) -> Finding:
    return Finding(
        Group.TOOLS,
        "minikube",
        Status.FAIL,
        "unusable" if why else "not-found",
        f"{why or 'not found'}, and only minikube can stop cluster {cluster}",
        fix=profile.command_line("up", "--tools-only"),
        blocks=Exit.TOOL_FAILED,
    )


def _not_root(step: StopCluster | DeleteCluster, minikube: str) -> Finding:
    lines = (
        (minikube, *rest) if name == "minikube" else (name, *rest) for name, *rest in step.commands
    )
    return Finding(
        Group.HOST,
        "user",
        Status.FAIL,
        "needs-root",
        f"is not root, and only root can stop {' and '.join(step.services)}",
        fix=f"as root, with this user's HOME: {' && '.join(map(shlex.join, lines))}",
        blocks=Exit.NEEDS_PRIVILEGE,
    )


def still_there(seen: ClusterState | None, *, delete: bool) -> str:
    """What of the cluster is left after it was stopped or deleted; empty when it is as asked."""
    if seen is None or seen.power is Power.ABSENT:
        return ""
    if not seen.api.failure:
        return "the cluster's API still answers"
    if seen.power is Power.UNRECORDED:
        return f"a container {seen.name} is still there"
    if seen.power is Power.UNKNOWN:
        return f"whether it is gone could not be told: {seen.failure}"
    if delete:
        return "minikube still has a record of the cluster"
    if seen.power is Power.LOST:
        return ""
    return "" if seen.power is Power.STOPPED else f"the cluster's state is {seen.power}"
