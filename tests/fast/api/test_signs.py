"""What a look sees at once of what gates prove by use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.api.look import look
from bootstrap.api.signs import signs, silent_nodes
from bootstrap.core.model.state import Signs
from bootstrap.kubeconfig.private import Connection
from tests.helpers.serving.apiserver import ApiServer, as_json

GATES = ("api", "nodes", "dns", "storage", "smoke")
SERVICES = "/api/v1/namespaces/kube-system/services"
ENDPOINTS = "/api/v1/namespaces/kube-system/endpoints"
PODS = "/api/v1/namespaces/kube-system/pods"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
NODE = {"metadata": {"name": "n1"}}


def listed(*items: Any) -> Any:
    return as_json({"items": list(items)})


def default(name: str, made: str = "", beta: str = "") -> dict[str, Any]:
    key = f"storageclass.{beta}kubernetes.io/is-default-class"
    metadata = {"name": name, "creationTimestamp": made, "annotations": {key: "true"}}
    return {"metadata": metadata}


def static(component: str, *, ready: str = "True") -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}]
    labels = {"component": component, "tier": "control-plane"}
    return {"metadata": {"labels": labels}, "status": {"conditions": conditions}}


def seen(server: ApiServer, client: ApiClient, node: Any = NODE, **documents: Any) -> Signs:
    whole = {
        SERVICES: listed({"metadata": {"name": "kube-dns"}}),
        ENDPOINTS: listed({"subsets": [{"addresses": [{"ip": "10.0.0.2"}]}]}),
        CLASSES: listed(default("standard")),
        PODS: listed(static("kube-scheduler"), static("kube-controller-manager")),
    }
    server.documents |= whole | {globals()[name]: it for name, it in documents.items()}
    return signs(client, GATES, [node])


def test_of_a_healthy_cluster_every_sign_is_seen(server: ApiServer, client: ApiClient) -> None:
    assert seen(server, client) == Signs((), (), dns=True, dns_servers=1, storage="standard")


@pytest.mark.parametrize(
    ("documents", "sign", "value"),
    [
        ({"SERVICES": listed()}, "dns", False),
        ({"ENDPOINTS": listed()}, "dns_servers", 0),
        ({"ENDPOINTS": listed({"subsets": [{"notReadyAddresses": [{}]}]})}, "dns_servers", 0),
        ({"CLASSES": listed()}, "storage", ""),
        ({"CLASSES": listed({"metadata": {"name": "other"}})}, "storage", ""),
        ({"CLASSES": listed(default("old", beta="beta."))}, "storage", "old"),
        ({"CLASSES": listed(default("b", "2026"), default("a", "2025"))}, "storage", "b"),
        ({"PODS": listed()}, "stopped", ()),
        ({"PODS": listed(static("kube-scheduler"))}, "stopped", ("kube-controller-manager",)),
        (
            {"PODS": listed(static("kube-scheduler", ready="False"), static("etcd"))},
            "stopped",
            ("kube-controller-manager", "kube-scheduler"),
        ),
    ],
)
def test_what_is_amiss_shows(
    server: ApiServer, client: ApiClient, documents: Any, sign: str, value: object
) -> None:
    assert getattr(seen(server, client, **documents), sign) == value


@pytest.mark.parametrize("there", [True, False])
def test_where_minikube_makes_the_volumes_its_pod_is_looked_for(
    server: ApiServer, client: ApiClient, there: bool
) -> None:
    made = default("standard") | {"provisioner": "k8s.io/minikube-hostpath"}
    if there:
        server.documents[f"{PODS}/storage-provisioner"] = as_json({"metadata": {}})
    assert seen(server, client, CLASSES=listed(made)).provisioner is there
    other = default("standard") | {"provisioner": "example.com/other"}
    assert seen(server, client, CLASSES=listed(other)).provisioner is None


def test_the_runtime_of_a_node_is_told(server: ApiServer, client: ApiClient) -> None:
    info = {"containerRuntimeVersion": "containerd://1.7.0"}
    assert seen(server, client, NODE | {"status": {"nodeInfo": info}}).runtime == "containerd"


@pytest.mark.parametrize(
    ("spec", "closed"),
    [
        ({}, False),
        ({"unschedulable": True}, True),
        ({"unschedulable": False}, False),
        ({"taints": [{"key": "a", "effect": "NoSchedule"}]}, True),
        ({"taints": [{"key": "a", "effect": "NoExecute"}]}, True),
        ({"taints": [{"key": "a", "effect": "PreferNoSchedule"}]}, False),
    ],
)
def test_a_node_that_takes_no_new_pod_is_closed(
    server: ApiServer, client: ApiClient, spec: Any, closed: bool
) -> None:
    assert seen(server, client, NODE | {"spec": spec}).closed == (("n1",) if closed else ())


@pytest.mark.parametrize("status", [403, 404])
def test_what_may_not_be_seen_or_is_not_served_says_nothing(
    server: ApiServer, client: ApiClient, status: int
) -> None:
    refused = as_json({"message": "no"}, status)
    documents = dict.fromkeys(("SERVICES", "ENDPOINTS", "CLASSES", "PODS"), refused)
    assert seen(server, client, **documents) == Signs()


def test_only_the_signs_of_the_gates_asked_for_are_looked_at(
    server: ApiServer, client: ApiClient
) -> None:
    server.documents |= {CLASSES: listed()}
    assert signs(client, ("api", "storage"), [NODE]) == Signs(storage="")
    assert sorted(server.requests) == [f"{PODS}?labelSelector=tier%3Dcontrol-plane", CLASSES]
    server.requests.clear()
    assert signs(client, ("api", "kubectl"), [NODE]) == Signs()
    assert server.requests == []


@pytest.mark.parametrize(
    ("renewed", "noted", "silent"),
    [(5, None, False), (19, None, False), (30, None, True), (3600, 5, False), (3600, 3600, True)],
)
def test_a_node_whose_lease_is_older_than_a_kubelet_lets_it_become_is_silent(
    server: ApiServer, client: ApiClient, renewed: float, noted: float | None, silent: bool
) -> None:
    """The server notes by its own clock when a field was changed: a node's may be off."""

    def before(seconds: float) -> str:
        return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()

    fields = [] if noted is None else [{"manager": "kubelet", "time": before(noted)}]
    metadata = {"name": "n1", "managedFields": fields}
    lease = {"metadata": metadata, "spec": {"renewTime": before(renewed)}}
    server.documents[LEASES] = listed(lease)
    client.get("/version")  # it tells the server's time
    assert silent_nodes(client, [NODE]) == (("n1",) if silent else ())


def test_a_node_without_a_lease_is_not_called_silent(server: ApiServer, client: ApiClient) -> None:
    client.get("/version")
    assert silent_nodes(client, [NODE]) == ()


def test_a_look_with_all_its_signs_is_one_round_on_one_connection(
    server: ApiServer, connection: Connection
) -> None:
    assert look(connection, GATES).failure == ""
    assert server.connections == 1
