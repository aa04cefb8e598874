"""What a Deployment, DaemonSet or StatefulSet lacks before it is complete, and which pod is why.

The rules of `kubectl rollout status` (kubectl/pkg/polymorphichelpers/rollout_status.go), less what
Kubernetes 1.9 does not fill in: there a StatefulSet's status has no `updatedReplicas`, so that
waiting for it never ends. Pure functions of the API's objects.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from bootstrap.cluster.objects import (
    Object,
    at,
    condition,
    explained,
    holds,
    name,
    number,
    objects,
    text,
)


def lack_of_deployment(workload: Object) -> str:
    """What it lacks, in words; empty when nothing."""
    wanted = number(workload, "spec", "replicas", default=1)
    return (
        _unseen(workload)
        or _fewer(workload, "updatedReplicas", wanted, "updated")
        or _fewer(workload, "availableReplicas", wanted, "available")
        or ("" if wanted == 0 or holds(workload, "Available") else "not Available")
    )


def lack_of_daemonset(workload: Object) -> str:
    """What it lacks, in words; empty when nothing, also where no node is meant to run it."""
    wanted = number(workload, "status", "desiredNumberScheduled")
    return _unseen(workload) or _fewer(workload, "numberAvailable", wanted, "available")


def lack_of_statefulset(workload: Object) -> str:
    """What it lacks, in words; empty when nothing."""
    wanted = number(workload, "spec", "replicas", default=1)
    current = text(workload, "status", "currentRevision")
    updated = text(workload, "status", "updateRevision")
    return (
        _unseen(workload)
        or _fewer(workload, "readyReplicas", wanted, "ready")
        or ("" if current == updated else "its pods are not all of its latest revision")
    )


LACKS: Mapping[str, Callable[[Object], str]] = {
    "deployments": lack_of_deployment,
    "daemonsets": lack_of_daemonset,
    "statefulsets": lack_of_statefulset,
}
"""By the resource's name in the API."""


def selector(workload: Object) -> str:
    """The query that lists its pods, or empty when it selects by more than labels."""
    labels = at(workload, "spec", "selector", "matchLabels")
    if not isinstance(labels, Mapping) or not labels:
        return ""
    return "labelSelector=" + quote(",".join(f"{key}={value}" for key, value in labels.items()))


def condition_that_tells(workload: Object) -> str:
    """The condition that says most about why it is not complete."""
    if holds(workload, "ReplicaFailure"):
        return explained(condition(workload, "ReplicaFailure"))
    for kind in ("Progressing", "Available"):
        if condition(workload, kind).get("status") == "False":
            return explained(condition(workload, kind))
    return ""


def pod_that_tells(pods: list[Object]) -> str:
    """The first pod that is not Ready, and what it waits for."""
    for pod in pods:
        if not holds(pod, "Ready") and text(pod, "status", "phase") != "Succeeded":
            return f"pod {name(pod)}: {_waits_for(pod)}"
    return ""


def _waits_for(pod: Object) -> str:
    # Init containers first: while one of them fails, the others only say PodInitializing.
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in objects(pod, "status", kind):
            waiting = explained(at(container, "state", "waiting") or {})
            if waiting:
                return waiting
            if number(container, "state", "terminated", "exitCode"):
                return explained(at(container, "state", "terminated")) or "it ended with an error"
    for kind in ("PodScheduled", "Ready"):
        if condition(pod, kind).get("status") == "False":
            return explained(condition(pod, kind)) or f"not {kind}"
    return text(pod, "status", "phase") or "nothing is known of it yet"


def _unseen(workload: Object) -> str:
    """The status is about an older generation of the object, or there is none yet."""
    observed = number(workload, "status", "observedGeneration")
    current = number(workload, "metadata", "generation")
    return "its controller has not looked at it yet" if observed < current else ""


def _fewer(workload: Object, field: str, wanted: int, word: str) -> str:
    found = number(workload, "status", field)
    return f"{found} of {wanted} {word}" if found < wanted else ""
