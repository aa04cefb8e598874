"""What the API server refuses or does not answer: for good, or for now."""

import pytest

from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.table import trial_gates
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.working.trials import NOTHING, pass_gate, through


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


def test_a_namespace_without_its_account_is_waited_for(api: ActingApi, trial: Trial) -> None:
    api.accounts = False
    looks = trial.begin()
    assert next(looks).reason == "serviceaccount-missing"
    api.put(f"/api/v1/namespaces/{trial.namespace}/serviceaccounts/default", {"metadata": {}})
    assert through(looks) is None
    trial.end(10.0)
