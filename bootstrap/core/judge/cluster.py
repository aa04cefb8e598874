"""Findings about the cluster: does the profile fit together, and is the cluster as it says?"""

from collections.abc import Iterator

from bootstrap.core.choose.case import Case
from bootstrap.core.choose.choice import Choices
from bootstrap.core.judge.machine import (
    could_not_tell,
    engine_first,
    engine_is_started_first,
    odd_machine,
)
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.state import ClusterRecord, ClusterState, Kubeconfig, Power
from bootstrap.core.values.version import Version, parse_version
from bootstrap.errors import Exit

_ROUNDING = 0.05
"""Of a size: MB for MiB is 4.9 %, GB for GiB of disk 2.4 % as minikube counts."""
SUPPORTED_SKEW = 1
"""kubectl works within one minor of the server (kubernetes.io, version skew policy)."""


def wanted_kubernetes(cluster: ClusterSpec, case: Case) -> str | None:
    """The version that the cluster is to run: declared, or the release's default. None: unknown."""
    if cluster.kubernetes:
        return cluster.kubernetes
    minikube = case.minikube
    span = case.knowledge.catalogue.kubernetes_range(str(minikube)) if minikube else None
    return span.default if span else None


def fit_findings(cluster: ClusterSpec, case: Case) -> tuple[Finding, ...]:
    """What the profile's own versions say of each other."""
    found = [
        _supported(cluster, case.minikube, case.knowledge),
        _bootstrapper(cluster, case.minikube, case.knowledge),
        _skew(case, wanted_kubernetes(cluster, case)),
    ]
    return tuple(finding for finding in found if finding is not None)


def _supported(
    cluster: ClusterSpec, minikube: Version | None, knowledge: Knowledge
) -> Finding | None:
    if cluster.kubernetes is None or minikube is None:
        return None
    span = knowledge.catalogue.kubernetes_range(str(minikube))
    if span is None:
        return None
    wanted = parse_version(cluster.kubernetes)
    refusal = ""
    if span.oldest and wanted < parse_version(span.oldest):
        refusal = f"it starts {span.oldest} and later"
    elif span.newest and wanted.minor > parse_version(span.newest).minor:
        refusal = f"it knows Kubernetes up to {span.newest}"
    elif _no_localkube(cluster, wanted, span.default, span.offered):
        refusal = f"its localkube exists as {' and '.join(span.offered)} only"
    if not refusal:
        return None
    return Finding(
        Group.CLUSTER,
        "kubernetes",
        Status.FAIL,
        "kubernetes-not-supported",
        f"minikube {minikube} does not start Kubernetes {cluster.kubernetes}: {refusal}",
        fix=f'declare kubernetes = "{span.default}", or another minikube',
        blocks=Exit.PROFILE_INVALID,
    )


def _no_localkube(
    cluster: ClusterSpec, wanted: Version, default: str, offered: tuple[str, ...]
) -> bool:
    uses_localkube = bool(offered) and cluster.bootstrapper in (None, "localkube")
    same_minor = wanted.minor == parse_version(default).minor
    return uses_localkube and same_minor and str(wanted) not in offered


def _bootstrapper(
    cluster: ClusterSpec, minikube: Version | None, knowledge: Knowledge
) -> Finding | None:
    if cluster.bootstrapper is None or minikube is None:
        return None
    choices = knowledge.catalogue.era(minikube).bootstrappers
    if cluster.bootstrapper in choices:
        return None
    offered = " or ".join(choices) or "none: leave the key out"
    return Finding(
        Group.CLUSTER,
        "bootstrapper",
        Status.FAIL,
        "bootstrapper-not-in-release",
        f"minikube {minikube} has no bootstrapper {cluster.bootstrapper}",
        fix=f"its choice: {offered}",
        blocks=Exit.PROFILE_INVALID,
    )


def _skew(case: Case, kubernetes: str | None) -> Finding | None:
    """A problem where the gate `version` would call it one."""
    choices = case.choices
    kubectl = choices["kubectl"].version if "kubectl" in choices else None
    if kubectl is None or kubernetes is None:
        return None
    server = parse_version(kubernetes)
    same_major = kubectl.minor[0] == server.minor[0]
    if same_major and abs(kubectl.minor[1] - server.minor[1]) <= SUPPORTED_SKEW:
        return None
    return Finding(
        Group.CLUSTER,
        "kubectl",
        Status.FAIL if "version" in case.profile.verify.gates else Status.WARN,
        "kubectl-skew",
        f"kubectl {kubectl} and Kubernetes {kubernetes} are more than one minor apart",
        detail="Kubernetes supports kubectl within one minor of the server",
        fix=f'declare kubectl = "{server.minor[0]}.{server.minor[1]}" or a neighbour',
    )


def state_findings(cluster: ClusterSpec, driver: str, case: Case) -> tuple[Finding, ...]:
    """The cluster as observed, beside what the profile says of it."""
    seen = case.state.cluster
    if seen is None:
        return (could_not_tell(cluster.name, "it was not looked at", case.profile),)
    if seen.power is Power.UNKNOWN and engine_is_started_first(driver, seen, case):
        return (engine_first(cluster.name, driver, case.profile),)
    if seen.power is Power.UNKNOWN:
        return (could_not_tell(cluster.name, seen.failure, case.profile),)
    if seen.rivals and driver == "none":
        return (_rival(cluster, seen.rivals[0]),)
    if seen.power is Power.ABSENT:
        return (_absent(case.profile, cluster, case.choices),)
    if odd := odd_machine(cluster.name, driver, seen, case):
        return (odd,)
    differences = _differences(case.profile, cluster, seen, driver)
    return differences or (_power(case.profile, cluster, seen), *_rounded(cluster, seen, driver))


def _rival(cluster: ClusterSpec, other: str) -> Finding:
    return Finding(
        Group.CLUSTER,
        cluster.name,
        Status.FAIL,
        "cluster-not-alone",
        f"driver none has one cluster a machine, and that is {other}",
        detail=f"a start as {cluster.name} would take over what {other} has, its data included",
        fix=f'name = "{other}" under [cluster], or minikube delete --profile {other} (destroys it)',
        blocks=Exit.CONFLICT,
    )


def _absent(profile: Profile, cluster: ClusterSpec, choices: Choices) -> Finding:
    minikube = choices["minikube"]
    if minikube.state.path is None:
        return Finding(
            Group.CLUSTER,
            cluster.name,
            Status.SKIPPED,
            "minikube-not-installed",
            "skipped: minikube is not installed",
            no_fix="it is created once minikube is there",
        )
    return Finding(
        Group.CLUSTER,
        cluster.name,
        Status.DRIFT,
        "cluster-absent",
        "does not exist yet",
        detail=f"`{profile.command_line('up')}` creates it",
        fix=profile.command_line("up"),
    )


def _differences(
    profile: Profile, cluster: ClusterSpec, seen: ClusterState, driver: str
) -> tuple[Finding, ...]:
    """What only making the cluster anew could change. Not recorded means not compared."""
    record = seen.record
    # Compared only when declared: minikube's default may be an upgrade away from what runs.
    kubernetes = cluster.kubernetes
    rows = (
        ("driver", record.driver, driver),
        (
            "Kubernetes",
            (seen.api.server_version or record.kubernetes or "").removeprefix("v") or None,
            kubernetes,
        ),
        *_sizes(cluster, record, driver),
    )
    return tuple(
        _different(profile, cluster, what, str(is_now), str(wanted))
        for what, is_now, wanted in rows
        if is_now is not None and wanted is not None and not _same(is_now, wanted)
    )


def _sizes(
    cluster: ClusterSpec, record: ClusterRecord, driver: str
) -> tuple[tuple[str, int | None, int | None], ...]:
    """Of a machine of its own; with driver none there is none, whatever was recorded."""
    if driver == "none":
        return ()
    return (
        ("CPUs", record.cpus, cluster.cpus),
        ("memory in MiB", record.memory_mib, cluster.memory_mib),
        ("disk in MiB", record.disk_mib, cluster.disk_mib),
    )


def _same(is_now: object, wanted: object) -> bool:
    if isinstance(is_now, str) and isinstance(wanted, str) and "." in wanted:
        try:
            return parse_version(is_now) == parse_version(wanted)
        except ValueError:
            return False
    if isinstance(is_now, int) and isinstance(wanted, int):
        return abs(is_now - wanted) <= _ROUNDING * wanted
    return is_now == wanted


def _rounded(cluster: ClusterSpec, seen: ClusterState, driver: str) -> Iterator[Finding]:
    """20g, 20000mb and 20GiB are meant to be the same, and nothing is destroyed for that."""
    for what, is_now, wanted in _sizes(cluster, seen.record, driver):
        if is_now and wanted and is_now != wanted:
            yield Finding(
                Group.CLUSTER,
                cluster.name,
                Status.WARN,
                "cluster-rounded",
                f"exists with {what} {is_now}, which is nearly the {wanted} of the profile",
                no_fix="none is needed: units differ in rounding (20000 MB is not 20 GiB)",
            )


def _different(
    profile: Profile, cluster: ClusterSpec, what: str, is_now: str, wanted: str
) -> Finding:
    return Finding(
        Group.CLUSTER,
        cluster.name,
        Status.FAIL,
        "cluster-differs",
        f"exists with {what} {is_now}",
        wanted=wanted,
        detail="a cluster that exists is never changed or deleted by surprise",
        fix=f"{profile.command_line('up', '--recreate')} (destroys what is in it), "
        "or change the profile",
        blocks=Exit.CONFLICT,
    )


def _power(profile: Profile, cluster: ClusterSpec, seen: ClusterState) -> Finding:
    up = profile.command_line("up")
    if seen.power is Power.STOPPED:  # with driver none minikube takes its kubeconfig along
        is_paused = '"Paused"' in seen.said or ": Paused" in seen.said
        how = "paused (`minikube pause`)" if is_paused else "stopped"
        return _mended(cluster, "cluster-stopped", how, f"`{up}` starts it", up)
    if seen.kubeconfig is Kubeconfig.MISSING:
        message = "exists, but kboot has no kubeconfig of its own for it"
        return _mended(cluster, "kubeconfig-missing", message, f"`{up}` starts it", up)
    if seen.kubeconfig is Kubeconfig.STALE:
        message = "runs, but at another address than kboot's kubeconfig says"
        return _mended(cluster, "kubeconfig-stale", message, f"`{up}` renews it", up)
    if seen.api.failure:
        message = f"minikube says that it runs, but its API does not answer: {seen.api.failure}"
        return _mended(cluster, "api-does-not-answer", message, f"`{up}` starts it again", up)
    version = seen.api.server_version.removeprefix("v")
    nodes = f"{seen.api.nodes_ready} of {seen.api.nodes_total} nodes Ready"
    if 0 < seen.api.nodes_total == seen.api.nodes_ready:
        message = f"running Kubernetes {version}, {nodes}"
        return Finding(Group.CLUSTER, cluster.name, Status.OK, "running", message)
    return Finding(
        Group.CLUSTER,
        cluster.name,
        Status.FAIL,
        "nodes-not-ready",
        f"answers as Kubernetes {version}, but {nodes}",
        fix=f"{profile.command_line('verify')} waits for them and says why they are not",
    )


def _mended(cluster: ClusterSpec, reason: str, message: str, detail: str, fix: str) -> Finding:
    return Finding(
        Group.CLUSTER, cluster.name, Status.DRIFT, reason, message, detail=detail, fix=fix
    )
