"""Pods of kube-system that minikube makes itself, with no controller that would make them anew."""

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import Object, objects

# The label of each that minikube has made since 0.24, and of its workloads' pods.
_MINIKUBES = "labelSelector=addonmanager.kubernetes.io%2Fmode"
BARE_PODS = f"/api/v1/namespaces/kube-system/pods?{_MINIKUBES}"


def bare_pods(client: ApiClient) -> list[Object]:
    """Raises ApiFailure."""
    found = objects(client.get_json(BARE_PODS), "items")
    return [each for each in found if not objects(each, "metadata", "ownerReferences")]
