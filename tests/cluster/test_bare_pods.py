"""Pods that minikube makes itself, in kube-system: why one is not Ready."""

from typing import Any

import pytest

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.bare_pods import trouble_of
from tests.cluster.apiserver import ApiServer, Document

FAILED = {"terminated": {"exitCode": 1, "reason": "Error"}}


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": FAILED}, "CrashLoop"),
        ({"state": FAILED, "lastState": {}}, "it ends"),
        ({"state": {"running": {}}, "lastState": FAILED}, "it ends"),
    ],
)
def test_one_that_ends_again_and_again_is_told_with_its_last_words_at_any_moment(
    server: ApiServer, client: ApiClient, status: dict[str, Any], how: str
) -> None:
    log = "/api/v1/namespaces/kube-system/pods/storage-provisioner/log"
    server.documents[log] = Document(200, b"error getting server version\n", "text/plain")
    own = {"name": "storage-provisioner", **status}
    pod = {"metadata": {"name": "storage-provisioner"}, "status": {"containerStatuses": [own]}}
    told = trouble_of(client, pod)
    assert told.startswith(f"pod storage-provisioner: {how}")
    assert told.endswith("; its last words: error getting server version")
