"""The cluster in a container is what the tests of readiness may rely on."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bootstrap.api.client import ApiClient
from tests.helpers.hosts.engine import docker
from tests.helpers.hosts.full_cluster import FullCluster
from tests.helpers.waiting import until
from tests.real.store_set import ASK, SET

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def cluster(
    engine: None, kubectl_1_20: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FullCluster]:
    with FullCluster.running(tmp_path_factory.mktemp("full")) as made:
        docker("cp", str(kubectl_1_20), f"{made.name}:/usr/local/bin/kubectl")
        code, report = made.kboot("up")
        assert code == 0, report
        yield made


def kubectl(cluster: FullCluster, words: str) -> str:
    return cluster.sh(f"kubectl {words}")


def addresses(cluster: FullCluster, name: str) -> list[str]:
    """What the cluster's DNS says a name is."""
    said = cluster.run("busybox", "nslookup", "-type=a", name, "10.96.0.10").stdout
    answer = said.partition("Name:")[2]
    return [line.split()[-1] for line in answer.splitlines() if line.startswith("Address")]


def test_a_process_of_this_machine_reaches_the_api_over_verified_tls(cluster: FullCluster) -> None:
    with closing(ApiClient(cluster.connection(), timeout=10.0)) as client:
        assert client.get("/readyz").body == b"ok"


def test_dns_is_pods_that_run(cluster: FullCluster) -> None:
    words = (
        "--namespace kube-system wait --for=condition=Available deployment/coredns --timeout=60s"
    )
    kubectl(cluster, words)
    assert "dnsmasq" in cluster.sh("docker ps --format '{{.Command}}' --no-trunc")
    assert addresses(cluster, "kubernetes.default.svc.cluster.local") == ["10.96.0.1"]


def test_a_pod_made_anew_keeps_its_data_and_is_found_by_its_name(cluster: FullCluster) -> None:
    cluster.sh(f"cat <<'Y' | kubectl apply -f -\n{SET}\nY")
    kubectl(cluster, "rollout status statefulset/store --timeout=90s")
    wait_for_its_name(cluster)
    assert kubectl(cluster, f"exec store-0 -- {ASK}") == "store-0"
    kubectl(cluster, "delete pod store-0")
    kubectl(cluster, "rollout status statefulset/store --timeout=90s")
    kubectl(cluster, "wait --for=condition=Ready pod/store-0 --timeout=60s")
    wait_for_its_name(cluster)
    assert kubectl(cluster, f"exec store-0 -- {ASK}") == "store-0\nstore-0"


def wait_for_its_name(cluster: FullCluster) -> None:
    """The cluster's DNS learns of a ready pod a moment later."""
    pod = json.loads(kubectl(cluster, "get pod store-0 -o json"))
    name = "store-0.store.default.svc.cluster.local"
    until(lambda: addresses(cluster, name) == [pod["status"]["podIP"]])


def test_a_cluster_that_was_stopped_goes_on_with_its_data(cluster: FullCluster) -> None:
    uid = "get namespace kube-system -o jsonpath={.metadata.uid}"
    before = kubectl(cluster, uid)
    code, report = cluster.kboot("down")
    assert code == 0, report
    assert cluster.sh("docker ps --quiet --filter label=io.kubernetes.pod.uid") == ""
    assert cluster.sh("pgrep kube || true") == ""
    code, report = cluster.kboot("up")
    assert code == 0, report
    assert kubectl(cluster, uid) == before


def test_a_deleted_cluster_leaves_no_data(cluster: FullCluster) -> None:
    code, report = cluster.kboot("down", "--delete", "--yes")
    assert code == 0, report
    assert (
        cluster.sh("ls -d /tmp/hostpath_pv /root/.minikube/standin/full 2>&1 || true").count(
            "No such file"
        )
        == 2
    )
    assert cluster.sh("grep -c /kubelet/ /proc/mounts || true") == "0"


def test_the_container_and_its_volumes_are_gone_afterwards(engine: None, tmp_path: Path) -> None:
    def volumes() -> set[str]:
        return set(docker("volume", "ls", "--quiet").split())

    with FullCluster.running(tmp_path) as made:
        shown = docker("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", made.name)
    assert not volumes() & set(shown.split())
    gone = subprocess.run(("docker", "inspect", made.name), capture_output=True)
    assert gone.returncode == 1
