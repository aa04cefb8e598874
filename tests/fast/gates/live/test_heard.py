"""After a start nothing is believed that was said before it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.gates.live.checks import look_at
from bootstrap.gates.look import Expected, Look
from tests.helpers.serving.apiserver import SYSTEM, ApiServer, as_json, healthy_1_20

SINCE = datetime(2026, 11, 27, 8, 0, 0, tzinfo=UTC)
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


def at(seconds: float) -> str:
    return (SINCE + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def node(heartbeat: float) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": at(heartbeat)}
    return {"metadata": {"name": "n1"}, "status": {"conditions": [ready]}}


def lease(renewed: float) -> dict[str, Any]:
    return {"metadata": {"name": "n1"}, "spec": {"renewTime": at(renewed)}}


def pod(ready: float, started: float) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": at(ready)}
    state = {"running": {"startedAt": at(started)}}
    status = {"conditions": [condition], "containerStatuses": [{"name": "c", "state": state}]}
    return {"metadata": {"name": "coredns-1"}, "spec": {"nodeName": "n1"}, "status": status}


def look(server: ApiServer, client: ApiClient, gate: str, **said: Any) -> Look:
    server.clock_off = 10 - round((datetime.now(UTC) - SINCE).total_seconds())
    server.documents = healthy_1_20() | {
        "/api/v1/nodes": as_json({"items": [said["node"]]}),
        LEASES: as_json({"items": said.get("leases", [])}),
    }
    pods = as_json({"items": said.get("pods", [])})
    server.documents[f"/api/v1{SYSTEM}/pods"] = lambda handler: handler.answer(
        as_json({"items": []}) if "labelSelector" in handler.path else pods
    )
    return look_at(gate, client, Expected(since=SINCE, back=said.get("back")))


@pytest.mark.parametrize(
    ("heartbeat", "leases", "believed"),
    [(-60, [], False), (3, [], True), (-60, [lease(-5)], False), (-60, [lease(2)], True)],
)
def test_a_node_is_ready_once_its_kubelet_has_said_so_since_the_start(
    server: ApiServer, client: ApiClient, heartbeat: float, leases: Any, believed: bool
) -> None:
    found = look(server, client, "nodes", node=node(heartbeat), leases=leases)
    assert (found.passed, found.final) == (believed, False)
    assert believed or "has not reported since the start" in found.why


@pytest.mark.parametrize(
    ("ready", "started", "renewed", "believed"),
    [
        (-600, -600, 5, False),  # as it was before the stop
        (-600, 4, 5, True),
        (6, -600, 7, True),
        (-600, -600, 29, False),
        (-600, -600, 31, True),  # it outlived the stop: its kubelet has had time to say else
        (-600, -600, -30, False),
    ],
)
def test_a_pod_of_kube_system_is_believed_once_something_was_said_of_it_since_the_start(
    server: ApiServer,
    client: ApiClient,
    ready: float,
    started: float,
    renewed: float,
    believed: bool,
) -> None:
    back = SINCE + timedelta(seconds=10)
    said = {
        "node": node(3),
        "leases": [lease(renewed)],
        "pods": [pod(ready, started)],
        "back": back,
    }
    found = look(server, client, "system", **said)
    assert (found.passed, found.final) == (believed, False)
    assert believed or "coredns-1: not heard of since the start" in found.message


def test_where_nothing_was_started_nodes_and_their_leases_are_all_that_is_asked(
    server: ApiServer, client: ApiClient
) -> None:
    server.documents = healthy_1_20()
    assert look_at("nodes", client, Expected()).passed
    assert server.requests == ["/api/v1/nodes", LEASES]
