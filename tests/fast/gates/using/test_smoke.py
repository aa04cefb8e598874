"""A store whose pods go and come, and logs."""

import pytest

from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using import smoke
from bootstrap.gates.why.trouble import Trouble
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.serving.apiserver import Document, Handler, as_json
from tests.helpers.working.trials import through


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
