"""Real failures of real clusters: kboot names the right gate, why, and what to do, in time."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootstrap.core.model.gate import GATE_IDS, LIVE_GATES, GateResult, Lack, selected
from bootstrap.engine.prove.passing import Proving, Use
from bootstrap.engine.prove.using import Using
from bootstrap.errors import Exit
from bootstrap.gates.look import Expected
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.places import find_places
from bootstrap.host.machine.surroundings import Surroundings
from tests.real.breaking import CLASSES, COREDNS, DEFAULT, KUBE_SYSTEM, Ground, memory_limit, quota
from tests.real.ground_then import Then
from tests.real.ground_today import Today
from tests.real.table import record
from tests.real.webhook import answering, refuses

pytestmark = pytest.mark.real

Clusters = tuple[type[Then] | type[Today], ...]
TODAY: Clusters = (Today,)
BOTH: Clusters = (Today, Then)
GENEROUS = 60
"""Seconds for a trouble that is known not to end: it is named in less than half of them."""
SHORT = 20
"""Seconds for a trouble that may end by itself, so that its gate waits for that."""
AT_ONCE = 8
"""Likewise, for a gate that takes no time, so that the trouble is told all the while."""


@dataclass(frozen=True)
class Case:
    """`telling`: words of which `why` has each. `stays`: the trouble is known not to end."""

    broken: str
    breaks: Callable[[Ground, Path], AbstractContextManager[object]]
    gate: str
    reason: str
    telling: tuple[str, ...]
    on: Clusters = TODAY
    stays: bool = True
    flags: tuple[str, ...] = ()
    status: str = "failed"

    @property
    def seconds(self) -> int:
        live = self.gate in {each.id for each in LIVE_GATES}
        return GENEROUS if self.stays else AT_ONCE if live else SHORT


@pytest.fixture(scope="module")
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    kind: type[Then] | type[Today] = request.param
    if kind is Then:
        request.getfixturevalue("engine")
    with kind.running(tmp_path_factory.mktemp("failures")) as made:
        yield made


on_both = pytest.mark.parametrize(
    "ground", BOTH, indirect=True, ids=lambda kind: kind.kubernetes, scope="module"
)


def closed_port(here: str) -> int:
    with socket.create_server((here, 0)) as free:
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
    with (
        answering(ground.here, folder, refuses("no pods on a Friday")) as hook,
        ground.webhook(*hook),
    ):
        yield


@contextmanager
def quota_is_used_up(ground: Ground, folder: Path) -> Iterator[None]:
    with ground.in_own_namespace(resourcequotas=quota({"pods": "0"})):
        yield


@contextmanager
def image_is_greedy(ground: Ground, folder: Path) -> Iterator[None]:
    """Its shell takes all memory that it may, and a LimitRange says how much that is."""
    ground.host.sh(GREEDY)
    ground.give("greedy:1")
    with ground.in_own_namespace(limitranges=memory_limit("32Mi")):
        yield


@contextmanager
def memory_is_less_than_an_engine_gives(ground: Ground, folder: Path) -> Iterator[None]:
    with ground.in_own_namespace(limitranges=memory_limit("1Mi")):
        yield


GREEDY = """
cd "$(mktemp -d)"
printf '#!/bin/busybox sh\\nexec /bin/busybox tail /dev/zero\\n' > sh && chmod 755 sh
cat > Dockerfile <<END
FROM busybox:1.28
COPY sh /tmp/sh
RUN ["/bin/busybox", "mv", "/tmp/sh", "/bin/sh"]
END
docker build --quiet --tag greedy:1 .
"""


@contextmanager
def another_version(ground: Ground, folder: Path) -> Iterator[None]:
    own = f'kubernetes = "{ground.kubernetes}"'
    with ground.profile(own, own.replace(ground.kubernetes, f"{ground.kubernetes[:-2]}.99")):
        yield


def hung(name: str) -> Callable[[Ground, Path], AbstractContextManager[object]]:
    return lambda ground, folder: ground.hung(name)


def nothing(ground: Ground, folder: Path) -> AbstractContextManager[object]:
    return ExitStack()


CORDON, UNCORDON = ({"spec": {"unschedulable": each}} for each in (True, False))
NODE = "/api/v1/nodes"

CASES = (
    Case(
        "kubeconfig names a closed port",
        lambda ground, folder: server_is(
            ground, f"https://{ground.here}:{closed_port(ground.here)}"
        ),
        *("api", "api-refused", ("nothing listens",)),
        stays=False,
    ),
    Case(
        "kubeconfig names a host that is not there",
        lambda ground, folder: server_is(ground, "https://nosuch.invalid:8443"),
        *("api", "api-no-such-host", ("nosuch.invalid", "no address")),
        stays=False,
    ),
    Case("wrong token", token_is_wrong, "api", "api-unauthorized", ("does not accept",)),
    Case("another CA", authority_is_another, "api", "api-unknown-ca", ("not signed by the CA",)),
    Case(
        "user without rights",
        user_may_not_look,
        *("nodes", "api-forbidden", ('User "dev" cannot list resource "nodes"',)),
        status="unknown",
    ),
    Case(
        "kube-apiserver hangs",
        hung("kube-apiserver"),
        *("api", "api-timeout", ("no answer",)),
        stays=False,
    ),
    Case("etcd hangs", hung("etcd"), "api", "api-not-ready", ("etcd",), BOTH, stays=False),
    Case(
        "coredns scaled to 0",
        no_dns,
        *("system", "system-no-dns", ("k8s-app=kube-dns with a replica",)),
        stays=False,
    ),
    Case(
        "coredns's image cannot be pulled",
        dns_image_is_nowhere,
        *("system", "system-unavailable", ("pod coredns-", "ImagePull"), BOTH),
        stays=False,
    ),
    Case(
        "ServiceAccount default deleted, controller manager hangs",
        no_account,
        *("serviceaccount", "serviceaccount-missing", ("ServiceAccount default",), BOTH),
        stays=False,
    ),
    Case(
        "controller manager hangs",
        hung("kube-controller-manager"),
        *("dns", "serviceaccount-missing", ("ServiceAccount default of a new namespace",)),
        stays=False,
    ),
    Case(
        "Service kube-dns deleted",
        lambda ground, folder: ground.deleted(f"{KUBE_SYSTEM}/services/kube-dns"),
        *("dns", "name-not-resolved", ("kubernetes.default.svc", "nameserver 10.96.0.10"), BOTH),
    ),
    Case(
        "Service kube-dns selects no pod",
        dns_service_finds_nobody,
        *("dns", "name-not-resolved", ("kubernetes.default.svc", "nameserver 10.96.0.10")),
        stays=False,
    ),
    Case(
        "image is in no registry",
        nothing,
        *("dns", "image-not-pulled", ("nosuch.invalid/image:1", "Failed to pull image"), BOTH),
        flags=("--image", "nosuch.invalid/image:1"),
        stays=False,
    ),
    Case(
        "no StorageClass",
        lambda ground, folder: ground.deleted(f"{CLASSES}/standard"),
        *("storage", "storageclass-missing", ("no default StorageClass",), BOTH),
    ),
    Case(
        "default StorageClass of a provisioner that is not there",
        provisioner_is_nobody,
        *("storage", "claim-not-bound", ("claim data", "example.com/nobody"), BOTH),
        stays=False,
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
        stays=False,
    ),
    Case(
        "webhook refuses pods",
        webhook_refuses,
        *("dns", "webhook-refuses", ("pods.example.com", "no pods on a Friday")),
    ),
    Case(
        "webhook with nobody behind it",
        lambda ground, folder: ground.webhook(f"https://{ground.here}:{closed_port(ground.here)}/"),
        *("dns", "webhook-fails", ("pods.example.com", "connection refused")),
        stays=False,
    ),
    Case(
        "ResourceQuota without pods",
        quota_is_used_up,
        *("dns", "quota-exceeded", ("exceeded quota: own",)),
    ),
    Case(
        "image takes more memory than a LimitRange allows",
        image_is_greedy,
        *("dns", "out-of-memory", ("pod dns", "more memory than the 32Mi"), BOTH),
        flags=("--image", "greedy:1"),
    ),
    Case(
        "LimitRange below the engine's minimum",
        memory_is_less_than_an_engine_gives,
        *("dns", "container-not-created", ("pod dns", "inimum memory limit"), (Then,)),
        stays=False,
    ),
    Case(
        "LimitRange below the runtime's minimum",
        memory_is_less_than_an_engine_gives,
        *("dns", "out-of-memory", ("pod dns", "memory limit too low", "has one of 1Mi")),
    ),
    Case(
        "kube-proxy hangs",
        hung("kube-proxy"),
        *("smoke", "services-unanswered", ("of Service web",), BOTH),
        stays=False,
    ),
    Case(
        "profile names another Kubernetes",
        another_version,
        *("version", "version-differs", (".99",), BOTH),
    ),
    Case(
        "docker has no image to begin with",
        nothing,
        *("build", "base-not-pulled", ("nosuch.invalid",), BOTH),
        flags=("--image", "nosuch.invalid/image:1"),
        stays=False,
    ),
    Case(
        "kubelet hangs",
        kubelet_is_silent,
        *("nodes", "node-not-ready", ("Kubelet stopped posting node status",)),
        stays=False,
    ),
    Case(
        "container engine stopped",
        engine_is_stopped,
        *("nodes", "node-not-ready", ("ontainer runtime",), BOTH),
        stays=False,
    ),
    Case(
        "kube-apiserver is dead",
        lambda ground, folder: ground.dead("kube-apiserver"),
        *("api", "api-refused", ("nothing listens",)),
        stays=False,
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


@pytest.mark.parametrize(
    ("ground", "case"),
    [
        pytest.param(kind, case, id=f"{kind.kubernetes}-{case.broken.replace(' ', '-')}")
        for kind in BOTH
        for case in CASES
        if kind in case.on
    ],
    indirect=["ground"],
    scope="module",  # one cluster for all of its cases
)
def test_a_failure_is_named_by_its_gate_and_mended_is_gone(
    case: Case, ground: Ground, tmp_path: Path
) -> None:
    with case.breaks(ground, tmp_path):
        code, report = verify(ground, case.gate, case.seconds, *case.flags)
    told = {each["gate"]: each for each in report["gates"] if each["status"] != "skipped"}
    wrong = {gate: each for gate, each in told.items() if each["status"] != "passed"}
    assert list(wrong) == [case.gate], report
    named = GateResult(**wrong[case.gate])
    record(ground, case.broken, named)
    assert code == Exit.CLUSTER_NOT_READY
    assert (named.status, named.reason) == (case.status, case.reason), named
    assert all(each in named.why for each in case.telling), named
    assert named.fix
    took = sum(each["seconds"] for each in told.values())
    if case.stays:
        assert took < case.seconds / 2
    else:
        # A request under way at the deadline is cut there, which takes some milliseconds.
        assert case.seconds / 2 < took < case.seconds + 1
    code, report = verify(ground, "dns", 120)
    assert code == Exit.CONVERGED, report["gates"]
    ground.delete_own_namespaces()


@on_both
def test_a_kubectl_whose_kubeconfig_leads_nowhere_is_told(ground: Ground, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"server": f"https://{ground.here}:{closed_port(ground.here)}"}
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
        kubectl=str(ground.kubectl),
        docker=Lack("none is declared"),
    )
    named = named_here(ground, "kubectl", Expected(), float(SHORT), using.begin)
    record(ground, "kubectl's kubeconfig names a closed port", named)
    assert (named.status, named.reason) == ("failed", "kubectl-fails")
    assert "refused" in named.why
    assert named.fix


@on_both
def test_a_kubectl_two_minor_versions_away_is_told(ground: Ground) -> None:
    major, minor, _ = ground.kubernetes.split(".")
    own, other = f"{major}.{minor}", f"{major}.{int(minor) + 2}.0"
    expected = Expected(kubernetes=ground.kubernetes, kubectl=other)
    named = named_here(ground, "version", expected, float(GENEROUS))
    record(ground, "kubectl is two minor versions away", named)
    assert (named.status, named.reason) == ("failed", "kubectl-skew")
    assert f"{other} is more than one minor version away" in named.why
    assert f'kubectl = "{own}"' in named.fix
    assert named.seconds < GENEROUS / 2


@on_both
def test_once_all_is_mended_every_gate_passes_and_nothing_is_left(ground: Ground) -> None:
    """The last of this cluster."""
    ground.until(lambda: not ground.own_namespaces())
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
