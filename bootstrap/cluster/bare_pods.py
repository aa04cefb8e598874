"""Pods of kube-system that minikube makes itself, with no controller that would make them anew."""

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.objects import Object, at, explained, holds, name, number, objects, text
from bootstrap.cluster.said import last_words
from bootstrap.cluster.workloads import pod_that_tells

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


def trouble_of(client: ApiClient, pod: Object) -> str:
    """Why it is not Ready; of one that ends again and again, with its last words, also while it
    runs again for a moment."""
    crashing = next((each for each in _statuses(pod) if _end_of(each)), None)
    if crashing is None:
        return pod_that_tells([pod])
    again = at(crashing, "state", "terminated") is None
    own = text(crashing, "name")
    said = last_words(client, "kube-system", pod, own, lines=1, previous=again)
    how = text(crashing, "state", "waiting", "reason") or "it ends"
    return f"pod {name(pod)}: {how}; its last words: {said or explained(_end_of(crashing))}"


def _end_of(status: Object) -> Object:
    """How that container last ended, where it did not end well."""
    ends: list[Object] = [at(status, each, "terminated") or {} for each in ("state", "lastState")]
    return next((each for each in ends if number(each, "exitCode")), {})


def _waiting(pod: Object) -> Object:
    found = (at(each, "state", "waiting") for each in _statuses(pod))
    return next((each for each in found if each), {})


def _statuses(pod: Object) -> list[Object]:
    return objects(pod, "status", "containerStatuses")
