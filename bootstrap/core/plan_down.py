"""What stopping or deleting the profile's cluster takes."""

from dataclasses import replace

from bootstrap.core.choice import choose
from bootstrap.core.finding import Finding, Group, Status
from bootstrap.core.knowledge import Knowledge
from bootstrap.core.plan import Plan
from bootstrap.core.profile import Profile
from bootstrap.core.state import ClusterState, HostState, Power
from bootstrap.core.step import DeleteCluster, Step, StopCluster
from bootstrap.errors import Exit


def plan_down(profile: Profile, state: HostState, knowledge: Knowledge, *, delete: bool) -> Plan:
    """One step, or none when there is nothing to stop or delete."""
    seen = state.cluster
    if profile.cluster is None or seen is None or seen.power is Power.ABSENT:
        return Plan((), ())
    # Stopped is believed only of a minikube that was asked and an API that did not answer.
    if not delete and seen.power is Power.STOPPED and seen.said:
        return Plan((), ())
    minikube = choose(profile, state, knowledge)["minikube"]
    version = str(minikube.state.release or "")
    step: Step
    if delete:
        step = DeleteCluster(seen.name, version, "asked for with --delete")
    else:
        step = StopCluster(seen.name, version, "asked for")
    step = replace(step, commands=knowledge.command_lines(step))
    if minikube.state.path is not None:
        return Plan((step,), ())
    return Plan((step,), (_no_minikube(profile, seen.name),))


def _no_minikube(profile: Profile, cluster: str) -> Finding:
    return Finding(
        Group.TOOLS,
        "minikube",
        Status.FAIL,
        "not-found",
        f"not found, and only minikube can stop cluster {cluster}",
        fix=profile.command_line("up", "--tools-only"),
        blocks=Exit.TOOL_FAILED,
    )


def still_there(seen: ClusterState | None, *, delete: bool) -> str:
    """What of the cluster is left after it was stopped or deleted; empty when it is as asked."""
    if seen is None or seen.power is Power.ABSENT:
        return ""
    if not seen.api.failure:
        return "the cluster's API still answers"
    if delete:
        return "minikube still has a record of the cluster"
    return "" if seen.power is Power.STOPPED else f"the cluster's state is {seen.power}"
