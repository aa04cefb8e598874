"""Real failures of a real cluster: kboot names the right gate, why, and what to do, in time."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootstrap.cluster.gate_look import Expected
from bootstrap.core.codec import to_plain
from bootstrap.core.gate import GATE_IDS, LIVE_GATES, GateResult, selected
from bootstrap.core.program import Lack
from bootstrap.engine.prove import Proving, Use
from bootstrap.engine.using import Using
from bootstrap.errors import Exit
from bootstrap.host.cache import Cache
from bootstrap.host.places import find_places
from bootstrap.host.surroundings import Surroundings
from tests.real.breaking import (
    CLASSES,
    COREDNS,
    DEFAULT,
    HERE,
    KUBE_SYSTEM,
    Ground,
    refusing_webhook,
)
from tests.real.engine import docker
from tests.real.full_cluster import TOOLS, FullCluster

pytestmark = pytest.mark.real

TABLE = os.environ.get("KBOOT_FAILURES_TABLE", "")
"""A file for the table: what was broken, gate, reason, seconds until it was named."""


@dataclass(frozen=True)
class Case:
    """`telling`: words of which `why` has each. `within`: seconds that all gates may last."""

    broken: str
    breaks: Callable[[Ground, Path], AbstractContextManager[object]]
    gate: str
    reason: str
    telling: tuple[str, ...]
    within: int = 60
    flags: tuple[str, ...] = ()
    status: str = "failed"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, engine: None) -> Iterator[Ground]:
    with FullCluster.running(tmp_path_factory.mktemp("failures")) as host:
        code, report = host.kboot("up")
        assert code == 0, report
        yield Ground(host)


def closed_port() -> int:
    with socket.create_server((HERE, 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def server_is(ground: Ground, server: str) -> Iterator[None]:
    with ground.kubeconfig(lambda cluster, user: cluster.update(server=server)):
        yield


@contextmanager
def token_is_wrong(ground: Ground, folder: Path) -> Iterator[None]:
    def change(cluster: dict[str, Any], user: dict[str, Any]) -> None:
        user.clear()
        user["token"] = "wrong"

    with ground.kubeconfig(change):
        yield


@contextmanager
def authority_is_another(ground: Ground, folder: Path) -> Iterator[None]:
    other = ground.other_authority()

    def change(cluster: dict[str, Any], user: dict[str, Any]) -> None:
        cluster.pop("certificate-authority-data", None)
        cluster["certificate-authority"] = other

    with ground.kubeconfig(change):
        yield


@contextmanager
def user_may_not_look(ground: Ground, folder: Path) -> Iterator[None]:
    files = ground.client("/O=developers/CN=dev")

    def change(cluster: dict[str, Any], user: dict[str, Any]) -> None:
        user.clear()
        user.update({"client-certificate": f"{files}.crt", "client-key": f"{files}.key"})

    with ground.kubeconfig(change):
        yield


@contextmanager
def no_dns(ground: Ground, folder: Path) -> Iterator[None]:
    with ground.patched(COREDNS, {"spec": {"replicas": 0}}, {"spec": {"replicas": 1}}):
        yield


@contextmanager
def dns_image_is_nowhere(ground: Ground, folder: Path) -> Iterator[None]:
    spec = ground.get(COREDNS)["spec"]
    (container,) = spec["template"]["spec"]["containers"]

    def change(image: str, policy: str) -> dict[str, Any]:
        own = {"name": container["name"], "image": image, "imagePullPolicy": policy}
        strategy = {"type": "Recreate", "$retainKeys": ["type"]}
        pods = {"spec": {"containers": [own]}}
        return {"spec": {"strategy": strategy, "template": pods}}

    there = change(container["image"], container["imagePullPolicy"])
    pods = f"{KUBE_SYSTEM}/pods?labelSelector=k8s-app%3Dkube-dns"
    with ground.patched(COREDNS, change("nosuch.invalid/dns:1", "IfNotPresent"), there):
        ground.until(lambda: b"ImagePull" in ground.api.call("GET", pods))
        yield
    # Kubernetes takes half a minute to end a pod that has never run.
    ground.until(
        lambda: all("deletionTimestamp" in each["metadata"] for each in ground.get(pods)["items"])
    )
    ground.api.call("DELETE", pods, {"gracePeriodSeconds": 0})


@contextmanager
def no_account(ground: Ground, folder: Path) -> Iterator[None]:
    with ground.hung("kube-controller-manager"):
        ground.api.call("DELETE", "/api/v1/namespaces/default/serviceaccounts/default")
        yield


@contextmanager
def dns_service_finds_nobody(ground: Ground, folder: Path) -> Iterator[None]:
    there, nobody = ({"spec": {"selector": {"k8s-app": name}}} for name in ("kube-dns", "nobody"))
    with ground.patched(f"{KUBE_SYSTEM}/services/kube-dns", nobody, there):
        ground.until(lambda: not ground.get(f"{KUBE_SYSTEM}/endpoints/kube-dns").get("subsets"))
        yield


@contextmanager
def provisioner_is_nobody(ground: Ground, folder: Path) -> Iterator[None]:
    fast = {
        "metadata": {"name": "fast", "annotations": DEFAULT},
        "provisioner": "example.com/nobody",
    }
    with ground.deleted(f"{CLASSES}/standard"), ground.created(CLASSES, fast):
        yield


@contextmanager
def kubelet_is_silent(ground: Ground, folder: Path) -> Iterator[None]:
    with ground.hung("kubelet"):
        ground.until(lambda: ground.node_ready() != "True")
        yield


@contextmanager
def engine_is_stopped(ground: Ground, folder: Path) -> Iterator[None]:
    with ground.engine_stopped():
        ground.until(lambda: ground.node_ready() != "True")
        yield


@contextmanager
def webhook_refuses(ground: Ground, folder: Path) -> Iterator[None]:
    with refusing_webhook(folder) as (url, authority), ground.webhook(url, authority):
        yield


@contextmanager
def quota_is_used_up(ground: Ground, folder: Path) -> Iterator[None]:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    status = {"hard": {"pods": "0"}, "used": {"pods": "0"}}
    with ground.in_own_namespace("resourcequotas", quota, status):
        yield


@contextmanager
def image_is_greedy(ground: Ground, folder: Path) -> Iterator[None]:
    """Its shell takes all memory that it may, and a LimitRange says how much that is."""
    ground.host.sh(GREEDY)
    memory = {"memory": "32Mi"}
    limit = {"type": "Container", "default": memory, "defaultRequest": memory}
    limits = {"metadata": {"name": "tiny"}, "spec": {"limits": [limit]}}
    with ground.in_own_namespace("limitranges", limits):
        yield


@contextmanager
def memory_is_less_than_an_engine_gives(ground: Ground, folder: Path) -> Iterator[None]:
    memory = {"memory": "1Mi"}
    limit = {"type": "Container", "default": memory, "defaultRequest": memory}
    limits = {"metadata": {"name": "none"}, "spec": {"limits": [limit]}}
    with ground.in_own_namespace("limitranges", limits):
        yield


GREEDY = """
mkdir -p /root/greedy && cd /root/greedy
printf '#!/bin/busybox sh\\nexec /bin/busybox tail /dev/zero\\n' > sh && chmod 755 sh
cat > Dockerfile <<END
FROM busybox:1.28
COPY sh /tmp/sh
RUN ["/bin/busybox", "mv", "/tmp/sh", "/bin/sh"]
END
docker build --quiet --tag greedy:1 .
"""


def hung(name: str) -> Callable[[Ground, Path], AbstractContextManager[object]]:
    return lambda ground, folder: ground.hung(name)


def nothing(ground: Ground, folder: Path) -> AbstractContextManager[object]:
    return ExitStack()


CORDON, UNCORDON = ({"spec": {"unschedulable": each}} for each in (True, False))
NODE = "/api/v1/nodes"

CASES = (
    Case(
        "kubeconfig names a closed port",
        lambda ground, folder: server_is(ground, f"https://{HERE}:{closed_port()}"),
        *("api", "api-refused", ("nothing listens",), 4),
    ),
    Case(
        "kubeconfig names a host that is not there",
        lambda ground, folder: server_is(ground, "https://nosuch.invalid:8443"),
        *("api", "api-no-such-host", ("nosuch.invalid", "no address"), 4),
    ),
    Case("wrong token", token_is_wrong, "api", "api-unauthorized", ("does not accept",)),
    Case("another CA", authority_is_another, "api", "api-unknown-ca", ("not signed by the CA",)),
    Case(
        "user without rights",
        user_may_not_look,
        *("nodes", "api-forbidden", ('User "dev" cannot list resource "nodes"',)),
        status="unknown",
    ),
    Case("kube-apiserver hangs", hung("kube-apiserver"), "api", "api-timeout", ("no answer",), 6),
    Case("etcd hangs", hung("etcd"), "api", "api-not-ready", ("etcd",), 8),
    Case(
        "coredns scaled to 0",
        no_dns,
        *("system", "system-no-dns", ("k8s-app=kube-dns with a replica",), 6),
    ),
    Case(
        "coredns's image cannot be pulled",
        dns_image_is_nowhere,
        *("system", "system-unavailable", ("pod coredns-", "ImagePull"), 10),
    ),
    Case(
        "ServiceAccount default deleted, controller manager hangs",
        no_account,
        *("serviceaccount", "serviceaccount-missing", ("ServiceAccount default",), 4),
    ),
    Case(
        "controller manager hangs",
        hung("kube-controller-manager"),
        *("dns", "serviceaccount-missing", ("ServiceAccount default of a new namespace",), 20),
    ),
    Case(
        "Service kube-dns deleted",
        lambda ground, folder: ground.deleted(f"{KUBE_SYSTEM}/services/kube-dns"),
        *("dns", "name-not-resolved", ("kubernetes.default.svc", "nameserver 10.96.0.10")),
    ),
    Case(
        "Service kube-dns selects no pod",
        dns_service_finds_nobody,
        *("dns", "name-not-resolved", ("kubernetes.default.svc", "nameserver 10.96.0.10")),
    ),
    Case(
        "image is in no registry",
        nothing,
        *("dns", "image-not-pulled", ("nosuch.invalid/image:1", "Failed to pull image")),
        flags=("--image", "nosuch.invalid/image:1"),
    ),
    Case(
        "no StorageClass",
        lambda ground, folder: ground.deleted(f"{CLASSES}/standard"),
        *("storage", "storageclass-missing", ("no default StorageClass",)),
    ),
    Case(
        "default StorageClass of a provisioner that is not there",
        provisioner_is_nobody,
        *("storage", "claim-not-bound", ("claim data", "example.com/nobody"), 90),
    ),
    Case(
        "node cordoned",
        lambda ground, folder: ground.patched(f"{NODE}/{ground.node}", CORDON, UNCORDON),
        *("dns", "pod-unschedulable", ("unschedulable",)),
    ),
    Case(
        "scheduler hangs",
        hung("kube-scheduler"),
        *("dns", "pod-not-scheduled", ("no scheduler has looked at it",)),
    ),
    Case(
        "webhook refuses pods",
        webhook_refuses,
        *("dns", "webhook-refuses", ("pods.example.com", "no pods on a Friday")),
    ),
    Case(
        "webhook with nobody behind it",
        lambda ground, folder: ground.webhook(f"https://{HERE}:{closed_port()}/pods"),
        *("dns", "webhook-fails", ("pods.example.com", "connection refused")),
    ),
    Case(
        "ResourceQuota without pods",
        quota_is_used_up,
        *("dns", "quota-exceeded", ("exceeded quota: none",)),
    ),
    Case(
        "image takes more memory than a LimitRange allows",
        image_is_greedy,
        *("dns", "out-of-memory", ("pod dns", "more memory than it may")),
        flags=("--image", "greedy:1"),
    ),
    Case(
        "LimitRange below the engine's minimum",
        memory_is_less_than_an_engine_gives,
        *("dns", "container-not-created", ("pod dns", "inimum memory limit")),
    ),
    Case(
        "kube-proxy hangs",
        hung("kube-proxy"),
        *("smoke", "services-unanswered", ("of Service web",), 120),
    ),
    Case(
        "profile names another Kubernetes",
        lambda ground, folder: ground.profile('"1.20.2"', '"1.20.4"'),
        *("version", "version-differs", ("1.20.2", "1.20.4")),
    ),
    Case(
        "kubelet hangs",
        kubelet_is_silent,
        *("nodes", "node-not-ready", ("Kubelet stopped posting node status",), 6),
    ),
    Case(
        "container engine stopped",
        engine_is_stopped,
        *("nodes", "node-not-ready", ("ontainer runtime",), 6),
    ),
    Case(
        "kube-apiserver is dead",
        lambda ground, folder: ground.killed("kube-apiserver"),
        *("api", "api-refused", ("nothing listens",), 4),
    ),
    Case(
        "serving certificate expired",
        lambda ground, folder: ground.certificate("20200101000000Z", "20210101000000Z"),
        *("api", "api-certificate-expired", ("has expired",)),
    ),
    Case(
        "serving certificate not valid yet",
        lambda ground, folder: ground.certificate("20900101000000Z", "20910101000000Z"),
        *("api", "api-certificate-not-yet-valid", ("not valid yet",)),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.broken.replace(" ", "-"))
def test_a_failure_is_named_by_its_gate_and_mended_is_gone(
    case: Case, ground: Ground, tmp_path: Path
) -> None:
    with case.breaks(ground, tmp_path):
        code, report = verify(ground, case.gate, case.within, *case.flags)
    told = {each["gate"]: each for each in report["gates"] if each["status"] != "skipped"}
    wrong = {gate: each for gate, each in told.items() if each["status"] != "passed"}
    assert list(wrong) == [case.gate], report
    named = GateResult(**wrong[case.gate])
    record(case.broken, named)
    assert code == Exit.CLUSTER_NOT_READY
    assert (named.status, named.reason) == (case.status, case.reason), named
    assert all(each in named.why for each in case.telling), named
    assert named.fix
    # A request under way at the deadline is cut there, which takes some milliseconds.
    assert sum(each["seconds"] for each in told.values()) < case.within + 1
    code, report = verify(ground, "dns", 120)
    assert code == Exit.CONVERGED, report["gates"]
    ground.delete_own_namespaces()


def test_a_kubectl_whose_kubeconfig_leads_nowhere_is_told(
    ground: Ground, kubectl_1_20: Path, tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"server": f"https://{HERE}:{closed_port()}"}
    document = {
        "clusters": [{"name": "full", "cluster": cluster}],
        # Without credentials kubectl 1.20 would ask for a name and a password.
        "users": [{"name": "full", "user": {"token": "none"}}],
        "contexts": [{"name": "full", "context": {"cluster": "full", "user": "full"}}],
        "current-context": "full",
    }
    kubeconfig.write_text(json.dumps(document))
    places = find_places({"HOME": str(tmp_path)})
    around = Surroundings({}, places, Cache(places.cache))
    using = Using(
        around,
        "full",
        str(kubeconfig),
        "full",
        "busybox:1.28",
        kubectl=str(kubectl_1_20),
        docker=Lack("none is declared"),
    )
    named = named_here(ground, "kubectl", Expected(), 30.0, using.begin)
    record("kubectl's kubeconfig names a closed port", named)
    assert (named.status, named.reason) == ("failed", "kubectl-fails")
    assert "refused" in named.why
    assert named.fix
    assert named.seconds < 30


def test_a_kubectl_two_minor_versions_away_is_told(ground: Ground) -> None:
    expected = Expected(kubernetes="1.20.2", kubectl="1.22.0")
    named = named_here(ground, "version", expected, 30.0)
    record("kubectl is two minor versions away", named)
    assert (named.status, named.reason) == ("failed", "kubectl-skew")
    assert "1.22.0 is more than one minor version away" in named.why
    assert 'kubectl = "1.20"' in named.fix


def test_once_all_is_mended_every_gate_passes_and_nothing_is_left(
    ground: Ground, kubectl_1_20: Path
) -> None:
    """The last of this cluster."""
    docker("cp", str(kubectl_1_20), f"{ground.host.name}:/usr/local/bin/kubectl")
    ground.until(lambda: not ground.own_namespaces())
    with ground.profile("[tools]\n", TOOLS):
        code, report = ground.host.kboot("verify", "--gates", "all")
    assert code == Exit.CONVERGED, report["gates"]
    assert {each["gate"]: each["status"] for each in report["gates"]} == dict.fromkeys(
        GATE_IDS, "passed"
    )
    assert (report["left_behind"], ground.own_namespaces()) == ("", [])


def named_here(
    ground: Ground, gate: str, expected: Expected, timeout: float, use: Use | None = None
) -> GateResult:
    """The one gate that does not pass when this process passes them."""
    connection = ground.host.connection()
    with Proving(connection, expected, timeout=timeout, emit=lambda _: None, use=use) as proving:
        wrong = [each for each in proving.run(selected((gate,))) if not each.passed]
    assert [each.gate for each in wrong] == [gate]
    return wrong[0]


def verify(ground: Ground, gate: str, seconds: int, *flags: str) -> tuple[int, dict[str, Any]]:
    """What a run makes is kept: the case's end has it deleted, and nobody waits for that."""
    keep = () if gate in {each.id for each in LIVE_GATES} else ("--keep",)
    own = ("--gates", gate, "--timeout", f"{seconds}s", *keep, *flags)
    return ground.host.kboot("verify", *own)


def record(broken: str, named: GateResult) -> None:
    if TABLE:
        with Path(TABLE).open("a") as file:
            file.write(json.dumps({"broken": broken, **to_plain(named)}) + "\n")
