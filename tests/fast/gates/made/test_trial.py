"""What a trial makes, takes away and leaves alone, on servers from 1.8 on."""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.gate import Lack, selected
from bootstrap.engine.prove.passing import Proving
from bootstrap.gates.look import TRY_AGAIN, Expected, Look, Looks
from bootstrap.gates.made import namespace
from bootstrap.gates.made.manifests import Image, deployment, stateful_set
from bootstrap.gates.made.namespace import EXPIRES, HOLDER, LABEL, Owner
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using import smoke
from bootstrap.gates.using.programs import Programs
from bootstrap.gates.using.table import trial_gates
from bootstrap.gates.why.trouble import Trouble
from tests.helpers.serving.acting_api import DISCOVERY, ActingApi, running
from tests.helpers.serving.apiserver import Document, Handler, Identity, as_json

NOTHING = Programs(*(Lack("none"),) * 4)
IMAGE = Image("busybox:1.28")


@contextlib.contextmanager
def acting(identity: Identity, version: str = "1.20") -> Iterator[ActingApi]:
    server = ActingApi(identity.server_tls(), version)
    with running(server):
        yield server


@pytest.fixture
def api(identity: Identity) -> Iterator[ActingApi]:
    with acting(identity) as server:
        yield server


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner("0a0b0c0d", tmp_path / "locks")


@pytest.fixture
def trial(identity: Identity, api: ActingApi, owner: Owner) -> Iterator[Trial]:
    with ApiClient(identity.connection(api.url), timeout=5.0) as client:
        yield Trial(client, owner, IMAGE, seconds=60.0)


def through(looks: Looks[object]) -> Look | None:
    """Its last look, where that passed or is final; None when it came to its end."""
    deadline = time.monotonic() + 20
    for look in looks:
        if look.passed or look.final:
            return look
        assert time.monotonic() < deadline, look
    return None


def pass_gate(trial: Trial, gate: str) -> Look | None:
    return through(trial_gates(trial, NOTHING)[gate]())


def own(owner: Owner, run: str, expires: str = "660s") -> dict[str, dict[str, str]]:
    """The metadata of a namespace that a run of this machine made."""
    annotations = {HOLDER: owner.holder, EXPIRES: expires}
    return {"labels": {LABEL: run}, "annotations": annotations}


@pytest.mark.parametrize("version", DISCOVERY)
def test_names_and_volumes_are_tried_on_every_server_and_nothing_is_left(
    identity: Identity, owner: Owner, version: str
) -> None:
    with acting(identity, version) as api:
        connection = identity.connection(api.url)
        with Proving(
            connection,
            Expected(),
            timeout=60.0,
            emit=lambda event: None,
            use=lambda client, seconds: (Trial(client, owner, IMAGE, seconds), NOTHING),
        ) as proving:
            results = list(proving.run(selected(("dns", "storage"))))
        assert [each.status for each in results] == ["passed"] * len(results), results
        assert proving.left == ""
        assert [each["kind"] for each in api.made] == [
            *("Namespace", "Pod", "PersistentVolumeClaim", "Pod", "Pod")
        ]
        assert api.namespaces == []
        assert not any("persistentvolumes/" in each for each in api.things)
    assert list(owner.locks.iterdir()) == []


@pytest.mark.parametrize(
    ("version", "chosen"),
    [
        ("1.8", "apps/v1beta2"),
        ("1.9", "apps/v1"),
        ("1.20", "apps/v1"),
        ("1.25", "apps/v1"),
        ("1.37", "apps/v1"),
    ],
)
def test_workloads_are_made_in_the_newest_version_of_apps_that_is_served(
    identity: Identity, owner: Owner, version: str, chosen: str
) -> None:
    with (
        acting(identity, version) as api,
        ApiClient(identity.connection(api.url), timeout=5.0) as client,
    ):
        trial = Trial(client, owner, IMAGE, seconds=60.0)
        through(trial.begin())
        apps = list_end(trial.apps())
        assert apps == chosen
        for manifest in (
            deployment("web", apps, IMAGE, "true", (), replicas=2),
            stateful_set("store", apps, IMAGE, "true", (), "/data"),
        ):
            assert through(trial.make(manifest)) is None
        trial.end(10.0)
        assert {each["apiVersion"] for each in api.made[1:]} == {chosen}


def list_end(looks: Looks[str]) -> str:
    with pytest.raises(StopIteration) as end:
        next(looks)
    return str(end.value.value)


@pytest.mark.parametrize("gate", ["kubectl", "build"])
def test_a_gate_whose_declared_program_is_missing_fails(trial: Trial, gate: str) -> None:
    lack = Lack("it is not found", "kboot up --tools-only")
    look = list(trial_gates(trial, Programs(lack, lack, lack, lack))[gate]())[-1]
    assert (look.passed, look.absent, look.final) == (False, False, True)
    assert (look.reason, look.fix) == ("program-missing", lack.fix)


@pytest.mark.parametrize("gate", ["kubectl", "build"])
def test_a_gate_that_may_do_without_its_program_has_nothing_to_prove(
    trial: Trial, gate: str
) -> None:
    look = list(trial_gates(trial, NOTHING)[gate]())[-1]
    assert (look.passed, look.absent, look.final) == (False, True, True)


def test_before_1_6_the_beta_of_storage_is_asked(api: ActingApi, trial: Trial) -> None:
    newer = "/apis/storage.k8s.io/v1/storageclasses"
    api.put(f"{newer.replace('v1', 'v1beta1')}/standard", api.things.pop(f"{newer}/standard"))
    del api.documents[newer]
    look = pass_gate(trial, "storage")
    assert look is not None and look.passed, look
    trial.end(10.0)


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


def test_an_answer_that_was_lost_after_the_thing_was_made_is_survived(
    api: ActingApi, trial: Trial
) -> None:
    api.lost = {"namespaces", "pods"}
    look = pass_gate(trial, "dns")
    assert look is not None and look.passed, look
    assert [each["kind"] for each in api.made] == ["Namespace", "Pod"]
    assert trial.end(10.0) == ""


@pytest.mark.parametrize(
    ("plural", "status", "words", "reason"),
    [
        ("pods", 403, 'pods "dns" is forbidden: exceeded quota: q, requested: pods=1', "quota"),
        (
            *("pods", 422, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"),
            "policy-refuses",
        ),
        ("pods", 403, 'pods "dns" is forbidden: maximum cpu usage is 1', "create-refused"),
        ("pods", 400, "Pod in version v1 cannot be handled as a Pod", "create-refused"),
        ("pods", 403, 'admission webhook "w" denied the request: no', "webhook-refuses"),
        ("namespaces", 403, 'User "dev" cannot create resource "namespaces"', "api-forbidden"),
    ],
)
def test_a_refusal_that_waiting_does_not_mend_is_final_in_the_servers_words(
    api: ActingApi, trial: Trial, plural: str, status: int, words: str, reason: str
) -> None:
    api.refusals[plural] = (status, words)
    look = pass_gate(trial, "dns")
    assert look is not None and look.final, look
    assert look.reason.startswith(reason)
    assert words.replace('"', "") in look.why.replace('"', "")
    assert trial.end(10.0) == ""
    assert api.namespaces == []


def test_a_webhook_that_does_not_answer_is_waited_for(api: ActingApi, trial: Trial) -> None:
    words = 'Internal error occurred: failed calling webhook "w": connection refused'
    api.refusals["pods"] = (500, words)
    looks = trial_gates(trial, NOTHING)["dns"]()
    look = next(looks)
    assert (look.reason, look.final) == ("webhook-fails", False)
    del api.refusals["pods"]
    last = through(looks)
    assert last is not None and last.passed
    trial.end(10.0)


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (403, "pods is forbidden: not yet ready to handle request", "api-not-ready"),
        (403, 'pods "dns" is forbidden: status unknown for quota: q', "api-not-ready"),
        (
            403,
            "exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3",
            "quota-in-use",
        ),
        (
            403,
            'pods "dns" is forbidden: failed quota: q: must specify limits.memory for: main',
            "quota-wants-limits",
        ),
        (403, 'User "x" cannot create: RBAC: clusterrole "y" not found', "api-not-ready"),
        (429, "too many requests", "api-error"),
        (500, "etcdserver: request timed out", "api-error"),
    ],
)
def test_a_refusal_that_may_pass_is_waited_for(
    api: ActingApi, trial: Trial, status: int, words: str, reason: str
) -> None:
    api.refusals["pods"] = (status, words)
    looks = trial_gates(trial, NOTHING)["dns"]()
    look = next(looks)
    assert (look.reason, look.final) == (reason, False)
    looks.close()
    trial.end(10.0)


def test_a_create_that_timed_out_is_looked_for_before_it_is_tried_again(
    api: ActingApi, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    through(trial.begin())
    monkeypatch.setattr("bootstrap.api.client.WRITE_SECONDS", 0.2)
    api.slow["pods"] = 0.4
    look = pass_gate(trial, "dns")
    assert look is not None and look.passed
    assert [each["kind"] for each in api.made] == ["Namespace", "Pod"]
    trial.end(10.0)


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


def test_where_the_namespace_may_not_ask_for_less_pod_security_refuses_for_good(
    api: ActingApi, trial: Trial
) -> None:
    api.strict = True
    api.refusals["merge"] = (403, 'User "dev" cannot patch resource "namespaces"')
    look = pass_gate(trial, "dns")
    assert look is not None and (look.reason, look.final) == ("pod-security", True)
    trial.end(10.0)


def test_what_baseline_itself_allows_not_is_refused_for_good(api: ActingApi, trial: Trial) -> None:
    words = 'pods "dns" is forbidden: violates PodSecurity "baseline:latest": NET_ADMIN'
    api.refusals["pods"] = (403, words)
    look = pass_gate(trial, "dns")
    assert look is not None and (look.reason, look.final) == ("pod-security", True)
    assert api.merged == []
    trial.end(10.0)


@pytest.mark.parametrize("others", [[], [{"metadata": {"name": "metrics-server"}}]])
def test_without_the_service_of_dns_no_name_can_come_to_resolve(
    api: ActingApi, trial: Trial, others: list[dict[str, str]]
) -> None:
    api.documents["/api/v1/namespaces/kube-system/services"] = as_json({"items": others})
    running = {"name": "main", "state": {"running": {}}}
    api.first["Pod"] = {"phase": "Running", "containerStatuses": [running]}
    look = pass_gate(trial, "dns")
    assert look is not None and (look.reason, look.final) == ("name-not-resolved", True)
    assert "no Service labelled k8s-app=kube-dns" in look.why
    trial.end(10.0)


def test_a_container_that_could_not_be_started_is_no_wrong_answer(
    api: ActingApi, trial: Trial
) -> None:
    said = 'exec: "/bin/sh": stat /bin/sh: no such file or directory'
    ended = {"exitCode": 128, "reason": "StartError", "message": said}
    main = {"name": "main", "state": {"terminated": ended}}
    api.first["Pod"] = {"phase": "Failed", "containerStatuses": [main]}
    look = pass_gate(trial, "dns")
    assert look is not None and (look.reason, look.final) == ("pod-failed", True)
    assert said in look.why
    trial.end(10.0)


def test_a_log_is_asked_of_kboots_own_container_for_others_may_be_beside_it(
    api: ActingApi, trial: Trial
) -> None:
    pods = f"/api/v1/namespaces/{trial.namespace}/pods"
    api.documents[pods] = as_json({"items": [{"metadata": {"name": "web-1"}}]})

    def log(asked: Handler) -> None:
        if "container=main" in asked.path:
            asked.answer(Document(200, b"serving as web-1\n", "text/plain"))
        else:
            words = "a container name must be specified for pod web-1"
            asked.answer(as_json({"kind": "Status", "message": words}, 400))

    api.documents[f"{pods}/web-1/log"] = log
    assert through(smoke.read_logs(trial)) is None


def test_a_pod_that_is_lost_is_made_anew(api: ActingApi, trial: Trial) -> None:
    api.first["Pod"] = {"phase": "Failed", "reason": "NodeShutdown"}
    look = pass_gate(trial, "dns")
    assert look is not None and look.passed
    assert [each["kind"] for each in api.made] == ["Namespace", "Pod", "Pod"]
    trial.end(10.0)


def test_of_a_pod_that_is_lost_again_and_again_the_cause_is_told_throughout(
    api: ActingApi, trial: Trial
) -> None:
    message = "error setting rlimits: operation not permitted"
    ended = {"exitCode": 128, "reason": "StartError", "message": message}
    main = {"name": "main", "state": {"terminated": ended}}
    looks = trial_gates(trial, NOTHING)["dns"]()
    seen = []
    for _ in range(5):
        api.first["Pod"] = {"phase": "Failed", "containerStatuses": [main]}
        seen.append(next(looks))
    assert {each.reason for each in seen} == {"pod-lost"}
    assert all(message in each.why and not each.final for each in seen)
    assert [each.again for each in seen] == [0.0, 0.0, TRY_AGAIN, 0.0, TRY_AGAIN]
    looks.close()
    trial.end(10.0)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("cat: can't open '/data/kboot-0a0b0c0d': No such file or directory", "data-lost"),
        ("cat: read error: Input/output error", "pod-failed"),
    ],
)
def test_data_that_are_not_there_any_more_are_lost(
    api: ActingApi, trial: Trial, said: str, reason: str
) -> None:
    looks = trial_gates(trial, NOTHING)["storage"]()
    main = {"name": "main", "state": {"terminated": {"exitCode": 1, "message": said}}}
    ended = {"phase": "Failed", "containerStatuses": [main]}
    api.later["storage-read"] = ended
    look = through(looks)
    assert look is not None and (look.reason, look.final) == (reason, True)
    trial.end(10.0)


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        ("hello-1 w 1", "data-lost"),
        ("hello-1 w 3", "services-unanswered"),
        ("wget: can't connect", "services-unanswered"),
    ],
)
def test_a_store_that_knows_less_than_before_has_lost_data(store: str, reason: str) -> None:
    said = f"pod client-2: its time was over: of Service web, …: web-1 web-2; store-0's: {store}"
    found = smoke.of_answers("hello-1 w", "2", Trouble("services-unanswered", said))
    assert found.reason == reason
    assert said in found.words


def test_a_namespace_without_its_account_is_waited_for(api: ActingApi, trial: Trial) -> None:
    api.accounts = False
    looks = trial.begin()
    assert next(looks).reason == "serviceaccount-missing"
    api.put(f"/api/v1/namespaces/{trial.namespace}/serviceaccounts/default", {"metadata": {}})
    assert through(looks) is None
    trial.end(10.0)


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


def test_a_script_whose_time_was_over_is_not_known_to_fail(api: ActingApi, trial: Trial) -> None:
    said = "no answer from nameserver 10.96.0.10"
    main = {"name": "main", "state": {"terminated": {"exitCode": 143, "message": said}}}
    api.first["Pod"] = {"phase": "Failed", "containerStatuses": [main]}
    look = next(trial_gates(trial, NOTHING)["dns"]())
    assert (look.reason, look.final) == ("name-not-resolved", False)
    assert said in look.why
    trial.end(10.0)


@pytest.mark.parametrize(("limit", "pods", "reason"), [("8Mi", 1, "out-of-memory"), ("", 2, "")])
def test_without_a_limit_it_was_the_node_that_ran_out_of_memory_and_the_pod_is_made_anew(
    api: ActingApi, trial: Trial, limit: str, pods: int, reason: str
) -> None:
    main = {"name": "main", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
    api.first["Pod"] = {"phase": "Failed", "containerStatuses": [main]}
    api.limit = limit
    look = pass_gate(trial, "dns")
    assert look is not None and look.reason == reason
    assert limit in look.why
    assert [each["kind"] for each in api.made].count("Pod") == pods
    trial.end(10.0)


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


def test_a_pod_whose_answer_is_lost_is_made_anew(api: ActingApi, trial: Trial) -> None:
    silent = {"name": "main", "state": {"terminated": {"exitCode": 0}}}
    api.first["Pod"] = {"phase": "Succeeded", "containerStatuses": [silent]}
    look = pass_gate(trial, "dns")
    assert look is not None and look.passed
    assert [each["kind"] for each in api.made].count("Pod") == 2
    trial.end(10.0)


def test_a_run_that_may_not_list_namespaces_sweeps_nothing(api: ActingApi, trial: Trial) -> None:
    api.documents["/api/v1/namespaces"] = as_json({"message": "forbidden: cannot list"}, 403)
    assert through(trial.begin()) is None
    assert trial.end(10.0) == ""
