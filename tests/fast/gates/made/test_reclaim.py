"""Volumes: whose they are, which ones go, and how a person's is given back."""

import pytest

from bootstrap.gates.made.namespace import Owner
from bootstrap.gates.made.trial import Trial
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.serving.apiserver import as_json
from tests.helpers.working.trials import pass_gate, through


def test_a_volume_that_its_class_retains_is_left_to_its_provisioner_to_delete(
    api: ActingApi, trial: Trial
) -> None:
    api.reclaim = "Retain"
    pass_gate(trial, "storage")
    assert trial.end(10.0) == ""
    (change,) = [change for _, change in api.merged]
    assert change == {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}
    assert not any(each.startswith("/api/v1/persistentvolumes/") for each in api.things)


def test_a_retained_volume_of_a_run_killed_while_cleaning_goes_with_the_next_run(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    owner.locks.mkdir()
    owner.lock("kboot-dead").write_text("{}")
    claim = {"namespace": "kboot-dead", "uid": "1"}
    spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": "Retain"}
    metadata = {"name": "pvc-1", "annotations": {"pv.kubernetes.io/provisioned-by": "disks"}}
    api.put("/api/v1/persistentvolumes/pvc-1", {"metadata": metadata, "spec": spec})
    mine = {"claimRef": {"namespace": "work"}, "persistentVolumeReclaimPolicy": "Retain"}
    api.put("/api/v1/persistentvolumes/mine", {"metadata": {"name": "mine"}, "spec": mine})
    through(trial.begin())
    trial.end(10.0)
    assert [each for each in api.things if each.startswith("/api/v1/persistentvolumes/")] == [
        "/api/v1/persistentvolumes/mine"
    ]


def test_a_volume_that_was_there_before_is_given_back(api: ActingApi, trial: Trial) -> None:
    through(trial.begin())
    claim = {"namespace": trial.namespace, "name": "data", "uid": "a1"}
    spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": "Retain"}
    # As one from a backup, which Kubernetes marks when it matches it with a claim.
    annotations = {
        "pv.kubernetes.io/provisioned-by": "disks",
        "pv.kubernetes.io/bound-by-controller": "yes",
    }
    metadata = {"name": "mine", "annotations": annotations}
    api.put("/api/v1/persistentvolumes/mine", {"metadata": metadata, "spec": spec})
    assert trial.end(10.0) == ""
    assert {"spec": {"persistentVolumeReclaimPolicy": "Delete"}} not in [it for _, it in api.merged]
    mine = api.things["/api/v1/persistentvolumes/mine"]
    assert "claimRef" not in mine["spec"]
    assert mine["metadata"]["annotations"] == {"pv.kubernetes.io/provisioned-by": "disks"}


@pytest.mark.parametrize(
    ("named", "marks"),
    [
        ("disk-7", {}),  # a provisioner that is told to name so
        ("pvc-a1", {"pv.kubernetes.io/bound-by-controller": "yes"}),  # the controller's own plugin
    ],
)
def test_a_volume_that_was_made_for_a_claim_goes_whoever_made_it(
    api: ActingApi, trial: Trial, named: str, marks: dict[str, str]
) -> None:
    through(trial.begin())
    claim = {"namespace": trial.namespace, "name": "data", "uid": "a1"}
    spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": "Delete"}
    annotations = {"pv.kubernetes.io/provisioned-by": "disks", **marks}
    path = f"/api/v1/persistentvolumes/{named}"
    api.put(path, {"metadata": {"name": named, "annotations": annotations}, "spec": spec})
    assert trial.end(10.0) == ""
    assert api.merged == []
    assert path not in api.things


def test_a_persons_volume_is_given_back_where_a_kept_namespace_was_deleted_by_hand(
    api: ActingApi, trial: Trial
) -> None:
    for named, claimed in (("mine", "kboot-kept"), ("theirs", "work")):
        spec = {
            "claimRef": {"namespace": claimed, "name": "data"},
            "persistentVolumeReclaimPolicy": "Retain",
        }
        metadata = {"name": named, "annotations": {"kboot.dev/reclaim-policy": "Delete"}}
        volume = {"metadata": metadata, "spec": spec, "status": {"phase": "Released"}}
        api.put(f"/api/v1/persistentvolumes/{named}", volume)
    through(trial.begin())
    trial.end(10.0)
    mine, theirs = (api.things[f"/api/v1/persistentvolumes/{each}"] for each in ("mine", "theirs"))
    assert mine["spec"] == {"persistentVolumeReclaimPolicy": "Delete"}
    assert mine["metadata"]["annotations"] == {}
    assert theirs["spec"]["claimRef"]["namespace"] == "work"


@pytest.mark.parametrize(
    ("volume", "left"),
    [
        ("pvc-1b2a3c4d-0000-4000-8000-000000000000", False),
        ("pvc-1b2a3c4d", False),
        ("mine", True),
        ("", False),
    ],
)
def test_where_volumes_may_not_be_listed_what_may_be_a_persons_is_not_risked(
    api: ActingApi, trial: Trial, volume: str, left: bool
) -> None:
    through(trial.begin())
    api.documents["/api/v1/persistentvolumes"] = as_json({"message": "forbidden"}, 403)
    uid = "1b2a3c4d-0000-4000-8000-000000000000"
    claim = {"metadata": {"name": "data", "uid": uid}, "spec": {"volumeName": volume}}
    api.put(f"/api/v1/namespaces/{trial.namespace}/persistentvolumeclaims/data", claim)
    said = trial.end(10.0)
    assert (api.namespaces == [trial.namespace]) == left
    assert ("volume mine may be somebody's" in said) == left


def test_a_volume_that_is_not_released_yet_is_waited_for_and_then_given_back(
    api: ActingApi, trial: Trial
) -> None:
    through(trial.begin())
    spec = {"claimRef": {"namespace": trial.namespace}, "persistentVolumeReclaimPolicy": "Retain"}
    mine = {"metadata": {"name": "mine"}, "spec": spec}
    bound = as_json({"items": [mine | {"status": {"phase": "Bound"}}]})
    api.documents["/api/v1/persistentvolumes"] = bound
    assert trial.end(0.3).endswith("volume mine is Bound still")
    api.put("/api/v1/persistentvolumes/mine", mine | {"status": {"phase": "Released"}})
    assert trial.end(10.0) == ""
    assert "claimRef" not in api.things["/api/v1/persistentvolumes/mine"]["spec"]


@pytest.mark.parametrize("policy", ["Recycle", "Delete"])
def test_a_persons_volume_outlives_the_claim_with_which_it_would_go_and_is_as_it_was(
    api: ActingApi, trial: Trial, policy: str
) -> None:
    through(trial.begin())
    claim = {"namespace": trial.namespace, "name": "data"}
    spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": policy}
    path = "/api/v1/persistentvolumes/mine"
    api.put(path, {"metadata": {"name": "mine"}, "spec": spec, "status": {"phase": "Bound"}})
    assert trial.end(10.0) == ""
    assert api.things[path]["spec"] == {"persistentVolumeReclaimPolicy": policy}
    assert api.things[path]["metadata"]["annotations"] == {}


def test_a_volume_that_may_not_be_changed_is_said_and_keeps_nothing_else_from_going(
    api: ActingApi, trial: Trial
) -> None:
    api.reclaim = "Retain"
    pass_gate(trial, "storage")
    api.refusals["merge"] = (403, 'User "dev" cannot patch resource "persistentvolumes"')
    left = trial.end(1.0)
    assert api.namespaces == []
    assert 'may not be changed: User "dev" cannot patch' in left


def test_what_would_take_a_persons_volume_with_it_is_not_deleted(
    api: ActingApi, trial: Trial
) -> None:
    through(trial.begin())
    spec = {"claimRef": {"namespace": trial.namespace}, "persistentVolumeReclaimPolicy": "Recycle"}
    api.put("/api/v1/persistentvolumes/mine", {"metadata": {"name": "mine"}, "spec": spec})
    api.refusals["merge"] = (403, 'User "dev" cannot patch resource "persistentvolumes"')
    left = trial.end(10.0)
    assert "volume mine, which somebody made, would go with it" in left
    assert api.namespaces == [trial.namespace]
    assert api.things["/api/v1/persistentvolumes/mine"]["spec"] == spec


def test_a_persons_volume_is_kept_from_when_it_is_bound(api: ActingApi, trial: Trial) -> None:
    through(trial.begin())
    claim = f"/api/v1/namespaces/{trial.namespace}/persistentvolumeclaims/data"
    api.put(claim, {"metadata": {"name": "data"}, "status": {"phase": "Bound"}})
    spec = {"claimRef": {"namespace": trial.namespace}, "persistentVolumeReclaimPolicy": "Delete"}
    path = "/api/v1/persistentvolumes/mine"
    api.put(path, {"metadata": {"name": "mine"}, "spec": spec, "status": {"phase": "Bound"}})
    through(trial.bound("data"))
    assert api.things[path]["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    trial.end(10.0)
