"""Clusters of today that are odd: the well ones pass, and of the sick ones is said what mends them.

Of each row one thing about the cluster is so while kboot verifies, or some that do not meet.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootstrap.core.gate import GateResult
from bootstrap.errors import Exit
from tests.real import odd
from tests.real.breaking import CLASSES, KUBE_SYSTEM, memory_limit, quota
from tests.real.ground_today import Today
from tests.real.odd import Made, together
from tests.real.table import record
from tests.real.webhook import refuses, sleeps

pytestmark = pytest.mark.real

takes_long = pytest.mark.skipif(
    os.environ.get("KBOOT_ODD") != "all", reason="takes long: by hand, with KBOOT_ODD=all"
)
GENEROUS = 90
"""Seconds for what passes, and for a trouble that is known not to end."""
SHORT = 15
"""Seconds for a trouble that may end by itself."""
LAST_WORDS = "echo of the agent > /dev/termination-log"


@dataclass(frozen=True)
class Well:
    """`told`: words that the gates' messages have."""

    is_so: str
    made: Made
    gates: str = "dns,storage"
    told: str = ""
    flags: tuple[str, ...] = ()
    takes_long: bool = False


@dataclass(frozen=True)
class Sick:
    """`telling`: words that `why` has. `mends`: `fix`, or what else is typed, makes it well."""

    is_so: str
    made: Made
    gate: str
    reason: str
    telling: tuple[str, ...]
    stays: bool = True
    mends: str = ""
    flags: tuple[str, ...] = ()
    status: str = "failed"
    seconds: int = SHORT


FIX = "fix"

WELL = (
    Well(
        "a webhook that may be passed over sleeps",
        odd.asked(sleeps(20), failurePolicy="Ignore"),
        gates="dns",
    ),
    Well("a webhook answers slowly", odd.asked(sleeps(2))),
    Well("a sidecar ends first, with words of its own", odd.beside(LAST_WORDS)),
    Well("a sidecar fails", odd.beside(f"{LAST_WORDS}; exit 3")),
    Well("a sidecar never ends", odd.beside("sleep 3600"), "dns,storage,smoke"),
    Well("an init container is added", odd.before(f"sleep 1; {LAST_WORDS}")),
    Well(
        "a native sidecar is added",
        odd.before("sleep 3600", restartPolicy="Always"),
        "dns,storage,smoke",
    ),
    Well(
        "pods are made to run as nobody",
        odd.changed(lambda spec: spec.update(securityContext={"runAsUser": 65534})),
        "dns,storage,smoke",
    ),
    Well(
        "pods are given limits, and a NetworkPolicy denies all",
        together(
            odd.each_container(resources={"limits": {"memory": "64Mi", "cpu": "500m"}}),
            odd.inside(networkpolicies=odd.DENY_ALL),
        ),
    ),
    Well(
        "a LimitRange gives defaults, and a ResourceQuota has room",
        odd.inside(
            limitranges=memory_limit("64Mi"),
            resourcequotas=quota({"pods": "20", "limits.memory": "2Gi"}),
        ),
        "dns,storage,smoke",
    ),
    Well(
        "a policy warns, another class is there, and others' workloads fail",
        together(
            odd.policy("Warn", "Audit"),
            odd.another_class,
            odd.deployment("default", "127.0.0.1:1/none:1"),
        ),
    ),
    Well(
        "Pod Security is restricted by default",
        odd.restricted_by_default,
        told="its namespace asks for baseline",
        takes_long=True,
    ),
    Well(
        "namespaces are made restricted",
        odd.labelled(**{"pod-security.kubernetes.io/enforce": "restricted"}),
        told="its namespace asks for baseline",
    ),
    Well(
        "the provisioner is slow",
        odd.provisioner("slow", "-slow=18s"),
        "storage",
        told="class slow",
    ),
    Well(
        "the provisioner is slow and waits for a pod",
        odd.provisioner("later", "-slow=25s", volumeBindingMode="WaitForFirstConsumer"),
        "storage",
        told="class later",
    ),
    Well(
        "two classes are the default",
        odd.another_default(odd.MINIKUBES),
        "storage",
        told="class another",
    ),
    Well(
        "the node prefers other pods",
        odd.tainted("PreferNoSchedule"),
    ),
    Well(
        "the node is tainted, and admission has pods tolerate it",
        together(
            odd.tainted("NoSchedule"),
            odd.changed(lambda spec: spec["tolerations"].append({"operator": "Exists"})),
        ),
    ),
    Well("the node is tainted at first", odd.tainted_at_first(5)),
    Well(
        "the node is cordoned once the pod has it",
        odd.when("dns", odd.cordoned_for(2)),
        "dns",
    ),
    Well("CoreDNS comes late", odd.dns_comes_late),
    Well("etcd hangs for a moment", odd.when("dns", odd.hangs("etcd", 5))),
    Well("the API server dies and comes again", odd.when("dns", odd.killed("kube-apiserver"))),
    Well("the kubelet dies and comes again", odd.when("dns", odd.killed("kubelet"))),
    Well(
        "scheduler and controllers die and come again",
        odd.when("dns", odd.killed("kube-scheduler", "kube-controller-manager")),
    ),
    Well("the provisioner has just crashed", odd.provisioner_just_crashed, "storage"),
    Well(
        "the image comes late",
        odd.image_comes_late("127.0.0.1:1/late:1"),
        "dns",
        flags=("--image", "127.0.0.1:1/late:1"),
    ),
    Well("the node is busy", odd.busy),
)

SICK = (
    Sick(
        "a webhook sleeps longer than it may",
        odd.asked(sleeps(30), timeoutSeconds=10),
        *("dns", "webhook-fails", ("pods.example.com", "context deadline exceeded")),
        stays=False,
        seconds=25,
    ),
    Sick(
        "a webhook refuses namespaces",
        odd.asked(
            refuses("ask the platform team"),
            rules=[odd.NAMESPACES],
            namespaceSelector={},
        ),
        *("dns", "webhook-refuses", ("ask the platform team",)),
    ),
    Sick(
        "a policy denies pods",
        odd.policy("Deny"),
        *("dns", "policy-refuses", ("no pods on a Friday",)),
    ),
    Sick(
        "an added init container fails",
        odd.before(f"{LAST_WORDS}; echo no vault; exit 4"),
        *("dns", "injected-fails", ("agent", "exit code 4", "no vault")),
    ),
    Sick(
        "an added sidecar is never ready",
        odd.beside("exit 5"),
        *("smoke", "pod-not-ready", ("agent", "which admission added")),
        stays=False,
        seconds=30,
    ),
    Sick(
        "admission has pods want more than there is",
        odd.each_container(resources={"requests": {"cpu": "1k"}}),
        *("dns", "pod-unschedulable", ("Insufficient cpu",)),
        stays=False,
    ),
    Sick(
        "admission names another registry",
        odd.each_container(image="mirror.invalid/busybox:1.28"),
        *("dns", "image-not-pulled", ("mirror.invalid", "no such host")),
    ),
    Sick(
        "the node is tainted",
        odd.tainted("NoSchedule"),
        *("dns", "pod-unschedulable", ("untolerated taint",)),
        stays=False,
        mends="kubectl taint nodes --all example.com/own-",
    ),
    Sick(
        "the node is cordoned",
        odd.done("kubectl cordon host1", "kubectl uncordon host1"),
        *("dns", "pod-unschedulable", ("unschedulable",)),
        mends="kubectl uncordon host1",
    ),
    Sick(
        "a quota wants requests to be named",
        odd.inside(resourcequotas=quota({"requests.memory": "1Gi"})),
        *("dns", "create-refused", ("must specify requests.memory",)),
    ),
    Sick(
        "a quota allows no claims",
        odd.inside(resourcequotas=quota({"persistentvolumeclaims": "0"})),
        *("storage", "quota-exceeded", ("persistentvolumeclaims=0",)),
    ),
    Sick(
        "a LimitRange allows smaller claims only",
        odd.inside(limitranges=odd.SMALL_CLAIMS),
        *("storage", "create-refused", ("maximum storage usage", "1Mi")),
    ),
    Sick(
        "the image has no shell",
        odd.nothing,
        *("dns", "pod-failed", ("/bin/sh",)),
        flags=("--image", "registry.k8s.io/pause:3.10.1"),
    ),
    Sick(
        "the image is on no node, and in no registry that is there",
        odd.image_is_gone,
        *("dns", "image-not-pulled", ("busybox:1.28", "no such host")),
        mends=FIX,
    ),
    Sick(
        "the provisioner crashes",
        odd.provisioner_crashes,
        *(
            "system",
            "addon-unavailable",
            ("storage-provisioner", "its last words", "error getting server version"),
        ),
        stays=False,
        mends=odd.ANEW,
    ),
    Sick(
        "the provisioner is gone",
        odd.no_provisioner,
        *("storage", "provisioner-missing", ("no pod storage-provisioner",)),
        mends=FIX,
    ),
    Sick(
        "the default class is gone",
        lambda ground, folder: ground.deleted(f"{CLASSES}/standard"),
        *("storage", "storageclass-missing", ("no default StorageClass",)),
        mends=FIX,
    ),
    Sick(
        "the provisioner cannot write where volumes are to be",
        odd.provisioner("nowhere", folder="/proc/nowhere"),
        *("storage", "claim-not-bound", ("ProvisioningFailed", "/proc/nowhere")),
        stays=False,
    ),
    Sick(
        "the volume's folder is not there",
        odd.static_volume({"path": "/no/such/folder", "type": "Directory"}),
        *("storage", "volume-not-mounted", ("/no/such/folder", "is not a directory")),
        stays=False,
        seconds=20,
    ),
    Sick(
        "the volume is read-only",
        odd.static_volume({"path": "/sys/kernel", "type": "Directory"}),
        *("storage", "pod-failed", ("/data/word",)),
    ),
    Sick(
        "the Service of DNS is gone",
        lambda ground, folder: ground.deleted(f"{KUBE_SYSTEM}/services/kube-dns"),
        *("dns", "name-not-resolved", ("no Service labelled k8s-app=kube-dns",)),
    ),
    Sick(
        "CoreDNS cannot read its Corefile",
        odd.corefile_is_broken,
        *("system", "system-unavailable", ("coredns", "CrashLoopBackOff")),
        stays=False,
    ),
    Sick(
        "kube-proxy is gone, and its rules",
        odd.no_kube_proxy,
        *("dns", "name-not-resolved", ("nameserver 10.96.0.10",)),
        stays=False,
        seconds=20,
    ),
    Sick(
        "a workload of the system has an image that is nowhere",
        odd.deployment("kube-system", "127.0.0.1:1/none:1"),
        *("system", "system-unavailable", ("other", "ImagePull")),
        stays=False,
    ),
    Sick(
        "the node has a network plugin that is not there",
        odd.done(
            f"echo '{odd.BROKEN_NETWORK}' > /etc/cni/net.d/0-broken.conflist; sleep 1",
            "rm /etc/cni/net.d/0-broken.conflist",
        ),
        *("dns", "pod-network-fails", ("broken",)),
        stays=False,
    ),
    Sick(
        "the user may only look",
        odd.user_may_only_look,
        *("dns", "api-forbidden", ('User "viewer" cannot create resource "namespaces"',)),
        status="unknown",
    ),
    Sick(
        "kubectl fails",
        odd.kubectl_says("echo no such thing >&2; exit 3"),
        *("kubectl", "kubectl-fails", ("no such thing",)),
    ),
    Sick(
        "kubectl is of another cluster",
        odd.kubectl_says("echo node/elsewhere"),
        *("kubectl", "kubectl-differs", ("elsewhere", "host1")),
    ),
    Sick(
        "docker is stopped",
        odd.done("service docker stop", odd.DOCKER_STARTS),
        *("build", "engine-down", ("docker",)),
        mends=odd.DOCKER_STARTS,
    ),
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Today]:
    with Today.running(tmp_path_factory.mktemp("odd")) as made:
        yield made


def named(case: Well | Sick) -> str:
    return case.is_so.replace(" ", "-")


def verify(ground: Today, gates: str, seconds: int, *flags: str) -> tuple[int, dict[str, Any]]:
    return ground.host.kboot("verify", "--gates", gates, "--timeout", f"{seconds}s", *flags)


def settle(ground: Today) -> None:
    ground.delete_own_namespaces()
    ground.until(ground.is_up)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(each, id=named(each), marks=[takes_long] if each.takes_long else [])
        for each in WELL
    ],
)
def test_a_well_cluster_passes_however_odd(case: Well, ground: Today, tmp_path: Path) -> None:
    with case.made(ground, tmp_path):
        code, report = verify(ground, case.gates, GENEROUS, "--keep", *case.flags)
    wanted = case.gates.split(",")
    for each in report["gates"]:
        if each["gate"] in wanted:
            record(ground, case.is_so, GateResult(**each))
    settle(ground)
    assert code == Exit.CONVERGED, report["gates"]
    assert case.told in "; ".join(each["message"] for each in report["gates"])


@pytest.mark.parametrize("case", SICK, ids=named)
def test_a_sick_cluster_is_named_and_what_mends_it_does(
    case: Sick, ground: Today, tmp_path: Path
) -> None:
    seconds = GENEROUS if case.stays else case.seconds
    with case.made(ground, tmp_path):
        code, report = verify(ground, case.gate, seconds, "--keep", *case.flags)
        told = [each for each in report["gates"] if each["status"] not in ("passed", "skipped")]
        assert [each["gate"] for each in told] == [case.gate], report["gates"]
        found = GateResult(**told[0])
        record(ground, case.is_so, found)
        words = found.fix.partition("   ")[0] if case.mends == FIX else case.mends
        if words:
            ground.host.sh(words)
            again, after = verify(ground, case.gate, GENEROUS, "--keep", *case.flags)
            assert again == Exit.CONVERGED, after["gates"]
    settle(ground)
    assert code == Exit.CLUSTER_NOT_READY
    assert (found.status, found.reason) == (case.status, case.reason), found
    assert all(each in found.why for each in case.telling), found
    assert found.fix
    assert (found.seconds < seconds / 2) == case.stays, found


def test_what_a_class_retains_is_gone_with_the_folder_behind_it(
    ground: Today, tmp_path: Path
) -> None:
    def folders() -> set[str]:
        return set(ground.host.sh(f"find {odd.FOLDER} -name data").splitlines())

    before = folders()
    with odd.another_default(odd.MINIKUBES, reclaimPolicy="Retain")(ground, tmp_path):
        code, report = verify(ground, "storage", GENEROUS)
    assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report
    assert folders() <= before


def test_a_volume_that_was_bound_by_chance_is_given_back_with_its_data(
    ground: Today, tmp_path: Path
) -> None:
    host_path = {"path": "/opt/static", "type": "DirectoryOrCreate"}
    with odd.static_volume(host_path)(ground, tmp_path):
        code, report = verify(ground, "storage", GENEROUS)
        assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report
        ground.until(lambda: ground.get(f"{odd.VOLUMES}/static")["status"]["phase"] == "Available")
    assert ground.host.sh("cat /opt/static/word")


@takes_long
def test_an_api_that_nobody_serves_keeps_kboots_namespace_and_is_named(
    ground: Today, tmp_path: Path
) -> None:
    """kboot waits a minute for it."""
    with odd.broken_api_service(ground, tmp_path):
        code, report = verify(ground, "dns,kubectl", GENEROUS)
    assert code == Exit.CONVERGED, report["gates"]
    assert "metrics.k8s.io/v1beta1" in report["left_behind"]
    ground.until(lambda: not ground.own_namespaces())


def test_a_finalizer_that_nobody_minds_is_named_while_kboot_waits(
    ground: Today, tmp_path: Path
) -> None:
    events = f"{ground.home}/events"

    def add(finalizers: list[str] | None) -> None:
        (namespace,) = ground.own_namespaces()
        change = {"metadata": {"finalizers": finalizers}}
        ground.api.call("PATCH", f"/api/v1/namespaces/{namespace}", change)

    def is_told() -> bool:
        said = ground.host.sh(f"cat {events} 2>/dev/null || true")
        told = [json.loads(line) for line in said.splitlines()]
        return any(
            each["subject"] == "cleaning up" and "example.com/held" in each["message"]
            for each in told
        )

    with (
        ground.meanwhile(ground.own_namespaces, lambda: add(["example.com/held"])),
        ground.meanwhile(is_told, lambda: add(None)),
    ):
        code, report = verify(ground, "dns", GENEROUS, "--events", events)
    assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report


def test_after_all_that_every_gate_passes_and_nothing_is_left(ground: Today) -> None:
    """The last of this cluster."""
    ground.until(lambda: not ground.own_namespaces())
    code, report = ground.host.kboot("verify", "--gates", "all")
    assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report
    assert ground.own_namespaces() == []
