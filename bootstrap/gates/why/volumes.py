"""What a claim without a volume waits for, and who makes volumes where minikube does."""

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import Object, at, explained, holds, name, text
from bootstrap.api.signs import MINIKUBES
from bootstrap.gates.live.pods import trouble_of
from bootstrap.gates.why.trouble import Trouble, last_event, seen

_PODS = "/api/v1/namespaces/kube-system/pods"
_BY = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_NODE = "volume.kubernetes.io/selected-node"


def of_claim(client: ApiClient, namespace: str, found: Object) -> Trouble:
    """Of a claim that is not bound. Whoever makes its volume may take minutes, as clouds do."""
    annotations = at(found, "metadata", "annotations")
    by = next((text(annotations, key) for key in _BY if text(annotations, key)), "")
    if by == MINIKUBES and (trouble := _of_minikubes(client)):
        return trouble
    # That it waits for a provisioner is a Normal event, told again after what went wrong.
    event = last_event(client, namespace, found) or last_event(
        client, namespace, found, types=("Normal",)
    )
    who = f"claim {name(found)}"
    if event:
        return Trouble("claim-not-bound", f"{who}: {explained(event)}")
    if node := text(annotations, _NODE):
        words = f"{who}: node {node} was chosen, and {by or 'its provisioner'} makes the volume"
        return Trouble("claim-not-bound", words)
    phase = text(found, "status", "phase") or "not looked at yet"
    return Trouble("claim-not-bound", f"{who} is {phase}, and no event says why")


def addons_are_kept(client: ApiClient) -> bool:
    """Whether minikube's addon manager is there, which up to 1.6 brings back what is missing.

    Since 1.7 `minikube start` itself makes what addons are of, and nobody does so afterwards. Also
    where that cannot be told.
    """
    found = seen(client, f"{_PODS}?labelSelector=component%3Dkube-addon-manager")
    return found is None or bool(found)


def _of_minikubes(client: ApiClient) -> Trouble | None:
    """What is wrong with minikube's provisioner; None where it runs.

    Even then it may wait: for the lease of the one before it, 15 seconds after a restart.
    """
    own = seen(client, f"{_PODS}?labelSelector=integration-test%3Dstorage-provisioner")
    if own is None:
        return None
    if not own:
        words = "no pod storage-provisioner is in kube-system, which makes the volumes"
        return Trouble("provisioner-missing", words, final=not addons_are_kept(client))
    pod = own[0]
    if holds(pod, "Ready"):
        return None
    return Trouble("provisioner-fails", trouble_of(client, pod))
