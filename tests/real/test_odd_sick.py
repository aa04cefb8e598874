"""Clusters of today that are odd and sick: it is said why, and what mends them does.

Of each row one thing about the cluster is so while kboot verifies, or some that do not meet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap.core.model.gate import GateResult
from bootstrap.errors import Exit
from tests.real import odd
from tests.real.breaking import CLASSES, KUBE_SYSTEM, quota
from tests.real.ground_today import Today
from tests.real.odd import Made, settle, verify
from tests.real.table import record
from tests.real.webhook import refuses, sleeps

pytestmark = pytest.mark.real

GENEROUS = 90
"""Seconds for a trouble that is known not to end."""
SHORT = 15
"""Seconds for a trouble that may end by itself."""


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
BROKEN = "/etc/cni/net.d/0-broken.conflist"
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
        odd.before(f"{odd.LAST_WORDS}; echo no vault; exit 4"),
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
        *("dns", "image-changed", ("mirror.invalid", "in place of busybox:1.28", "no such host")),
        stays=False,
    ),
    Sick(
        "admission has images pulled always",
        odd.each_container(imagePullPolicy="Always"),
        *("build", "image-changed", ("imagePullPolicy", "no such host")),
        stays=False,
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
        *("dns", "quota-wants-limits", ("must specify requests.memory",)),
        stays=False,
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
        stays=False,
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
        *("storage", "pod-failed", ("/data/kboot-",)),
    ),
    Sick(
        "the Service of DNS is gone",
        lambda ground, folder: ground.deleted(f"{KUBE_SYSTEM}/services/kube-dns"),
        *("dns", "name-not-resolved", ("no Service labelled k8s-app=kube-dns",)),
    ),
    Sick(
        "CoreDNS cannot read its Corefile",
        odd.corefile_is_broken,
        *(
            "system",
            "system-unavailable",
            ("CrashLoopBackOff", "/etc/coredns/Corefile:2 - Error"),
        ),
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
            f"echo '{odd.BROKEN_NETWORK}' > {BROKEN}; {odd.CONTAINERD_ANEW}",
            f"rm {BROKEN}; {odd.CONTAINERD_ANEW}",
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
        "kubectl is not let in",
        odd.kubectl_says("echo 'error: You must be logged in to the server' >&2; exit 1"),
        *("kubectl", "kubectl-fails", ("You must be logged in",)),
    ),
    Sick(
        "kubectl fails, and nobody knows why",
        odd.kubectl_says("echo no such thing >&2; exit 3"),
        *("kubectl", "kubectl-fails", ("no such thing",)),
        stays=False,
        seconds=5,
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


@pytest.mark.parametrize("case", SICK, ids=lambda case: case.is_so.replace(" ", "-"))
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


def test_after_all_that_every_gate_passes_and_nothing_is_left(ground: Today) -> None:
    """The last of this cluster."""
    ground.until(lambda: not ground.own_namespaces())
    code, report = ground.host.kboot("verify", "--gates", "all")
    assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report
    assert ground.own_namespaces() == []
