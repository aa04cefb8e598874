"""What a trial makes, takes away and leaves alone, on servers from 1.8 on."""

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.core.model.gate import selected
from bootstrap.engine.prove.passing import Proving
from bootstrap.gates.look import TRY_AGAIN, Expected, Looks
from bootstrap.gates.made.manifests import deployment, stateful_set
from bootstrap.gates.made.namespace import Owner
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.table import trial_gates
from tests.helpers.serving.acting_api import DISCOVERY, ActingApi
from tests.helpers.serving.apiserver import Identity
from tests.helpers.working.trials import IMAGE, NOTHING, acting, pass_gate, through


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


def test_a_pod_whose_answer_is_lost_is_made_anew(api: ActingApi, trial: Trial) -> None:
    silent = {"name": "main", "state": {"terminated": {"exitCode": 0}}}
    api.first["Pod"] = {"phase": "Succeeded", "containerStatuses": [silent]}
    look = pass_gate(trial, "dns")
    assert look is not None and look.passed
    assert [each["kind"] for each in api.made].count("Pod") == 2
    trial.end(10.0)
