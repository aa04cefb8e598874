"""What becomes of volumes when kboot's claims go: the provisioner's go, a person's stay."""

from collections.abc import Callable
from typing import Any

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, at, name, objects, text

_NAMESPACES = "/api/v1/namespaces"
_VOLUMES = "/api/v1/persistentvolumes"
_MADE_BY = "pv.kubernetes.io/provisioned-by"
_MATCHED = "pv.kubernetes.io/bound-by-controller"
"""On a volume that was there before its claim, and on what the controller's own plugins made."""
_RECLAIM = "persistentVolumeReclaimPolicy"
_LETTERS = 8
_RETAINED = "kboot.dev/reclaim-policy"
"""On a volume of a person's that kboot has had retained: the policy that it had."""


def keep_volumes(client: ApiClient, namespace: str) -> str:
    """Have the volumes of a person's that its claims were bound to outlive those.

    In words one that does not, or may not; empty: all do. Raises ApiFailure.
    """
    volumes = _volumes(client)
    if volumes is None:
        return _perhaps_a_persons(client, namespace)
    for each in _of(volumes, namespace):
        if _is_made_for_its_claim(each) or text(each, "spec", _RECLAIM) == "Retain":
            continue
        if refused := _change(client, each):
            return f"volume {name(each)}, which somebody made, would go with it: {refused}"
    return ""


def see_to_volumes(client: ApiClient, namespace: str) -> str:
    """What of volumes is left of that namespace's claims, in words; empty: nothing.

    One that was made for a claim is its provisioner's to delete, with the storage behind it: where
    its class retains it, that is what is changed. One that a person made is given back as it was:
    where it would be recycled or deleted with its claim, it is retained meanwhile. Raises
    ApiFailure.
    """
    volumes = _of(_volumes(client) or [], namespace)
    return ", ".join(filter(None, (_see_to(client, each) for each in volumes)))


def give_back(client: ApiClient, is_gone: Callable[[str], bool]) -> None:
    """A person's volumes that kboot retained for namespaces that are no more. Raises ApiFailure.

    `is_gone`: whether it was a namespace of kboot's.
    """
    for each in _volumes(client) or []:
        kept = at(each, "metadata", "annotations", _RETAINED)
        if kept and is_gone(text(each, "spec", "claimRef", "namespace")):
            _change(client, each)


def _volumes(client: ApiClient) -> list[Object] | None:
    """None where they may not be listed."""
    try:
        return objects(client.get_json(_VOLUMES), "items")
    except ApiFailure as failure:
        if failure.reason == "api-forbidden":
            return None
        raise


def _of(volumes: list[Object], namespace: str) -> list[Object]:
    return [each for each in volumes if text(each, "spec", "claimRef", "namespace") == namespace]


def _perhaps_a_persons(client: ApiClient, namespace: str) -> str:
    """By the claims alone; who may not list those either has made none."""
    try:
        listed = client.get_json(f"{_NAMESPACES}/{namespace}/persistentvolumeclaims")
    except ApiFailure as failure:
        if failure.reason == "api-forbidden":
            return ""
        raise
    for each in objects(listed, "items"):
        volume = text(each, "spec", "volumeName")
        if volume and not _is_named_after(text(each, "metadata", "uid"), volume):
            return f"volume {volume} may be somebody's and go with it: volumes may not be listed"
    return ""


def _is_named_after(claim: str, volume: str) -> bool:
    """After the claim's uid, or its first letters, as provisioners name what they make."""
    letters = claim.replace("-", "")[:_LETTERS]
    return bool(letters) and letters in volume.replace("-", "")


def _see_to(client: ApiClient, volume: Object) -> str:
    who, phase = f"volume {name(volume)}", text(volume, "status", "phase")
    if refused := _change(client, volume):
        return f"{who} is {phase}, and may not be changed: {refused}"
    if _is_made_for_its_claim(volume):
        return f"{who} is {phase or 'there'}, and its provisioner has not deleted it"
    # Kubernetes releases it some moments after its claim is gone.
    return f"{who} is Bound still" if phase == "Bound" else ""


def _change(client: ApiClient, volume: Object) -> str:
    """Why what has to be changed of it may not be; empty: it is. Raises ApiFailure."""
    change = _due(volume)
    try:
        if change:
            client.merge(f"{_VOLUMES}/{name(volume)}", change)
    except ApiFailure as failure:
        if not failure.final:
            raise
        return failure.words
    return ""


def _due(volume: Object) -> dict[str, Any]:
    """What has to be changed of it, while its claim is there or after it; empty: nothing."""
    policy = text(volume, "spec", _RECLAIM)
    if _is_made_for_its_claim(volume):
        return {} if policy == "Delete" else {"spec": {_RECLAIM: "Delete"}}
    if policy in ("Delete", "Recycle"):
        return _annotated({_RETAINED: policy}) | {"spec": {_RECLAIM: "Retain"}}
    if policy == "Retain" and text(volume, "status", "phase") == "Released":
        before = at(volume, "metadata", "annotations", _RETAINED)
        policies = {_RECLAIM: before} if before else {}
        gone = _annotated({_RETAINED: None, _MATCHED: None})
        return gone | {"spec": {"claimRef": None, **policies}}
    return {}


def _annotated(annotations: dict[str, str | None]) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}}


def _is_made_for_its_claim(volume: Object) -> bool:
    """A person's own may bear its maker's name, too: from a backup, or made for another claim.

    What a provisioner makes is its claim's from the beginning, so the controller does not mark it.
    Its own plugins' it does; those are always named after the claim.
    """
    annotations = at(volume, "metadata", "annotations")
    named = _is_named_after(text(volume, "spec", "claimRef", "uid"), name(volume))
    return bool(at(annotations, _MADE_BY)) and (named or not at(annotations, _MATCHED))
