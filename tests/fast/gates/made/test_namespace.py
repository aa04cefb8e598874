"""Whose a namespace is, which ones are swept, and how they go."""

import re
import time

import pytest

from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.gate import selected
from bootstrap.engine.prove.passing import Proving
from bootstrap.gates.look import Expected
from bootstrap.gates.made import namespace
from bootstrap.gates.made.namespace import EXPIRES, HOLDER, LABEL, Owner
from bootstrap.gates.made.trial import Trial
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.serving.apiserver import Identity, as_json
from tests.helpers.working.trials import IMAGE, NOTHING, own, pass_gate, through


def test_the_namespace_says_whose_it_is_and_how_long_it_may_last(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    assert through(trial.begin()) is None
    metadata = api.made[0]["metadata"]
    assert metadata["name"] == "kboot-0a0b0c0d"
    assert metadata["labels"][LABEL] == "0a0b0c0d"
    assert metadata["annotations"] == {HOLDER: owner.holder, EXPIRES: "660s"}
    assert trial.end(10.0) == ""


def test_what_a_killed_run_of_this_machine_left_is_swept_at_once(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    owner.locks.mkdir()
    owner.lock("kboot-dead").write_text("{}")  # nobody holds it
    api.namespace("kboot-dead", 5, **own(owner, "dead"))
    through(trial.begin())
    assert api.namespaces == ["kboot-0a0b0c0d"]
    assert trial.end(10.0) == ""
    assert list(owner.locks.iterdir()) == []


def test_a_living_run_beside_this_one_is_left_alone_however_old(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    beside = Owner("beside", owner.locks)
    with beside.alive():
        api.namespace("kboot-beside", 9999, **own(owner, "beside"))
        through(trial.begin())
        assert trial.end(10.0) == ""
    assert api.namespaces == ["kboot-beside"]


@pytest.mark.parametrize(("age", "there"), [(600, True), (700, False)])
def test_of_another_machine_or_kept_only_the_expiry_counts(
    api: ActingApi, trial: Trial, owner: Owner, age: int, there: bool
) -> None:
    metadata = own(owner, "other")
    metadata["annotations"][HOLDER] = "another machine"
    api.namespace("kboot-other", age, **metadata)
    api.namespace("kboot-kept", age, **own(owner, "kept"))  # its lock's file is gone
    through(trial.begin())
    trial.end(10.0)
    assert api.namespaces == (["kboot-other", "kboot-kept"] if there else [])


def test_what_only_looks_alike_is_never_touched(api: ActingApi, trial: Trial, owner: Owner) -> None:
    api.namespace("kboot-nolabel", 9999)
    api.namespace("mine", 9999, **own(owner, "dead"))
    api.namespace("kboot-noend", 9999, labels={LABEL: "noend"})
    api.namespace("kboot-badend", 9999, **own(owner, "badend", "soon"))
    before = list(api.namespaces)
    through(trial.begin())
    trial.end(10.0)
    assert api.namespaces == before


def test_where_the_clusters_default_is_stricter_the_namespace_asks_for_baseline_and_says_so(
    api: ActingApi, trial: Trial
) -> None:
    api.strict = True
    look = pass_gate(trial, "dns")
    assert look is not None and look.passed
    assert "its namespace asks for baseline" in look.message
    (change,) = [change for _, change in api.merged]
    assert change == {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    trial.end(10.0)


def test_a_user_who_may_delete_only_one_by_one_leaves_nothing(api: ActingApi, trial: Trial) -> None:
    pass_gate(trial, "storage")
    api.refusals["deletecollection"] = (403, 'User "dev" cannot deletecollection resource "pods"')
    assert trial.end(10.0) == ""
    assert api.namespaces == []


def test_a_webhook_that_ponders_each_deletion_does_not_keep_the_namespace(
    api: ActingApi, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespace, "_QUICKLY", 0.1)
    pass_gate(trial, "storage")
    api.ponders = {"pods": 4.0, "persistentvolumeclaims": 4.0}
    trial.end(2.0)
    assert api.namespaces == []


def test_a_namespace_that_somebody_deleted_meanwhile_ends_its_gate_at_once(
    api: ActingApi, trial: Trial
) -> None:
    through(trial.begin())
    api.refusals["pods"] = (404, f'namespaces "{trial.namespace}" not found')
    look = pass_gate(trial, "dns")
    assert look is not None and (look.reason, look.final) == ("namespace-terminating", True)
    assert look.fix.startswith("kboot verify")
    trial.end(10.0)


def test_what_is_not_in_the_namespace_is_removed_at_the_end_with_time_of_its_own(
    trial: Trial,
) -> None:
    left: list[float] = []

    def remove() -> str:
        left.append(trial.client.deadline - time.monotonic())
        return "something is left"

    trial.at_end("it is removed", remove)
    assert (trial.end(10.0), left) == ("", [])
    through(trial.begin())
    trial.client.deadline = time.monotonic()
    assert trial.end(10.0) == "something is left"
    assert 9 < left[0] <= 10


def test_what_keeps_a_namespace_from_ending_is_said_in_kubernetes_words(
    api: ActingApi, trial: Trial
) -> None:
    through(trial.begin())
    path = f"/api/v1/namespaces/{trial.namespace}"
    said = "Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1"
    why = {"type": "NamespaceDeletionDiscoveryFailure", "status": "True", "message": said}
    stuck = as_json({"metadata": {}, "status": {"phase": "Terminating", "conditions": [why]}})
    trial.client.delete(path)
    api.documents[path] = stuck
    assert trial.end(0.3).endswith(f"Kubernetes is still deleting it: {said}")


def test_a_finalizer_of_somebodys_on_the_namespace_is_named(api: ActingApi, trial: Trial) -> None:
    through(trial.begin())
    path = f"/api/v1/namespaces/{trial.namespace}"
    trial.client.delete(path)
    held = {"metadata": {"finalizers": ["example.com/held"]}, "status": {"phase": "Terminating"}}
    api.documents[path] = as_json(held)
    said = "Kubernetes is still deleting it: it has finalizers: example.com/held"
    assert trial.end(0.3).endswith(said)


def test_what_could_not_be_deleted_is_said_and_left_to_the_next_run(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    through(trial.begin())
    path = f"/api/v1/namespaces/{trial.namespace}"
    stuck = api.documents[path]
    trial.client.delete(path)
    api.documents[path] = stuck  # as one that a finalizer holds
    assert trial.end(0.3).startswith(f"namespace {trial.namespace} is left: ")
    assert [each.name for each in owner.locks.iterdir()] == ["run-0a0b0c0d"]


def test_cleaning_up_is_told_while_it_lasts_and_not_where_there_is_nothing_to_clean(
    identity: Identity, api: ActingApi, owner: Owner
) -> None:
    told: list[Event] = []
    namespace = f"/api/v1/namespaces/{owner.namespace}"

    def emit(event: Event) -> None:
        if event.subject == "cleaning up":
            told.append(event)
            del api.documents[namespace]

    def verify(gate: str) -> None:
        with Proving(
            identity.connection(api.url),
            Expected(),
            timeout=60.0,
            emit=emit,
            use=lambda client, seconds: (Trial(client, owner, IMAGE, seconds), NOTHING),
        ) as proving:
            assert list(proving.run(selected((gate,))))[-1].passed
            api.things.pop(namespace, None)  # so that a DELETE leaves it, as a finalizer does
        assert proving.left == ""

    verify("serviceaccount")
    assert told == []
    verify("dns")
    (event,) = told
    assert (event.happening, event.message) == (
        Happening.WAITING,
        "Kubernetes is deleting what the gates made",
    )


def test_a_run_that_was_stopped_while_its_namespace_was_made_leaves_word_of_it(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    api.refusals["namespaces"] = (500, "etcdserver: request timed out")
    next(trial.begin())  # and no further
    assert trial.end(10.0) == ""
    assert [each.name for each in owner.locks.iterdir()] == ["run-0a0b0c0d"]


def test_a_kept_namespace_is_not_a_dead_runs(api: ActingApi, trial: Trial, owner: Owner) -> None:
    trial.keep = True
    through(trial.begin())
    assert trial.end(10.0) == "namespace kboot-0a0b0c0d is kept"
    assert list(owner.locks.iterdir()) == []
    assert api.namespaces == ["kboot-0a0b0c0d"]


def test_what_another_run_left_and_cannot_be_deleted_decides_nothing_and_is_told(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    owner.locks.mkdir()
    owner.lock("kboot-dead").write_text("{}")
    api.namespace("kboot-dead", 5, **own(owner, "dead"))
    claim = {"namespace": "kboot-dead", "uid": "1"}
    spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": "Retain"}
    released = {"metadata": {"name": "mine"}, "spec": spec, "status": {"phase": "Released"}}
    api.documents["/api/v1/persistentvolumes"] = as_json({"items": [released]})
    api.refusals["merge"] = (500, 'failed calling webhook "w": connection refused')
    look = pass_gate(trial, "dns")
    assert look is not None and look.passed
    assert "namespace kboot-dead is left: " in trial.end(0.5)


@pytest.mark.parametrize("keep", [False, True])
def test_what_a_gate_made_leaves_its_room_to_the_next_unless_it_is_to_be_kept(
    api: ActingApi, trial: Trial, keep: bool
) -> None:
    trial.keep = keep
    pass_gate(trial, "storage")
    taking = f"/api/v1/namespaces/{trial.namespace}/(pods|persistentvolumeclaims)/"
    assert any(re.match(taking, each) for each in api.things)
    through(trial.begin())
    assert any(re.match(taking, each) for each in api.things) == keep
    trial.keep = False
    trial.end(10.0)


def test_what_may_not_be_deleted_is_told_as_that_and_not_waited_for(
    api: ActingApi, trial: Trial, owner: Owner
) -> None:
    owner.locks.mkdir()
    owner.lock("kboot-dead").write_text("{}")
    api.namespace("kboot-dead", 5, **own(owner, "dead"))
    spec = {"claimRef": {"namespace": "kboot-dead"}, "persistentVolumeReclaimPolicy": "Recycle"}
    api.put("/api/v1/persistentvolumes/mine", {"metadata": {"name": "mine"}, "spec": spec})
    api.refusals["merge"] = (403, 'User "dev" cannot patch resource "persistentvolumes"')
    through(trial.begin())
    began = time.monotonic()
    left = trial.end(60.0)
    assert time.monotonic() - began < 30
    assert left.startswith("namespace kboot-dead is left: volume mine, which somebody made")
    assert api.namespaces == ["kboot-dead"]


def test_a_run_that_may_not_list_namespaces_sweeps_nothing(api: ActingApi, trial: Trial) -> None:
    api.documents["/api/v1/namespaces"] = as_json({"message": "forbidden: cannot list"}, 403)
    assert through(trial.begin()) is None
    assert trial.end(10.0) == ""
