"""Nothing of kboot's stays in a cluster: whatever stops a run, whoever runs beside it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import Object, name, objects
from bootstrap.gates.made.namespace import EXPIRES, HOLDER, LABEL
from tests.helpers.hosts.engine import docker, path_from
from tests.helpers.hosts.full_cluster import PROFILE, TOOLS, FullCluster
from tests.helpers.places import PARTS

pytestmark = pytest.mark.real

SEED = "20261124"
RUNNING = "docker ps --quiet --filter name=_kboot-"
ENDED = f"timeout 60 sh -c 'while {RUNNING} | grep -q .; do sleep 0.5; done' || true"
"""Pods are deleted at once from the API; the kubelet ends their containers a moment later."""
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
NAMESPACES = "/api/v1/namespaces"
INSIDE = "cd /kboot && export PYTHONPATH=/kboot:/dependencies PYTHONDONTWRITEBYTECODE=1"


class Cluster:
    """A whole cluster to which kboot has been, with all its gates."""

    def __init__(self, host: FullCluster, api: ApiClient) -> None:
        self.host = host
        self.api = api

    def verify(self, *flags: str) -> dict[str, Any]:
        """A run that passes all gates and says that nothing is left."""
        code, report = self.host.kboot("verify", *flags)
        assert code == 0, report
        return report

    def namespaces(self) -> list[str]:
        return [name(each) for each in objects(self.api.get_json(NAMESPACES), "items")]

    def remains(self) -> dict[str, list[str]]:
        """What there is of kboot's; empty where nothing is."""
        volumes = objects(self.api.get_json("/api/v1/persistentvolumes"), "items")
        pods = objects(self.api.get_json("/api/v1/pods"), "items")
        found = {
            "namespaces": [each for each in self.namespaces() if each.startswith("kboot-")],
            "volumes": [name(each) for each in volumes],
            "pods": [each for each in map(namespace_of, pods) if each.startswith("kboot-")],
            "containers": self.lines(f"{ENDED}; {RUNNING}"),
            "processes": self.lines("pgrep -af '[b]ootstrap|[k]ubectl|[d]ocker build' || true"),
            "images": self.images(),
            "folders": self.lines("ls -d /tmp/kboot-* 2>/dev/null || true"),
        }
        return {kind: each for kind, each in found.items() if each}

    def images(self) -> list[str]:
        shown = "docker image ls --filter reference=kboot-* --format {{.Repository}}:{{.Tag}}"
        return [each for each in self.lines(shown) if not each.startswith("kboot-tests/")]

    def lines(self, command: str) -> list[str]:
        return self.host.sh(command).splitlines()

    def stopped(
        self, signal: str, times: int, at_once: int, gate: str = ""
    ) -> list[dict[str, Any]]:
        words = f"-m tests.real.stopped_verifies {signal} {SEED} {times} {at_once}"
        return [
            json.loads(line)
            for line in self.lines(f"{INSIDE} && python3 {words} /profile/kboot.toml {gate}")
        ]

    def make_namespace(self, named: str, **annotations: str) -> None:
        labels = {LABEL: named.removeprefix("kboot-")} if annotations else {}
        named_so = {EXPIRES: annotations.get("expires"), HOLDER: annotations.get("holder")}
        metadata = {"name": named, "labels": labels, "annotations": named_so}
        self.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def namespace_of(found: Object) -> str:
    return str(found["metadata"].get("namespace", ""))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, engine: None) -> Iterator[Cluster]:
    kubectl = path_from("python3", PARTS / "fetch-kubectl", "1.20.0")
    folder = tmp_path_factory.mktemp("leftovers")
    with FullCluster.running(folder, PROFILE.replace("[tools]\n", TOOLS)) as host:
        docker("cp", str(kubectl), f"{host.name}:/usr/local/bin/kubectl")
        code, report = host.kboot("up")
        assert code == 0, report
        with ApiClient(host.connection(), timeout=10.0) as api:
            yield Cluster(host, api)


def test_a_second_up_finds_the_proof_and_makes_nothing(cluster: Cluster) -> None:
    before = cluster.api.get_json(NAMESPACES)["items"]
    made = made_so_far(cluster)
    code, report = cluster.host.kboot("up")
    assert (code, report["plan"]["steps"]) == (0, [])
    proven = {each["gate"]: bool(each["proven_at"]) for each in report["gates"]}
    live = ("api", "version", "nodes", "system", "serviceaccount")
    assert proven == {gate: gate not in live for gate in proven}
    assert len(proven) == 10
    assert (cluster.api.get_json(NAMESPACES)["items"], made_so_far(cluster)) == (before, made)


def made_so_far(cluster: Cluster) -> float:
    """How many objects were asked for by POST or DELETE since the server came up."""
    told = cluster.api.get("/metrics").body.decode()
    counted = r'^apiserver_request_total\{.*verb="(?:POST|DELETE|DELETECOLLECTION)".*\} (\S+)$'
    kinds = ("namespaces", "pods", "persistentvolumeclaims", "deployments", "secrets")
    return sum(
        float(each[1])
        for each in re.finditer(counted, told, re.M)
        if any(f'resource="{kind}"' in each[0] for kind in kinds)
    )


def test_up_says_when_it_was_proven(cluster: Cluster) -> None:
    inside = f"{INSIDE} && python3 -m bootstrap up /profile/kboot.toml 2>&1"
    assert re.search(r"all gates proven (just now|.+ ago)\)", " ".join(cluster.lines(inside)))


def test_up_proves_anew_when_asked_and_leaves_everything_as_it_was(cluster: Cluster) -> None:
    before = everything(cluster)
    code, report = cluster.host.kboot("up", "--prove")
    assert code == 0, report
    assert not any(each["proven_at"] for each in report["gates"])
    assert everything(cluster) == before
    assert cluster.remains() == {}


def everything(cluster: Cluster) -> list[str]:
    """Without what changes by itself: ages, and events, which are not asked for."""
    kinds = "all,pvc,pv,cm,secret,serviceaccount,ingress,networkpolicy,role,rolebinding,namespace"
    shown = 'jsonpath={range .items[*]}{.kind} {.metadata.namespace} {.metadata.uid}{"\\n"}{end}'
    found = cluster.lines(f"KUBECONFIG=/root/.kube/config kubectl get {kinds} -A -o '{shown}'")
    assert found
    return sorted(found)


def test_after_ctrl_c_or_a_sigterm_at_any_moment_nothing_is_left(cluster: Cluster) -> None:
    for signal, code in (("SIGINT", 130), ("SIGTERM", 143)):
        runs = cluster.stopped(signal, times=10, at_once=4)
        assert {run["exit"] for run in runs} <= {code, 0}, runs
        assert "Traceback" not in str(runs)
        assert cluster.remains() == {}, runs


def test_after_a_kill_at_any_moment_the_next_run_leaves_nothing(cluster: Cluster) -> None:
    runs = cluster.stopped("SIGKILL", times=10, at_once=3)
    assert {run["exit"] for run in runs} == {-9}
    assert len([each for each in cluster.namespaces() if each.startswith("kboot-")]) > 0
    cluster.verify("--gates", "dns,build")
    assert cluster.remains() == {}, runs


def test_images_of_killed_runs_go_with_the_next_build_and_nobody_elses(cluster: Cluster) -> None:
    runs = cluster.stopped("SIGKILL", times=6, at_once=2, gate="build")
    assert {run["exit"] for run in runs} == {-9}
    cluster.lines("timeout 60 sh -c 'while pgrep -f [d]ocker.build; do sleep 0.2; done' || true")
    assert cluster.images() != []
    others = ["kboot-0badcafe:1", "kboot-0ldc0ffe:1"]
    label = f"{HOLDER}=another"
    cluster.lines(f"docker tag busybox:1.28 {others[0]}")
    cluster.lines(f"echo FROM busybox:1.28 | docker build -q --label {label} -t {others[1]} -")
    cluster.verify("--gates", "build")
    assert sorted(cluster.images()) == others
    cluster.lines(f"docker image rm {' '.join(others)}")


def test_runs_side_by_side_do_not_take_each_other_for_dead(cluster: Cluster) -> None:
    one = "python3 -m bootstrap verify --output json /profile/kboot.toml >/tmp/said-$n &"
    cluster.host.sh(f"{INSIDE} && for n in 1 2 3; do {one} done; wait")
    for each in (1, 2, 3):
        report = json.loads(cluster.host.sh(f"cat /tmp/said-{each}; rm /tmp/said-{each}"))
        assert {gate["status"] for gate in report["gates"]} == {"passed"}
        assert report["left_behind"] == ""
    assert cluster.remains() == {}


def test_of_what_others_made_only_what_has_expired_is_taken(cluster: Cluster) -> None:
    cluster.make_namespace("kboot-0badcafe", holder="another", expires="3600s")
    cluster.make_namespace("kboot-0ldc0ffe", holder="another", expires="0s")
    cluster.make_namespace("kboot-nolabel")
    cluster.make_namespace("else-0badcafe", holder="another", expires="0s")
    cluster.verify("--gates", "dns")
    there = {each for each in cluster.namespaces() if each.startswith(("kboot-", "else-"))}
    assert there == {"kboot-0badcafe", "kboot-nolabel", "else-0badcafe"}
    for each in there:
        cluster.api.delete(f"{NAMESPACES}/{each}")


def test_a_kept_namespace_is_named_and_outlives_the_next_run(cluster: Cluster) -> None:
    report = cluster.verify("--keep", "--gates", "storage")
    kept = report["left_behind"].removeprefix("namespace ").removesuffix(" is kept")
    assert kept in cluster.namespaces()
    cluster.verify("--gates", "dns")
    assert kept in cluster.namespaces()
    claims = cluster.api.get_json(f"{NAMESPACES}/{kept}/persistentvolumeclaims")
    assert [name(each) for each in objects(claims, "items")] == ["data"]
    cluster.lines(f"KUBECONFIG=/root/.kube/config kubectl delete namespace {kept}")


def test_a_volume_that_its_class_retains_is_removed_too(cluster: Cluster) -> None:
    (usual,) = objects(cluster.api.get_json(CLASSES), "items")
    anew = {"name": name(usual), "annotations": usual["metadata"]["annotations"]}
    kept = {"metadata": anew, "provisioner": usual["provisioner"], "reclaimPolicy": "Retain"}
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"}
    cluster.api.delete(f"{CLASSES}/{name(usual)}")
    cluster.api.create(CLASSES, head | kept)
    try:
        cluster.verify("--gates", "storage")
        assert cluster.remains() == {}
    finally:
        cluster.api.delete(f"{CLASSES}/{name(usual)}")
        cluster.api.create(CLASSES, head | kept | {"reclaimPolicy": "Delete"})


def test_a_cluster_made_anew_is_proven_anew(cluster: Cluster) -> None:
    """The last of this cluster: it is another one afterwards."""
    code, report = cluster.host.kboot("down", "--delete", "--yes")
    assert code == 0, report
    code, report = cluster.host.kboot("up")
    assert code == 0, report
    assert not any(each["proven_at"] for each in report["gates"])
