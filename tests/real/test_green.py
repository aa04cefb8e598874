"""Green means true: what a green run has proven is broken, and every look sees it.

On Kubernetes 1.35.1 with minikube's provisioner. Of each breakage that shows at once `doctor` is
not ready and `up`, with nothing to do, does not end well; mended, the cluster is proven again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.helpers.hosts.machine import PROFILE, Machine
from tests.helpers.waiting import until

pytestmark = pytest.mark.real

# Without those that take long by themselves: what they need is what these need.
GATES = '\n[verify]\ngates = ["dns", "storage", "kubectl"]\n'
ALL = "--selector=kubernetes.io/os=linux"
CLASS = "kubectl get storageclass standard"
USED = ("dns", "storage", "kubectl")
KUBE = "kubectl --namespace kube-system"


class Breakage(NamedTuple):
    breaks: str
    mends: str
    gate: str
    """Whose finding tells of it."""
    reason: str


BREAKAGES = {
    "the Service of DNS is deleted": Breakage(
        f"{KUBE} get service kube-dns -o json >/tmp/kept; {KUBE} delete service kube-dns",
        f"{KUBE} create -f /tmp/kept",
        "gate dns",
        "dns-service-missing",
    ),
    "the Service of DNS selects nothing": Breakage(
        f"{KUBE} set selector service kube-dns k8s-app=nothing",
        f"{KUBE} set selector service kube-dns k8s-app=kube-dns",
        "gate dns",
        "dns-not-ready",
    ),
    "CoreDNS is scaled away": Breakage(
        f"{KUBE} scale deployment coredns --replicas=0",
        f"{KUBE} scale deployment coredns --replicas=1; "
        f"{KUBE} rollout status deployment coredns --timeout=60s",
        "gate system",
        "system-no-dns",
    ),
    "the default StorageClass is deleted": Breakage(
        f"{CLASS} -o json >/tmp/kept; kubectl delete storageclass standard",
        "kubectl create -f /tmp/kept",
        "gate storage",
        "storageclass-missing",
    ),
    "the node is cordoned": Breakage(
        "kubectl cordon --selector=kubernetes.io/os=linux",
        "kubectl uncordon --selector=kubernetes.io/os=linux",
        "gate dns",
        "nodes-closed",
    ),
    "the kubelet is stopped": Breakage(
        "service kubelet stop", "service kubelet start", "gate nodes", "node-not-ready"
    ),
    "the runtime is stopped": Breakage(
        "service containerd stop", "service containerd start", "gate dns", "node-engine-down"
    ),
    "kubectl is another": Breakage(
        "mv /usr/local/bin/kubectl /tmp/kubectl",
        "mv /tmp/kubectl /usr/local/bin/kubectl",
        "kubectl",
        "",
    ),
}


@pytest.fixture(scope="module")
def machine(kubernetes_1_35: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine.running(tmp_path_factory.mktemp("green"), PROFILE + GATES) as made:
        made.sh("minikube start --driver=none --interactive=false")
        yield made


def is_told(machine: Machine, breakage: Breakage) -> bool:
    code, document = machine.kboot("doctor")
    told = [
        each
        for each in document["findings"]
        if each["subject"] == breakage.gate and each["reason"].startswith(breakage.reason)
    ]
    return code == 1 and any(each["status"] not in ("ok", "warn") for each in told)


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
def test_what_is_broken_after_a_green_run_is_seen_by_every_look(
    machine: Machine, breakage: Breakage
) -> None:
    until(lambda: machine.kboot("up")[0] == 0)
    code, document = machine.kboot("up")
    assert code == 0
    assert all(each["proven_at"] for each in document["gates"] if each["gate"] in USED)
    machine.sh(breakage.breaks)
    try:
        until(lambda: is_told(machine, breakage))
        for command in ("up", "verify"):
            offline = ("--offline",) if command == "up" else ()
            code, document = machine.kboot(command, *offline, "--timeout=15s")
            assert code != 0, (command, document["gates"])
    finally:
        machine.sh(breakage.mends)


def test_a_gate_that_failed_leaves_nothing_proven(machine: Machine) -> None:
    """Also where every sign is well again when it is next looked."""
    until(lambda: machine.kboot("up")[0] == 0)
    machine.sh(f"kubectl cordon {ALL}")
    assert machine.kboot("verify", "--gates", "dns", "--timeout=15s")[0] == 73
    machine.sh(f"kubectl uncordon {ALL}")
    code, document = machine.kboot("up")
    assert code == 0 and not any(each["proven_at"] for each in document["gates"])
