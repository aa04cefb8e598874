"""Clusters of today that are odd and well: every gate passes.

Of each row one thing about the cluster is so while kboot verifies, or some that do not meet.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap.core.model.gate import GateResult
from bootstrap.errors import Exit
from tests.real import odd
from tests.real.breaking import memory_limit, quota
from tests.real.ground_today import Today
from tests.real.odd import Made, settle, takes_long, together, verify
from tests.real.table import record
from tests.real.webhook import sleeps

pytestmark = pytest.mark.real

GENEROUS = 90
"""Seconds for what passes."""


@dataclass(frozen=True)
class Well:
    """`told`: words that the gates' messages have."""

    is_so: str
    made: Made
    gates: str = "dns,storage"
    told: str = ""
    flags: tuple[str, ...] = ()
    takes_long: bool = False


WELL = (
    Well(
        "a webhook that may be passed over sleeps",
        odd.asked(sleeps(20), failurePolicy="Ignore"),
        gates="dns",
    ),
    Well("a webhook answers slowly", odd.asked(sleeps(2))),
    Well("a sidecar ends first, with words of its own", odd.beside(odd.LAST_WORDS)),
    Well("a sidecar fails", odd.beside(f"{odd.LAST_WORDS}; exit 3")),
    Well("a sidecar never ends", odd.beside("sleep 3600"), "dns,storage,smoke"),
    Well("an init container is added", odd.before(f"sleep 1; {odd.LAST_WORDS}")),
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
        odd.provisioner("slow", "-slow=12s"),
        "storage",
        told="class slow",
    ),
    Well(
        "the provisioner is slow and waits for a pod",
        odd.provisioner("later", "-slow=15s", volumeBindingMode="WaitForFirstConsumer"),
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


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Today]:
    with Today.running(tmp_path_factory.mktemp("odd")) as made:
        yield made


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            each, id=each.is_so.replace(" ", "-"), marks=[takes_long] if each.takes_long else []
        )
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


def test_gates_leave_their_room_to_those_after_them(ground: Today, tmp_path: Path) -> None:
    largest = {"pods": "4", "limits.memory": "256Mi", "persistentvolumeclaims": "1"}
    own = odd.inside(limitranges=memory_limit("64Mi"), resourcequotas=quota(largest))
    with own(ground, tmp_path):
        code, report = verify(ground, "storage,smoke,build", GENEROUS)
    assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report


def test_a_webhook_that_ponders_each_deletion_makes_nothing_stay(
    ground: Today, tmp_path: Path
) -> None:
    with odd.asked(sleeps(2), rules=[odd.DELETIONS])(ground, tmp_path):
        code, report = verify(ground, "storage,smoke", GENEROUS)
    assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_volume_that_was_bound_by_chance_is_given_back_as_it_was_with_its_data(
    policy: str, ground: Today, tmp_path: Path
) -> None:
    ground.host.sh("mkdir -p /opt/static; echo mine > /opt/static/word")
    host_path = {"path": "/opt/static", "type": "Directory"}
    with odd.static_volume(host_path, policy)(ground, tmp_path):
        code, report = verify(ground, "storage", GENEROUS)
        assert (code, report["left_behind"]) == (Exit.CONVERGED, ""), report
        ground.until(lambda: ground.get(f"{odd.VOLUMES}/static")["status"]["phase"] == "Available")
        spec = ground.get(f"{odd.VOLUMES}/static")["spec"]
        assert spec["persistentVolumeReclaimPolicy"] == policy
    assert ground.host.sh("cat /opt/static/word").strip() == "mine"


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
