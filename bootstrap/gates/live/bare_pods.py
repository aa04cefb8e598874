"""Pods of kube-system that minikube makes itself, with no controller that would make them anew."""

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import Object, objects

_PODS = "/api/v1/namespaces/kube-system/pods"
# The label of each that minikube has made since 0.24, and of its workloads' pods.
_MINIKUBES = "labelSelector=addonmanager.kubernetes.io%2Fmode"


def bare_pods(client: ApiClient) -> list[Object]:
    """Raises ApiFailure."""
    found = objects(client.get_json(f"{_PODS}?{_MINIKUBES}"), "items")
    return [each for each in found if not objects(each, "metadata", "ownerReferences")]
