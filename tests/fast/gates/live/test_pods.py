"""Why a pod of kube-system is not Ready."""

from typing import Any

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.gates.live.pods import trouble_of
from tests.helpers.serving.apiserver import ApiServer, Document

FAILED = {"terminated": {"exitCode": 1, "reason": "Error"}}
TOO_LARGE = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (
            {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": FAILED},
            "CrashLoopBackOff",
        ),
        ({"state": FAILED, "lastState": {}}, "ended"),
        ({"state": {"running": {}}, "lastState": FAILED}, "runs again"),
    ],
)
def test_one_that_ends_again_and_again_is_told_with_its_last_words_at_any_moment(
    server: ApiServer, client: ApiClient, status: dict[str, Any], how: str
) -> None:
    log = "/api/v1/namespaces/kube-system/pods/storage-provisioner/log"
    server.documents[log] = Document(200, b"\n/etc/x: error getting server version\n", "text/plain")
    own = {"name": "storage-provisioner", **status}
    pod = {"metadata": {"name": "storage-provisioner"}, "status": {"containerStatuses": [own]}}
    told = trouble_of(client, pod)
    assert told.startswith(f"pod storage-provisioner: storage-provisioner {how} (exit code 1)")
    assert told.endswith("; its last words: /etc/x: error getting server version")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            {"state": {"waiting": {"reason": "ErrImagePull"}}, "lastState": FAILED},
            "pod coredns-1: ErrImagePull",
        ),
        (
            {"state": {"running": {}}, "lastState": TOO_LARGE},
            "pod coredns-1: coredns runs again (exit code 137): OOMKilled",
        ),
        (
            {"state": {"running": {}}, "lastState": {"terminated": {"exitCode": 137}}},
            "pod coredns-1: containers with unready status",
        ),
    ],
)
def test_how_one_ended_before_is_told_only_where_that_is_why(
    client: ApiClient, status: dict[str, Any], told: str
) -> None:
    ready = {"type": "Ready", "status": "False", "message": "containers with unready status"}
    own = {"containerStatuses": [{"name": "coredns", **status}], "conditions": [ready]}
    assert trouble_of(client, {"metadata": {"name": "coredns-1"}, "status": own}) == told
