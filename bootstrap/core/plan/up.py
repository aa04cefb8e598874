"""Findings → plan. Pure and total, so that `plan` and `up` can never disagree."""

from collections.abc import Iterator
from typing import NamedTuple

from bootstrap.core.judge.assess import pick_driver
from bootstrap.core.judge.choice import Choices, choose, in_store
from bootstrap.core.judge.cluster import wanted_kubernetes
from bootstrap.core.judge.kubeconfig import merge_steps
from bootstrap.core.judge.links import link_tools
from bootstrap.core.judge.packages import run_packages
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.core.model.step import (
    DeleteCluster,
    InstallArtifact,
    LinkTools,
    RefreshKubeconfig,
    RunPackages,
    StartCluster,
    Step,
)


class Plan(NamedTuple):
    """What will be done, and what forbids doing it. Blocked: the steps are shown, not done."""

    steps: tuple[Step, ...]
    blockers: tuple[Finding, ...]

    @property
    def is_empty(self) -> bool:
        return not self.steps

    @property
    def download_bytes(self) -> tuple[int, tuple[str, ...]]:
        """Bytes to download as far as known, and the tools whose size is not known."""
        wanted = [s.artifact for s in self.steps if isinstance(s, InstallArtifact) and s.fetched]
        unknown = tuple(each.tool for each in wanted if each.size is None)
        return sum(each.size or 0 for each in wanted), unknown


def plan(
    profile: Profile,
    state: HostState,
    findings: tuple[Finding, ...],
    knowledge: Knowledge,
    request: Request,
) -> Plan:
    """The steps that make the machine match, in order, each with the reason for it."""
    choices = choose(profile, state, knowledge, request.trust)
    steps = [*_installs(choices, state, request), *link_tools(profile, choices, state, request)]
    if profile.cluster is not None and not request.tools_only:
        steps += _cluster_steps(
            profile, profile.cluster, state, findings, choices, knowledge, request
        )
        steps += merge_steps(profile.cluster, state.cluster, findings, steps, request)
    blockers = tuple(f for f in findings if f.blocks is not None and not _lifted(f, request))
    shown = (step._replace(commands=knowledge.command_lines(step)) for step in steps)
    return Plan(tuple(shown), blockers)


def gates_decide(left: Plan, findings: tuple[Finding, ...]) -> bool:
    """Whether all that is left after the steps is an API that does not answer (yet).

    It may come up while kboot waits, and if not, the gate `api` says why: so the gates decide.
    "Stopped" just after a start is minikube's word for the same (0.25, its port being taken).
    """
    open_ = {f.reason for f in findings if f.group is Group.CLUSTER and f.status is Status.DRIFT}
    tools = (InstallArtifact, RunPackages, LinkTools)
    unfinished = left.blockers or any(isinstance(step, tools) for step in left.steps)
    return not unfinished and open_ <= {"api-does-not-answer", "cluster-stopped"}


def _lifted(finding: Finding, request: Request) -> bool:
    """Whether what the person asked for takes this blocker away."""
    if request.tools_only:
        return not finding.blocks_tools
    return request.recreate and finding.reason == "cluster-differs"


def _installs(choices: Choices, state: HostState, request: Request) -> Iterator[Step]:
    for choice in choices.values():
        if choice.artifact is not None:
            seen = choice.state
            because = f"{seen.release} on PATH is not it" if seen.path else "not found"
            because = choice.distrusted or because
            if seen.borrowed:
                because = "the one on PATH is another profile's"
            stored = in_store(choice.artifact, state.stored)
            brought = not stored and choice.artifact.digest in state.brought
            yield InstallArtifact(choice.artifact, because, stored, brought)
        elif choice.offer is not None:
            yield run_packages(choice, state, request)


def _cluster_steps(
    profile: Profile,
    cluster: ClusterSpec,
    state: HostState,
    findings: tuple[Finding, ...],
    choices: Choices,
    knowledge: Knowledge,
    request: Request,
) -> Iterator[Step]:
    reasons = {f.reason: f for f in findings if f.subject == cluster.name}
    minikube = str(choices["minikube"].version or "")
    if "cluster-differs" in reasons:
        if request.recreate:
            because = reasons["cluster-differs"].message
            services = state.cluster.services if state.cluster else ()
            yield DeleteCluster(cluster.name, minikube, because, services)
            yield _start(profile, cluster, state, choices, knowledge, "made anew (--recreate)")
        return
    version = choices["minikube"].version
    refreshable = version is not None and knowledge.catalogue.era(version).update_context
    if "kubeconfig-stale" in reasons and refreshable:
        yield RefreshKubeconfig(cluster.name, minikube, reasons["kubeconfig-stale"].message)
        return
    for reason, because in _STARTS.items():
        if reason in reasons:
            yield _start(profile, cluster, state, choices, knowledge, because)


_STARTS = {
    "minikube-not-installed": "does not exist yet",
    "cluster-absent": "does not exist yet",
    "cluster-stopped": "is stopped",
    "kubeconfig-missing": "kboot has no kubeconfig of it",
    "kubeconfig-stale": "its address changed, and this minikube can renew it no other way",
    "api-does-not-answer": "its API does not answer",
}


def _start(
    profile: Profile,
    cluster: ClusterSpec,
    state: HostState,
    choices: Choices,
    knowledge: Knowledge,
    because: str,
) -> StartCluster:
    driver, _ = pick_driver(profile, cluster, state, choices, knowledge)
    return StartCluster(
        cluster=cluster.name,
        driver=driver,
        minikube=str(choices["minikube"].version or ""),
        because=because,
        kubernetes=wanted_kubernetes(cluster, choices, knowledge),
        bootstrapper=cluster.bootstrapper,
        cpus=cluster.cpus,
        memory_mib=cluster.memory_mib,
        disk_mib=cluster.disk_mib,
    )
