"""kubectls of seven years and kboot see the same in a real Kubernetes 1.20.2."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.api.look import look
from bootstrap.api.objects import holds, name, objects
from bootstrap.core.model.gate import Lack, selected
from bootstrap.core.values.version import find_version
from bootstrap.engine.prove.passing import Proving
from bootstrap.engine.prove.using import Using
from bootstrap.gates.look import Expected
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.places import find_places
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.kubeconfig.private import Connection
from tests.helpers.hosts.engine import path_from
from tests.helpers.hosts.full_cluster import FullCluster
from tests.helpers.places import PARTS

pytestmark = pytest.mark.real

KUBECTLS = (
    "1.20.0",
    "1.21.0",
    "1.24.0",
    "1.28.3",
    "1.30.0",
    "1.32.3",
    "1.34.5",
    "1.35.2",
    "1.37.1",
)
"""All that fetch-kubectl has. 1.20 and 1.21 are within the skew that Kubernetes allows."""


@dataclass(frozen=True)
class Cluster:
    connection: Connection
    kubeconfig: Path

    def kubectl(self, version: str, *words: str) -> Any:
        program = path_from("python3", PARTS / "fetch-kubectl", version)
        argv = (str(program), *words, "-o", "json")
        env = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.kubeconfig.parent)}
        return json.loads(subprocess.run(argv, env=env, check=True, capture_output=True).stdout)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, engine: None) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("kubectls")
    with FullCluster.running(folder) as host:
        host.sh("minikube start --driver=none --profile full --kubernetes-version 1.20.2")
        kubeconfig = folder / "kubeconfig"
        connection = host.connection()
        kubeconfig.write_text(written(connection))
        yield Cluster(connection, kubeconfig)


def written(connection: Connection) -> str:
    """JSON is YAML."""
    cluster = {"server": connection.server, "certificate-authority": connection.ca_file}
    files = (connection.certificate_file, connection.key_file)
    user = dict(zip(("client-certificate", "client-key"), files, strict=True))
    context = {"cluster": "full", "user": "admin"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "full", "cluster": cluster}],
        "users": [{"name": "admin", "user": user}],
        "contexts": [{"name": "full", "context": context}],
        "current-context": "full",
    }
    return json.dumps(document)


@pytest.mark.parametrize("version", KUBECTLS)
def test_they_agree_on_nodes_and_which_are_ready(cluster: Cluster, version: str) -> None:
    listed = objects(cluster.kubectl(version, "get", "nodes"), "items")
    seen = look(cluster.connection)
    ready = sum(holds(each, "Ready") for each in listed)
    assert (seen.nodes_ready, seen.nodes_total) == (ready, len(listed))
    assert listed


@pytest.mark.parametrize("version", KUBECTLS)
def test_they_agree_on_versions(cluster: Cluster, version: str) -> None:
    told = cluster.kubectl(version, "version")
    assert look(cluster.connection).server_version == told["serverVersion"]["gitVersion"]
    assert find_version(told["clientVersion"]["gitVersion"]) == find_version(version)


@pytest.mark.parametrize("version", KUBECTLS)
def test_they_agree_on_pods(cluster: Cluster, version: str) -> None:
    with ApiClient(cluster.connection, timeout=10.0) as client:
        ours = objects(client.get_json("/api/v1/namespaces/kube-system/pods"), "items")
    theirs = objects(cluster.kubectl(version, "get", "pods", "--namespace=kube-system"), "items")
    assert sorted(map(name, ours)) == sorted(map(name, theirs))


@pytest.mark.parametrize("version", KUBECTLS)
def test_the_gate_kubectl_passes_with_it(cluster: Cluster, tmp_path: Path, version: str) -> None:
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    places = find_places(environ)
    kubectl = path_from("python3", PARTS / "fetch-kubectl", version)
    use = Using(
        around=Surroundings(environ, places, Cache(places.cache)),
        profile_id="kubectls",
        kubeconfig=str(cluster.kubeconfig),
        cluster="full",
        image="busybox:1.28",
        kubectl=str(kubectl),
        docker=Lack("none is declared"),
    )
    with Proving(
        cluster.connection, Expected(), timeout=60.0, emit=lambda event: None, use=use.begin
    ) as proving:
        results = {each.gate: each for each in proving.run(selected(("kubectl",)))}
    assert results["kubectl"].passed, results["kubectl"]
    assert not proving.used
