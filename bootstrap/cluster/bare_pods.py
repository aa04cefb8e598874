"""Pods of kube-system that minikube makes itself, with no controller that would make them anew."""

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.objects import Object, at, holds, objects, text

_PODS = "/api/v1/namespaces/kube-system/pods"
# The label of each that minikube has made since 0.24, and of its workloads' pods.
_MINIKUBES = "labelSelector=addonmanager.kubernetes.io%2Fmode"


def bare_pods(client: ApiClient) -> list[Object]:
    """Raises ApiFailure."""
    found = objects(client.get_json(f"{_PODS}?{_MINIKUBES}"), "items")
    return [each for each in found if not objects(each, "metadata", "ownerReferences")]


def lack_of(pod: Object) -> str:
    """What it lacks, in words; empty when nothing."""
    if holds(pod, "Ready") or text(pod, "status", "phase") == "Succeeded":
        return ""
    return text(_waiting(pod), "reason") or f"is {text(pod, 'status', 'phase') or 'not started'}"


def _waiting(pod: Object) -> Object:
    found = (at(each, "state", "waiting") for each in _statuses(pod))
    return next((each for each in found if each), {})


def _statuses(pod: Object) -> list[Object]:
    return objects(pod, "status", "containerStatuses")
