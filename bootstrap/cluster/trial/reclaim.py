"""What becomes of volumes when kboot's claims go: the provisioner's go, a person's stay."""

from typing import Any

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.failure import ApiFailure
from bootstrap.cluster.objects import Object, at, name, objects, text

_VOLUMES = "/api/v1/persistentvolumes"
_MADE_BY = "pv.kubernetes.io/provisioned-by"
_RECLAIM = "persistentVolumeReclaimPolicy"
_RETAINED = "kboot.dev/reclaim-policy"
"""On a volume of a person's that kboot has had retained: the policy that it had."""
_REFUSED = "and may not be changed"
_LETTERS = 8
"""Of a claim's uid."""


def keep_volumes(client: ApiClient, namespace: str) -> str:
    """Have the volumes of a person's that its claims were bound to outlive those.

    In words one that could not be had so; empty: all are. Raises ApiFailure.
    """
    for each in _volumes_of(client, namespace):
        if not _is_made_for_its_claim(each) and text(each, "spec", _RECLAIM) != "Retain":
            why = _see_to_volume(client, each)
            if _REFUSED in why:
                return f"volume {name(each)}, which somebody made, would go with it: {why}"
    return ""


def see_to_volumes(client: ApiClient, namespace: str) -> str:
    """What of volumes is left of that namespace's claims, in words; empty: nothing.

    One that was made for a claim is its provisioner's to delete, with the storage behind it: where
    its class retains it, that is what is changed. One that a person made is given back as it was:
    where it would be recycled or deleted with its claim, it is retained meanwhile. Raises
    ApiFailure.
    """
    seen_to = (_see_to_volume(client, each) for each in _volumes_of(client, namespace))
    return ", ".join(filter(None, seen_to))


def _volumes_of(client: ApiClient, namespace: str) -> list[Object]:
    """None where they may not be listed."""
    try:
        volumes = objects(client.get_json(_VOLUMES), "items")
    except ApiFailure as failure:
        if failure.reason == "api-forbidden":
            return []
        raise
    return [each for each in volumes if text(each, "spec", "claimRef", "namespace") == namespace]


def _see_to_volume(client: ApiClient, volume: Object) -> str:
    who, phase = f"volume {name(volume)}", text(volume, "status", "phase")
    made, policy = _is_made_for_its_claim(volume), text(volume, "spec", _RECLAIM)
    before = at(volume, "metadata", "annotations", _RETAINED)
    change: dict[str, Any] = {}
    if made and policy != "Delete":
        change = {"spec": {_RECLAIM: "Delete"}}
    elif not made and policy in ("Delete", "Recycle"):
        change = _annotated(policy) | {"spec": {_RECLAIM: "Retain"}}
    elif not made and policy == "Retain" and phase == "Released":
        policies = {_RECLAIM: before} if before else {}
        change = (_annotated(None) if before else {}) | {"spec": {"claimRef": None, **policies}}
    try:
        if change:
            client.merge(f"{_VOLUMES}/{name(volume)}", change)
    except ApiFailure as failure:
        if not failure.final:
            raise
        return f"{who} is {phase}, {_REFUSED}: {failure.words}"
    if made:
        return f"{who} is {phase or 'there'}, and its provisioner has not deleted it"
    # Kubernetes releases it some moments after its claim is gone.
    return f"{who} is Bound still" if phase == "Bound" else ""


def _annotated(policy: str | None) -> dict[str, Any]:
    """With the policy that it has when it is given back; None: it is."""
    return {"metadata": {"annotations": {_RETAINED: policy}}}


def _is_made_for_its_claim(volume: Object) -> bool:
    """Provisioners name a volume after its claim (CSI's, after the first letters of its uid where
    they are told so); a person's own may bear the annotation, too."""
    claim = text(volume, "spec", "claimRef", "uid").replace("-", "")[:_LETTERS]
    return bool(
        claim
        and claim in name(volume).replace("-", "")
        and at(volume, "metadata", "annotations", _MADE_BY)
    )
