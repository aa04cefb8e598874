"""Versions that must fit together, and the cluster as kboot saw it."""

import pytest

from bootstrap.core.model.finding import Status
from bootstrap.core.model.gate import GATE_IDS
from bootstrap.core.model.profile import ClusterSpec
from bootstrap.core.model.state import (
    ApiLook,
    ClusterState,
    Kubeconfig,
    Power,
)
from bootstrap.core.model.step import DeleteCluster, InstallArtifact, MergeKubeconfig, StartCluster
from bootstrap.core.plan.down import plan_down
from bootstrap.errors import Exit
from tests.helpers.deciding.generated import knowledge
from tests.helpers.deciding.good_machine import (
    DOCKER,
    SILENT,
    VIRTUALBOX,
    finding,
    host,
    judged,
    planned,
    profile_of,
    running,
    tool,
)


@pytest.mark.parametrize(
    ("kubectl", "kubernetes", "warns"),
    [
        ("1.35.2", "1.35.1", False),
        ("1.34.5", "1.35.1", False),
        ("1.36.3", "1.35.1", False),
        ("1.33.9", "1.35.1", True),
        ("1.37.1", "1.35.1", True),
        ("1.9.3", "1.35.1", True),
        ("1.35.2", None, False),
        ("1.33.9", None, True),
    ],
)
@pytest.mark.parametrize("gates", [GATE_IDS, ("api",)])
def test_kubectl_more_than_one_minor_from_the_server_is_a_problem_where_its_gate_says_so(
    kubectl: str, kubernetes: str | None, warns: bool, gates: tuple[str, ...]
) -> None:
    profile = profile_of(DOCKER._replace(kubernetes=kubernetes), kubectl=kubectl)
    profile = profile._replace(verify=profile.verify._replace(gates=gates))
    found = judged(profile, host(tool("kubectl", kubectl)))
    skew = [each for each in found if each.reason == "kubectl-skew"]
    status = Status.FAIL if "version" in gates else Status.WARN
    assert [(each.status, each.blocks) for each in skew] == ([(status, None)] if warns else [])


@pytest.mark.parametrize(
    ("minikube", "kubernetes", "bootstrapper", "refusal"),
    [
        ("0.25.0", "1.9.0", None, ""),
        ("0.25.0", "1.9.4", "localkube", ""),
        ("0.25.0", "1.9.3", None, "its localkube exists as 1.9.0 and 1.9.4 only"),
        ("0.25.0", "1.9.3", "localkube", "its localkube exists as 1.9.0 and 1.9.4 only"),
        ("0.25.0", "1.9.3", "kubeadm", ""),
        ("0.25.0", "1.35.1", "kubeadm", "it knows Kubernetes up to 1.17"),
        ("1.19.0", "1.20.7", None, ""),
        ("1.19.0", "1.14.0", None, ""),
        ("1.19.0", "1.13.9", None, "it starts 1.14.0 and later"),
        ("1.38.1", "1.35.1", None, ""),
        ("1.38.1", "1.35.9", None, ""),
        ("1.38.1", "1.36.0", None, "it knows Kubernetes up to 1.35.1"),
        ("1.38.1", "1.27.9", None, "it starts 1.28.0 and later"),
        ("1.38.1", "1.9.0", None, "it starts 1.28.0 and later"),
        ("1.39.0", "1.99.0", None, ""),
    ],
)
def test_a_kubernetes_that_the_minikube_cannot_start_is_refused_before_it_is_tried(
    minikube: str, kubernetes: str, bootstrapper: str | None, refusal: str
) -> None:
    cluster = VIRTUALBOX._replace(kubernetes=kubernetes, bootstrapper=bootstrapper)
    profile = profile_of(cluster, minikube=minikube)
    found = judged(profile, host(tool("minikube", minikube)))
    refused = [each for each in found if each.reason == "kubernetes-not-supported"]
    assert [each.blocks for each in refused] == ([Exit.PROFILE_INVALID] if refusal else [])
    assert all(each.message.endswith(refusal) for each in refused)


@pytest.mark.parametrize(
    ("minikube", "bootstrapper", "refused"),
    [
        ("0.25.0", "localkube", False),
        ("0.25.0", "kubeadm", False),
        ("1.38.1", "localkube", True),
        ("1.38.1", "kubeadm", True),
        ("1.38.1", None, False),
    ],
)
def test_a_bootstrapper_is_a_choice_only_where_the_era_has_one(
    minikube: str, bootstrapper: str | None, refused: bool
) -> None:
    profile = profile_of(VIRTUALBOX._replace(bootstrapper=bootstrapper), minikube=minikube)
    found = judged(profile, host(tool("minikube", minikube)))
    reasons = [each.blocks for each in found if each.reason == "bootstrapper-not-in-release"]
    assert reasons == ([Exit.PROFILE_INVALID] if refused else [])


@pytest.mark.parametrize(
    ("cluster", "spec", "is_now", "wanted"),
    [
        (running(driver="virtualbox"), DOCKER, "driver virtualbox", "docker"),
        (
            running("v1.34.0"),
            DOCKER._replace(kubernetes="1.35.1"),
            "Kubernetes 1.34.0",
            "1.35.1",
        ),
        (
            running("", kubernetes="1.34.0"),
            DOCKER._replace(kubernetes="1.35.1"),
            "1.34.0",
            "1.35.1",
        ),
        (running(cpus=4), DOCKER._replace(cpus=2), "CPUs 4", "2"),
        (running(memory_mib=4096), DOCKER._replace(memory_mib=2048), "memory in MiB 4096", "2048"),
        (running(disk_mib=1), DOCKER._replace(disk_mib=2), "disk in MiB 1", "2"),
    ],
)
def test_a_cluster_that_differs_is_a_conflict_and_is_made_anew_only_when_asked(
    cluster: ClusterState, spec: ClusterSpec, is_now: str, wanted: str
) -> None:
    found = finding("work", profile_of(spec), host(cluster=cluster))
    assert (found.status, found.reason, found.wanted) == (Status.FAIL, "cluster-differs", wanted)
    assert found.message.endswith(is_now) and "--recreate" in found.fix
    plain = planned(profile_of(spec), host(cluster=cluster))
    assert [each.blocks for each in plain.blockers] == [Exit.CONFLICT] and not plain.steps
    asked = planned(profile_of(spec), host(cluster=cluster), recreate=True)
    assert not asked.blockers
    assert [type(step).__name__ for step in asked.steps] == [
        "DeleteCluster",
        "StartCluster",
        "MergeKubeconfig",
    ]


@pytest.mark.parametrize(
    ("cluster", "spec"),
    [
        (running("v1.34.0", driver="docker", cpus=4, memory_mib=9, kubernetes="1.34.0"), DOCKER),
        (running("v1.35.1+k3s1"), DOCKER._replace(kubernetes="1.35.1", cpus=2, memory_mib=2048)),
    ],
    ids=["not declared", "not recorded"],
)
def test_what_is_not_declared_or_not_recorded_is_not_compared(
    cluster: ClusterState, spec: ClusterSpec
) -> None:
    found = finding("work", profile_of(spec), host(cluster=cluster))
    assert (found.status, found.reason) == (Status.OK, "running")


STARTED = ["StartCluster", "MergeKubeconfig"]


@pytest.mark.parametrize(
    ("cluster", "status", "reason", "steps"),
    [
        (ClusterState("work"), Status.DRIFT, "cluster-absent", STARTED),
        (
            running()._replace(power=Power.STOPPED, api=SILENT),
            Status.DRIFT,
            "cluster-stopped",
            STARTED,
        ),
        (
            running()._replace(power=Power.STOPPED, api=SILENT, kubeconfig=Kubeconfig.MISSING),
            Status.DRIFT,
            "cluster-stopped",
            STARTED,
        ),
        (
            running()._replace(kubeconfig=Kubeconfig.MISSING),
            Status.DRIFT,
            "kubeconfig-missing",
            STARTED,
        ),
        (
            running()._replace(kubeconfig=Kubeconfig.STALE),
            Status.DRIFT,
            "kubeconfig-stale",
            ["RefreshKubeconfig", "MergeKubeconfig"],
        ),
        (running()._replace(api=SILENT), Status.DRIFT, "api-does-not-answer", STARTED),
        (
            running()._replace(api=ApiLook("", "v1.35.1", "", 1, 2)),
            Status.FAIL,
            "nodes-not-ready",
            [],
        ),
        (running()._replace(api=ApiLook("", "v1.35.1")), Status.FAIL, "nodes-not-ready", []),
        (running(), Status.OK, "running", []),
        (
            ClusterState("work", Power.UNKNOWN, failure="status hangs"),
            Status.UNKNOWN,
            "could-not-tell",
            [],
        ),
        (None, Status.UNKNOWN, "could-not-tell", []),
    ],
)
def test_a_cluster_is_judged_by_what_kboot_saw_itself_and_mended_by_one_step_and_merged(
    cluster: ClusterState | None, status: Status, reason: str, steps: list[str]
) -> None:
    state = host()._replace(cluster=cluster)
    found = finding("work", profile_of(DOCKER), state)
    assert (found.status, found.reason) == (status, reason)
    result = planned(profile_of(DOCKER), state)
    assert [type(step).__name__ for step in result.steps] == steps
    unknown = [Exit.TOOL_NOT_UNDERSTOOD] if status is Status.UNKNOWN else []
    assert [each.blocks for each in result.blockers] == unknown


def test_without_minikube_the_cluster_is_skipped_and_still_planned() -> None:
    state = host(tool("minikube"))
    found = finding("work", profile_of(DOCKER), state)
    assert (found.status, found.reason) == (Status.SKIPPED, "minikube-not-installed")
    steps = planned(profile_of(DOCKER), state).steps
    assert [type(step) for step in steps] == [InstallArtifact, StartCluster, MergeKubeconfig]


def test_a_cluster_may_have_the_name_of_a_tool() -> None:
    named = VIRTUALBOX._replace(name="minikube")
    state = host(tool("minikube"), cluster=ClusterState("minikube"))
    steps = planned(profile_of(named), state).steps
    assert [type(step) for step in steps] == [InstallArtifact, StartCluster, MergeKubeconfig]


def test_a_start_carries_the_version_that_will_run_and_only_declared_sizes() -> None:
    step, _ = planned(profile_of(DOCKER._replace(cpus=2)), host()).steps
    assert isinstance(step, StartCluster)
    assert (step.minikube, step.kubernetes) == ("1.38.1", "1.35.1")
    assert (step.cpus, step.memory_mib, step.disk_mib) == (2, None, None)
    assert step.commands[0][:2] == ("minikube", "start")


def test_the_fix_repeats_the_profile_as_the_person_named_it() -> None:
    profile = profile_of(DOCKER)._replace(argument="my file.toml", program="/opt/my kboot")
    assert finding("work", profile, host()).fix == "'/opt/my kboot' up 'my file.toml'"


@pytest.mark.parametrize(
    ("cluster", "delete", "steps"),
    [
        (running(), False, ["StopCluster"]),
        (running(), True, ["DeleteCluster"]),
        (running()._replace(power=Power.STOPPED, api=SILENT), False, []),
        (running()._replace(power=Power.STOPPED, api=SILENT), True, ["DeleteCluster"]),
        (running()._replace(power=Power.STOPPED, api=SILENT, said=""), False, ["StopCluster"]),
        (ClusterState("work", Power.UNKNOWN, failure="status hangs"), False, ["StopCluster"]),
        (ClusterState("work"), True, []),
    ],
)
def test_a_cluster_is_taken_down_unless_minikube_and_the_api_agree_that_it_is(
    cluster: ClusterState, delete: bool, steps: list[str]
) -> None:
    result = plan_down(profile_of(DOCKER), host(cluster=cluster), knowledge(), delete=delete)
    assert [type(step).__name__ for step in result.steps] == steps and not result.blockers


def test_only_minikube_can_stop_its_cluster() -> None:
    state = host(tool("minikube"), cluster=running())
    result = plan_down(profile_of(DOCKER), state, knowledge(), delete=False)
    assert len(result.steps) == 1
    assert [each.fix for each in result.blockers] == ["kboot up --tools-only work.toml"]


@pytest.mark.parametrize("delete", [False, True])
def test_units_are_in_the_plan_and_only_root_stops_them(delete: bool) -> None:
    cluster = running(driver="none")._replace(services=("localkube",))
    spec = ClusterSpec("work", ("none",))
    state = host(cluster=cluster)
    asked = plan_down(profile_of(spec), state, knowledge(), delete=delete)
    (step,) = asked.steps
    assert "localkube" in step.commands[0]
    (blocker,) = asked.blockers
    assert blocker.blocks is Exit.NEEDS_PRIVILEGE
    verb = "delete" if delete else "stop"
    assert f"localkube && /usr/bin/minikube {verb} --profile work && sh -c 'docker" in blocker.fix
    allowed = plan_down(profile_of(spec), state._replace(root=True), knowledge(), delete=delete)
    assert (allowed.steps, allowed.blockers) == (asked.steps, ())


def test_making_a_cluster_anew_stops_its_units_too() -> None:
    cluster = running(driver="none")._replace(services=("localkube",))
    steps = planned(profile_of(DOCKER), host(cluster=cluster), recreate=True).steps
    assert [each.services for each in steps if isinstance(each, DeleteCluster)] == [("localkube",)]


@pytest.mark.parametrize(
    ("is_now", "wanted", "reason"),
    [
        (20000, 20480, "cluster-rounded"),
        (20480, 20000, "cluster-rounded"),
        (20480, 20480, None),
        (20480, 30720, "cluster-differs"),
    ],
)
def test_a_size_that_differs_by_the_rounding_of_units_destroys_nothing(
    is_now: int, wanted: int, reason: str | None
) -> None:
    profile = profile_of(DOCKER._replace(disk_mib=wanted))
    found = judged(profile, host(cluster=running(driver="docker", disk_mib=is_now)))
    odd = [each for each in found if each.reason.startswith(("cluster-rounded", "cluster-differs"))]
    assert [each.reason for each in odd] == ([reason] if reason else [])
    assert all((each.blocks is None) == (reason == "cluster-rounded") for each in odd)


@pytest.mark.parametrize(
    ("failure", "fix"),
    [
        ("Error getting machine status: Error loading host from store: open x", "mv "),
        ('status error: host: load: filestore "work": Error getting migrated host: x', "mv "),
        ("minikube status said nothing", "minikube status --profile work"),
    ],
)
def test_a_machine_record_that_minikube_cannot_mend_is_moved_away(failure: str, fix: str) -> None:
    seen = ClusterState("work", Power.UNKNOWN, failure=failure)
    (found,) = [
        each
        for each in judged(profile_of(DOCKER), host(cluster=seen))
        if each.reason == "could-not-tell" and each.subject == "work"
    ]
    assert found.fix.startswith(fix)
    assert ("data stay" in found.fix) == (fix == "mv ")
    assert ("then kboot up work.toml" in found.fix) == (fix == "mv ")


@pytest.mark.parametrize(("drivers", "alone"), [(("none",), False), (("docker", "none"), True)])
def test_another_cluster_of_driver_none_is_in_the_way_of_that_driver_only(
    drivers: tuple[str, ...], alone: bool
) -> None:
    seen = ClusterState("work", rivals=("other",))
    found = judged(profile_of(DOCKER._replace(drivers=drivers)), host(cluster=seen))
    assert ("cluster-not-alone" not in {each.reason for each in found}) == alone
