"""Findings → plan. Pure and total, so that `plan` and `up` can never disagree."""

from typing import NamedTuple

from bootstrap.core.choose.case import Case
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.request import Request
from bootstrap.core.model.step import InstallArtifact, LinkTools, RunPackages, Step
from bootstrap.core.plan.steps import cluster_steps, install_steps, link_steps, merge_steps


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


def plan(case: Case, findings: tuple[Finding, ...]) -> Plan:
    """The steps that make the machine match, in order, each with the reason for it."""
    steps = [*install_steps(case), *link_steps(case)]
    cluster = None if case.request.tools_only else case.profile.cluster
    if cluster is not None:
        steps += cluster_steps(cluster, case, findings)
        steps += merge_steps(cluster, case, findings, steps)
    blockers = tuple(f for f in findings if f.blocks is not None and not _lifted(f, case.request))
    shown = (step._replace(commands=case.knowledge.command_lines(step)) for step in steps)
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
