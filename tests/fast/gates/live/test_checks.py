from collections.abc import Callable
from typing import Any

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.core.model.gate import LIVE_GATES
from bootstrap.gates.live.checks import CHECKS, look_at
from bootstrap.gates.look import Expected, Look
from tests.helpers.serving.apiserver import (
    KUBECTL_1_9,
    NOT_FOUND,
    SYSTEM,
    ApiServer,
    Document,
    as_json,
    deployment,
    healthy_1_20,
    printed,
    statefulset,
)

LIVE_IDS = tuple(gate.id for gate in LIVE_GATES)
APPS = f"/apis/apps/v1{SYSTEM}"
Looker = Callable[..., Look]


@pytest.fixture
def look(client: ApiClient) -> Looker:
    def ask(gate: str, kubernetes: str | None = None, kubectl: str | None = None) -> Look:
        found = look_at(gate, client, Expected(kubernetes, kubectl))
        assert found.passed or (found.message and found.why and found.reason and found.fix)
        return found

    return ask


def test_every_live_gate_of_the_table_is_built() -> None:
    assert tuple(CHECKS) == LIVE_IDS


@pytest.mark.parametrize("gate", LIVE_IDS)
def test_a_healthy_1_9_passes(look: Looker, gate: str) -> None:
    assert look(gate, kubernetes="1.9.0", kubectl="1.9.3").passed


@pytest.mark.parametrize("gate", LIVE_IDS)
def test_a_healthy_1_20_passes(server: ApiServer, look: Looker, gate: str) -> None:
    server.documents = healthy_1_20()
    assert look(gate, kubernetes="1.20.2", kubectl="1.21.0").passed


def test_all_gates_ask_over_one_connection(server: ApiServer, look: Looker) -> None:
    for gate in LIVE_IDS:
        look(gate)
    assert server.connections == 1


@pytest.mark.parametrize("gate", LIVE_IDS)
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"items": [{}]}', b'{"items": {}}'])
def test_an_answer_without_sense_passes_no_gate(
    server: ApiServer, look: Looker, gate: str, body: bytes
) -> None:
    server.documents = dict.fromkeys(
        server.documents, Document(500 if gate == "api" else 200, body)
    )
    if gate == "serviceaccount" and body[:1] == b"{":
        return  # it answers 200 with an object: the account is there, whatever stands in it
    assert not look(gate).passed


@pytest.mark.parametrize("gate", LIVE_IDS)
def test_what_kboot_may_not_see_is_unknown_and_not_failed(
    server: ApiServer, look: Looker, gate: str
) -> None:
    said = 'forbidden: User "dev" cannot get it'
    server.documents = dict.fromkeys(healthy_1_20(), as_json({"message": said}, 403))
    found = look(gate)
    assert (found.unknown, found.reason, found.why) == (True, "api-forbidden", said)


@pytest.mark.parametrize("gate", LIVE_IDS)
def test_a_cluster_half_started_passes_nothing_yet_and_is_worth_waiting_for(
    server: ApiServer, look: Looker, gate: str
) -> None:
    server.documents = {"/version": NOT_FOUND}
    found = look(gate)
    assert (found.passed, found.unknown, found.final) == (False, False, False)


def test_before_1_16_healthz_is_asked(server: ApiServer, look: Looker) -> None:
    assert look("api").message == "/healthz ok"
    assert [path.partition("?")[0] for path in server.requests] == ["/readyz", "/healthz", "/api"]


def test_from_1_16_on_readyz_is_asked(server: ApiServer, look: Looker) -> None:
    server.documents = healthy_1_20()
    assert look("api").message == "/readyz ok"
    assert server.requests[0].startswith("/readyz")
    assert not any(path.startswith("/healthz") for path in server.requests)


def test_a_healthy_server_that_does_not_know_who_asks_does_not_pass(
    server: ApiServer, look: Looker
) -> None:
    # 1.14 and later answer /readyz and /version to anybody.
    server.documents = healthy_1_20()
    said = 'forbidden: User "system:anonymous" cannot get path "/api"'
    server.documents["/api"] = as_json({"message": said}, 403)
    found = look("api")
    assert (found.reason, found.final) == ("api-unauthorized", True)


def test_the_checks_that_fail_are_named(server: ApiServer, look: Looker) -> None:
    body = b"[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\nreadyz check failed\n"
    server.documents["/readyz"] = Document(500, body, "text/plain")
    found = look("api")
    assert (found.message, found.why) == ("/readyz says 500", "etcd failed: reason withheld")
    assert (found.reason, found.final) == ("api-not-ready", False)


def test_a_localkube_has_its_version_in_gitversion_only(look: Looker) -> None:
    assert look("version").message == "server 1.9.0"


@pytest.mark.parametrize("wanted", ["1.9.1", "1.10.0", "1.8.0"])
def test_another_server_version_than_the_profiles_is_final(look: Looker, wanted: str) -> None:
    found = look("version", kubernetes=wanted)
    assert (found.reason, found.final) == ("version-differs", True)
    assert "1.9.0" in found.message and wanted in found.message


@pytest.mark.parametrize(
    ("kubectl", "fits"),
    [("1.8.15", True), ("1.9.3", True), ("1.10.0", True), ("1.11.0", False), ("2.9.0", False)],
)
def test_kubectl_is_within_one_minor_version(look: Looker, kubectl: str, fits: bool) -> None:
    found = look("version", kubectl=kubectl)
    assert found.passed is fits
    if not fits:
        assert (found.reason, found.final) == ("kubectl-skew", True)


def test_a_version_of_a_vendor_counts_by_its_numbers(server: ApiServer, look: Looker) -> None:
    server.documents["/version"] = as_json({"gitVersion": "v1.27.3-gke.100"})
    assert look("version", kubernetes="1.27.3").passed


@pytest.mark.parametrize("said", ["", "unstable", 5, None])
def test_a_version_that_is_none_is_unknown(server: ApiServer, look: Looker, said: object) -> None:
    server.documents["/version"] = as_json({"gitVersion": said})
    found = look("version", kubernetes="1.9.0")
    assert (found.unknown, found.reason) == (True, "version-unknown")


def test_a_node_whose_kubelet_died_is_named_with_what_is_said_of_it(
    server: ApiServer, look: Looker
) -> None:
    lost = printed("cluster-1.20.2.json", "failures/kubelet-killed-nodes-json")
    server.documents["/api/v1/nodes"] = as_json(lost)
    found = look("nodes")
    assert (found.message, found.reason) == ("0 of 1 Ready", "node-not-ready")
    assert found.why == "node-1: NodeStatusUnknown: Kubelet stopped posting node status."


def test_one_node_of_several_that_is_not_ready_is_enough(server: ApiServer, look: Looker) -> None:
    file = "cluster-1.20.2.json"
    nodes = printed(file, "v1.20.0/nodes-json")
    nodes["items"] += printed(file, "failures/kubelet-killed-nodes-json")["items"]
    server.documents["/api/v1/nodes"] = as_json(nodes)
    assert look("nodes").message == "1 of 2 Ready"


def test_a_pressed_node_says_so(server: ApiServer, look: Looker) -> None:
    nodes = printed(KUBECTL_1_9, "get-nodes-json")
    for condition in nodes["items"][0]["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition |= {"status": "False", "reason": "KubeletNotReady", "message": "docker down"}
        if condition["type"] == "DiskPressure":
            condition |= {"status": "True", "reason": "KubeletHasDiskPressure", "message": "full"}
    server.documents["/api/v1/nodes"] = as_json(nodes)
    why = look("nodes").why
    assert "KubeletNotReady: docker down" in why and "KubeletHasDiskPressure: full" in why


def test_no_node_is_not_all_nodes_ready(server: ApiServer, look: Looker) -> None:
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    assert look("nodes").reason == "node-missing"


def test_many_nodes_are_not_listed_one_by_one(server: ApiServer, look: Looker) -> None:
    nodes = [{"metadata": {"name": f"n{number}"}} for number in range(50)]
    server.documents["/api/v1/nodes"] = as_json({"items": nodes})
    assert look("nodes").why.endswith("and 47 more")


def test_a_missing_dns_is_told(server: ApiServer, look: Looker) -> None:
    other = deployment("dashboard")
    other["metadata"]["labels"] = {"k8s-app": "dashboard"}
    server.documents[f"{APPS}/deployments"] = as_json({"items": [other]})
    assert look("system").reason == "system-no-dns"


def test_a_dns_scaled_to_nothing_is_no_dns(server: ApiServer, look: Looker) -> None:
    idle = deployment("kube-dns", availableReplicas=0, updatedReplicas=0)
    idle["spec"]["replicas"] = 0
    server.documents[f"{APPS}/deployments"] = as_json({"items": [idle]})
    assert look("system").reason == "system-no-dns"


@pytest.mark.parametrize(
    ("status", "lack"),
    [
        ({"availableReplicas": 1}, "1 of 2 available"),
        ({"updatedReplicas": 1}, "1 of 2 updated"),
        ({"observedGeneration": 0}, "its controller has not looked at it yet"),
        ({"conditions": []}, "not Available"),
        ({"availableReplicas": None}, "0 of 2 available"),
    ],
)
def test_a_deployment_lacks_what_it_lacks(
    server: ApiServer, look: Looker, status: dict[str, Any], lack: str
) -> None:
    server.documents[f"{APPS}/deployments"] = as_json({"items": [deployment("kube-dns", **status)]})
    found = look("system")
    assert (found.message, found.reason) == (f"kube-dns: {lack}", "system-unavailable")


@pytest.mark.parametrize(
    ("status", "lack"),
    [
        ({"readyReplicas": 1}, "1 of 2 ready"),
        ({"updateRevision": "next"}, "its pods are not all of its latest revision"),
        ({"observedGeneration": None}, "its controller has not looked at it yet"),
    ],
)
def test_a_statefulset_is_judged_without_updated_replicas_which_1_9_lacks(
    server: ApiServer, look: Looker, status: dict[str, Any], lack: str
) -> None:
    assert "updatedReplicas" not in statefulset("store")["status"]
    assert look("system").passed
    server.documents[f"{APPS}/statefulsets"] = as_json({"items": [statefulset("store", **status)]})
    assert look("system").message == f"store: {lack}"


@pytest.mark.parametrize(("available", "passed"), [(1, False), (2, True)])
def test_a_daemonset_runs_on_every_node_that_is_meant_to_run_it(
    server: ApiServer, look: Looker, available: int, passed: bool
) -> None:
    status = {"desiredNumberScheduled": 2, "numberAvailable": available, "observedGeneration": 1}
    proxy = {"metadata": {"name": "kube-proxy", "generation": 1}, "status": status}
    server.documents[f"{APPS}/daemonsets"] = as_json({"items": [proxy]})
    assert look("system").passed is passed


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"phase": "Pending", **status}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            {"containerStatuses": [waiting("ImagePullBackOff", 'Back-off pulling "x"')]},
            'ImagePullBackOff: Back-off pulling "x"',
        ),
        (
            {
                "initContainerStatuses": [waiting("CrashLoopBackOff")],
                "containerStatuses": [waiting("PodInitializing")],
            },
            "CrashLoopBackOff",
        ),
        (
            {
                "containerStatuses": [
                    {"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
                ]
            },
            " ended (exit code 137): OOMKilled",
        ),
        (
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes are available",
                    }
                ]
            },
            "Unschedulable: 0/1 nodes are available",
        ),
        ({}, "Pending"),
    ],
    ids=["image", "init", "killed", "unschedulable", "nothing known"],
)
def test_the_first_pod_that_is_not_ready_says_why(
    server: ApiServer, look: Looker, status: dict[str, Any], said: str
) -> None:
    fine = pod("fine", conditions=[{"type": "Ready", "status": "True"}])
    short = deployment("kube-dns", availableReplicas=0)
    server.documents[f"{APPS}/deployments"] = as_json({"items": [short]})
    server.documents[f"/api/v1{SYSTEM}/pods"] = as_json({"items": [fine, pod("bad", **status)]})
    assert look("system").why == f"kube-dns: pod bad: {said}"
    assert any(each.endswith("/pods?labelSelector=app%3Dweb") for each in server.requests)


def test_a_deployment_that_cannot_make_pods_says_why(server: ApiServer, look: Looker) -> None:
    refused = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }
    short = deployment("kube-dns", availableReplicas=0, conditions=[refused])
    server.documents[f"{APPS}/deployments"] = as_json({"items": [short]})
    assert look("system").why == "kube-dns: FailedCreate: exceeded quota"


def test_what_a_workload_and_its_pod_say_are_joined_as_one_sentence(
    server: ApiServer, look: Looker
) -> None:
    words = "Deployment does not have minimum availability."
    missing = {"type": "Available", "status": "False", "reason": "Minimum", "message": words}
    short = deployment("kube-dns", availableReplicas=0, conditions=[missing])
    server.documents[f"{APPS}/deployments"] = as_json({"items": [short]})
    server.documents[f"/api/v1{SYSTEM}/pods"] = as_json({"items": [pod("bad")]})
    assert look("system").why == f"kube-dns: Minimum: {words[:-1]}; pod bad: Pending"


def test_of_several_workloads_that_lack_something_each_is_told_why(
    server: ApiServer, look: Looker
) -> None:
    missing = {"type": "Available", "status": "False", "reason": "Minimum", "message": "less"}
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    found = [
        deployment("kube-dns", availableReplicas=0, conditions=[missing]),
        deployment("other", availableReplicas=0, conditions=[refused]),
    ]
    server.documents[f"{APPS}/deployments"] = as_json({"items": found})
    assert look("system").why == "kube-dns: Minimum: less; other: FailedCreate"


def test_servers_before_1_9_are_asked_in_their_own_groups(server: ApiServer, look: Looker) -> None:
    old = {"versions": [{"groupVersion": "apps/v1beta1", "version": "v1beta1"}]}
    server.documents["/apis/apps"] = as_json(old)
    for kind in ("deployments", "statefulsets"):
        server.documents[f"/apis/apps/v1beta1{SYSTEM}/{kind}"] = server.documents[f"{APPS}/{kind}"]
    server.documents[f"/apis/extensions/v1beta1{SYSTEM}/daemonsets"] = as_json({"items": None})
    assert look("system").message == "kube-dns and 1 more available"


def test_a_default_account_that_is_not_there_yet_is_waited_for(
    server: ApiServer, look: Looker
) -> None:
    del server.documents["/api/v1/namespaces/default/serviceaccounts/default"]
    found = look("serviceaccount")
    assert (found.reason, found.final) == ("serviceaccount-missing", False)


def test_texts_of_the_server_cannot_write_to_the_terminal(server: ApiServer, look: Looker) -> None:
    node = {"metadata": {"name": "a\x1b]0;owned\x07\nb" + "x" * 9999}}
    server.documents["/api/v1/nodes"] = as_json({"items": [node]})
    why = look("nodes").why
    assert why.isprintable() and len(why) < 500
