"""The steps of `up`, each with the reason for it."""

from collections.abc import Iterable, Iterator

from bootstrap.core.choose.case import Case
from bootstrap.core.choose.choice import in_store
from bootstrap.core.judge.assess import pick_driver
from bootstrap.core.judge.cluster import wanted_kubernetes
from bootstrap.core.judge.kubeconfig import NOT_MERGED, NOT_SWITCHED
from bootstrap.core.judge.links import USABLE, link_folder, links_to_make, why_linked
from bootstrap.core.judge.packages import run_packages
from bootstrap.core.model.finding import Finding
from bootstrap.core.model.profile import ClusterSpec
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import Engine, Merged, UserKubeconfig
from bootstrap.core.model.step import (
    DeleteCluster,
    InstallArtifact,
    LinkTools,
    MergeKubeconfig,
    RefreshKubeconfig,
    StartCluster,
    Step,
    UnpauseCluster,
)


def install_steps(case: Case) -> Iterator[Step]:
    """What brings the tools that are missing or unfit."""
    for choice in case.choices.values():
        if choice.artifact is not None:
            seen = choice.state
            because = f"{seen.release} on PATH is not it" if seen.path else "not found"
            because = choice.distrusted or because
            because = f"damaged: {seen.damaged}" if seen.damaged else because
            if seen.borrowed:
                because = "the one on PATH is another profile's"
            stored = in_store(choice.artifact, case.state.stored)
            brought = not stored and choice.artifact.digest in case.state.brought
            mends = bool(seen.damaged)
            yield InstallArtifact(choice.artifact, because, stored, brought, mends)
        elif choice.offer is not None:
            yield run_packages(choice, case)


def link_steps(case: Case) -> Iterator[LinkTools]:
    """For the links that are missing or lead to another profile, where it can be done."""
    folder = link_folder(case)
    if folder is None or folder.ground not in USABLE:
        return
    names = links_to_make(case, folder)
    if names:
        because = why_linked(case.profile, names, folder)
        yield LinkTools(folder.path, names, case.profile.id, because)


def cluster_steps(
    cluster: ClusterSpec, case: Case, findings: tuple[Finding, ...]
) -> Iterator[Step]:
    """What brings the cluster up, as its findings say."""
    reasons = {f.reason: f for f in findings if f.subject == cluster.name}
    minikube = str(case.minikube or "")
    if "cluster-differs" in reasons:
        if case.request.recreate:
            because = reasons["cluster-differs"].message
            services = case.state.cluster.services if case.state.cluster else ()
            yield DeleteCluster(cluster.name, minikube, because, services)
            yield _start(cluster, case, "made anew (--recreate)", new=True)
        return
    release = case.minikube
    refreshable = release is not None and case.knowledge.catalogue.era(release).update_context
    if "kubeconfig-stale" in reasons and refreshable:
        yield RefreshKubeconfig(cluster.name, minikube, reasons["kubeconfig-stale"].message)
        return
    if "cluster-paused" in reasons:
        engine, _ = pick_driver(cluster, case)
        yield UnpauseCluster(cluster.name, Engine(engine), reasons["cluster-paused"].message)
    if any(each.blocks for each in reasons.values()):
        return
    for reason, because in _STARTS.items():
        if reason in reasons:
            yield _start(cluster, case, because, new=reason in _NEW)


_STARTS = {
    "minikube-not-installed": "does not exist yet",
    "cluster-absent": "does not exist yet",
    "cluster-lost": "its machine is gone",
    "cluster-stopped": "is stopped",
    "kubeconfig-missing": "kboot has no kubeconfig of it",
    "kubeconfig-stale": "its address changed, and this minikube can renew it no other way",
    "api-does-not-answer": "its API does not answer",
}


_NEW = ("minikube-not-installed", "cluster-absent", "cluster-lost")


def _start(cluster: ClusterSpec, case: Case, because: str, *, new: bool) -> StartCluster:
    driver, _ = pick_driver(cluster, case)
    return StartCluster(
        cluster=cluster.name,
        driver=driver,
        minikube=str(case.minikube or ""),
        because=because,
        kubernetes=wanted_kubernetes(cluster, case),
        bootstrapper=cluster.bootstrapper,
        cpus=cluster.cpus,
        memory_mib=cluster.memory_mib,
        disk_mib=cluster.disk_mib,
        new=new,
    )


def merge_steps(
    cluster: ClusterSpec, case: Case, findings: Iterable[Finding], before: Iterable[Step]
) -> tuple[Step, ...]:
    """The step that merges, after those in `before`; none where the file is to be left alone."""
    yours = case.state.cluster.yours if case.state.cluster else UserKubeconfig()
    started = any(isinstance(step, StartCluster | RefreshKubeconfig) for step in before)
    drifted = any(each.reason in (NOT_MERGED, NOT_SWITCHED) for each in findings)
    if not (started or drifted) or yours.merged in _LEFT_ALONE:
        return ()
    because = _then(cluster, yours, case.request)
    switch = case.request.switch_context
    return (MergeKubeconfig(cluster.name, yours.file, because, switch=switch),)


_LEFT_ALONE = (Merged.CONFLICT, Merged.UNUSABLE, Merged.OFF)


def _then(cluster: ClusterSpec, yours: UserKubeconfig, request: Request) -> str:
    """What becomes of the current context, which is what people ask first."""
    if yours.current_context == cluster.name:
        return f"current context is {cluster.name}"
    if yours.current_context and not request.switch_context:
        return f"current context stays {yours.current_context}"
    return f"current context becomes {cluster.name}"
