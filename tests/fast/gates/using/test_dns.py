"""Names that cannot come to resolve."""

import pytest

from bootstrap.gates.made.trial import Trial
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.serving.apiserver import as_json
from tests.helpers.working.trials import pass_gate


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
