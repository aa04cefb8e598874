"""What a Deployment, DaemonSet or StatefulSet lacks before it is complete.

The rules of `kubectl rollout status` (kubectl/pkg/polymorphichelpers/rollout_status.go), less what
Kubernetes 1.9 does not fill in: there a StatefulSet's status has no `updatedReplicas`, so that
waiting for it never ends. Pure functions of the API's objects.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from bootstrap.api.objects import (
    Object,
    at,
    condition,
    explained,
    holds,
    number,
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


def _unseen(workload: Object) -> str:
    """The status is about an older generation of the object, or there is none yet."""
    observed = number(workload, "status", "observedGeneration")
    current = number(workload, "metadata", "generation")
    return "its controller has not looked at it yet" if observed < current else ""


def _fewer(workload: Object, field: str, wanted: int, word: str) -> str:
    found = number(workload, "status", field)
    return f"{found} of {wanted} {word}" if found < wanted else ""
