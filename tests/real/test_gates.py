"""The gates against a real Kubernetes 1.20.2 API server, healthy and in real failures."""

import subprocess
from pathlib import Path

import pytest

from bootstrap.api.look import look
from bootstrap.core.model.gate import LIVE_GATES, GateResult
from bootstrap.engine.prove.passing import Proving
from bootstrap.gates.look import Expected
from bootstrap.kubeconfig.private import Connection
from tests.helpers.hosts.control_plane import Cluster

pytestmark = pytest.mark.real

LIVE_IDS = tuple(gate.id for gate in LIVE_GATES)
EXPECTED = Expected(kubernetes="1.20.2", kubectl="1.20.0")


@pytest.fixture(scope="module")
def cluster(control_plane: Cluster) -> Cluster:
    return control_plane


def results_of(
    connection: Connection, expected: Expected = EXPECTED, timeout: float = 60.0
) -> dict[str, GateResult]:
    with Proving(connection, expected, timeout=timeout, emit=lambda event: None) as proving:
        return {result.gate: result for result in proving.run(LIVE_GATES)}


def troubles(results: dict[str, GateResult]) -> dict[str, tuple[str, str]]:
    """Gate → status and reason, of those that neither passed nor were skipped."""
    return {
        gate: (result.status.value, result.reason)
        for gate, result in results.items()
        if not result.passed and result.status != "skipped"
    }


def test_every_gate_passes_on_a_cluster_that_was_just_started(cluster: Cluster) -> None:
    results = results_of(cluster.admin)
    assert {gate: result.status for gate, result in results.items()} == dict.fromkeys(
        LIVE_IDS, "passed"
    ), results
    assert results["api"].message == "/readyz ok"
    assert results["version"].message == "server 1.20.2, kubectl 1.20.0"
    assert results["nodes"].message == "1 of 1 Ready"
    assert results["system"].message == "coredns available"


def test_one_look_sees_the_same(cluster: Cluster) -> None:
    seen = look(cluster.admin)
    assert (seen.failure, seen.server_version) == ("", "v1.20.2")
    assert (seen.nodes_ready, seen.nodes_total) == (1, 1)
    assert look(cluster.admin).identity == seen.identity


def test_a_hung_api_server_is_a_timeout_of_the_api_gate(cluster: Cluster) -> None:
    with cluster.stopped("kube-apiserver"):
        results = results_of(cluster.admin, timeout=2.0)
        assert "no answer" in look(cluster.admin, timeout=0.5).failure
    assert troubles(results) == {"api": ("failed", "api-timeout")}
    assert all(results[gate].status == "skipped" for gate in LIVE_IDS[1:])


def test_a_hung_etcd_is_named(cluster: Cluster) -> None:
    with cluster.stopped("etcd"):
        results = results_of(cluster.admin, timeout=20.0)
    assert troubles(results) == {"api": ("failed", "api-not-ready")}
    assert "etcd failed" in results["api"].why


def test_another_ca_is_not_trusted(cluster: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "ca.crt"
    # The same name as the real one's, as when minikube made a new CA.
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=minikubeCA",
    ]
    command += ["-keyout", str(tmp_path / "ca.key"), "-out", str(other)]
    subprocess.run(command, check=True, capture_output=True)
    results = results_of(cluster.admin._replace(ca_file=str(other)))
    assert troubles(results) == {"api": ("failed", "api-unknown-ca")}


def test_a_wrong_token_is_unauthorized(cluster: Cluster) -> None:
    stranger = cluster.admin._replace(certificate_file=None, key_file=None, token="bad")
    assert troubles(results_of(stranger)) == {"api": ("failed", "api-unauthorized")}


def test_no_credentials_are_not_enough_although_readyz_answers_anybody(cluster: Cluster) -> None:
    anonymous = cluster.admin._replace(certificate_file=None, key_file=None)
    assert troubles(results_of(anonymous)) == {"api": ("failed", "api-unauthorized")}


def test_a_user_who_may_not_look_makes_gates_unknown(cluster: Cluster) -> None:
    results = results_of(cluster.client("/O=developers/CN=dev"))
    forbidden = ("unknown", "api-forbidden")
    assert troubles(results) == {"nodes": forbidden, "serviceaccount": forbidden}
    assert 'User "dev" cannot list resource "nodes"' in results["nodes"].why


def test_another_server_version_than_wanted_is_told(cluster: Cluster) -> None:
    results = results_of(cluster.admin, Expected(kubernetes="1.20.4", kubectl="1.20.0"))
    assert troubles(results) == {"version": ("failed", "version-differs")}


def test_a_kubectl_too_far_away_is_told(cluster: Cluster) -> None:
    results = results_of(cluster.admin, Expected(kubernetes="1.20.2", kubectl="1.22.0"))
    assert troubles(results) == {"version": ("failed", "kubectl-skew")}


def test_a_statefulset_whose_pods_cannot_run_is_told_with_its_pod(
    cluster: Cluster, tmp_path: Path
) -> None:
    manifest = tmp_path / "stuck.yaml"
    manifest.write_text(STUCK)
    cluster.run_kubectl("apply", "--filename", str(manifest))
    try:
        results = results_of(cluster.admin, timeout=4.0)
    finally:
        cluster.run_kubectl("delete", "--wait=false", "--filename", str(manifest))
    assert troubles(results) == {"system": ("failed", "system-unavailable")}
    assert results["system"].message == "stuck: 0 of 1 ready"
    assert "pod stuck-0: Unschedulable: 0/1 nodes are available" in results["system"].why


def test_a_deleted_dns_is_told(cluster: Cluster) -> None:
    cluster.run_kubectl("--namespace=kube-system", "delete", "deployment", "coredns")
    results = results_of(cluster.admin, timeout=2.0)
    assert troubles(results) == {"system": ("failed", "system-no-dns")}


STUCK = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: stuck
  namespace: kube-system
spec:
  serviceName: stuck
  selector:
    matchLabels: {app: stuck}
  template:
    metadata:
      labels: {app: stuck}
    spec:
      nodeSelector: {nowhere: "true"}
      containers:
      - {name: stuck, image: stuck}
"""
