"""The one property of a plan, as a plain function: `test_defects` shows that it can fail."""

from bootstrap.core.choose.case import case_of
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import GATE_IDS, GateResult, GateStatus
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.core.model.step import DeleteCluster, InstallArtifact, LinkTools, RunPackages, Step
from bootstrap.core.plan import up as planning
from bootstrap.core.plan.up import Plan
from bootstrap.core.result.exit_codes import doctor_exit, plan_exit, up_exit
from bootstrap.errors import Exit
from tests.helpers.deciding.generated import knowledge
from tests.helpers.deciding.model_host import apply_all

ALL_GATES = tuple(GateResult(gate, GateStatus.PASSED, "") for gate in GATE_IDS)


def judged(
    profile: Profile, state: HostState, request: Request
) -> tuple[tuple[Finding, ...], Plan]:
    case = case_of(profile, state, knowledge(), request)
    findings = assess(case)
    # Through the module, so that a seeded defect is seen.
    return findings, planning.plan(case, findings)


def check(profile: Profile, state: HostState, request: Request) -> Plan:
    """Judge the machine, carry the plan out on paper, judge again. Returns the first plan."""
    findings, plan = judged(profile, state, request)
    _every_finding_helps(findings)
    _never_by_surprise(plan, profile, request)
    _drift_has_its_step(findings, plan, request)
    if plan.blockers:
        assert plan_exit(plan, detailed=False) is plan.blockers[0].blocks
        assert doctor_exit(findings) is Exit.NOT_CONVERGED
    else:
        _converges(findings, plan, profile, state, request)
    return plan


def _every_finding_helps(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        if finding.status is Status.OK:
            assert finding.blocks is None, finding
        else:
            assert finding.fix or finding.no_fix, finding
        if finding.blocks is not None:
            assert finding.is_problem, finding
    if any(each.status in (Status.UNKNOWN, Status.SKIPPED) for each in findings):
        assert doctor_exit(findings) is Exit.NOT_CONVERGED, "unknown passed for ok"


def _never_by_surprise(plan: Plan, profile: Profile, request: Request) -> None:
    kinds = [type(step) for step in plan.steps]
    assert request.recreate or DeleteCluster not in kinds, "deletes a cluster unasked"
    if request.tools_only or profile.cluster is None:
        assert set(kinds) <= {InstallArtifact, RunPackages, LinkTools}, (
            "touches the cluster under --tools-only"
        )
    downloads = [
        step
        for step in plan.steps
        if (isinstance(step, InstallArtifact) and not step.stored)
        or (isinstance(step, RunPackages) and step.packages)
    ]
    for step in plan.steps:
        assert not isinstance(step, RunPackages) or not step.sudo or request.allow_sudo, step
    refused = Exit.OFFLINE_MISSING in [blocker.blocks for blocker in plan.blockers]
    assert refused == bool(request.offline and downloads), "downloads under --offline"


def _drift_has_its_step(findings: tuple[Finding, ...], plan: Plan, request: Request) -> None:
    """Also of a blocked plan, which shows what it would do. And no step without its reason."""
    installs = [_drifting(step) for step in plan.steps if _drifting(step)]
    drifted = [
        each.subject
        for each in findings
        if each.group is Group.TOOLS and each.status is Status.DRIFT
    ]
    assert installs == drifted, "installs are not what drifted"
    others = len(plan.steps) - len(installs)
    reasons = {each.reason for each in findings if each.group is Group.CLUSTER}
    mended = any(
        each.group is Group.CLUSTER and each.status in (Status.DRIFT, Status.SKIPPED)
        for each in findings
    )
    recreated = request.recreate and "cluster-differs" in reasons
    assert bool(others) == (mended or recreated), "a drift of the cluster without its step"


def _drifting(step: Step) -> str:
    """The subject of the finding that a step on the tools mends."""
    match step:
        case InstallArtifact():
            return step.artifact.tool
        case RunPackages():
            return step.tool
        case LinkTools():
            return "links"
    return ""


def _converges(
    before: tuple[Finding, ...], plan: Plan, profile: Profile, state: HostState, request: Request
) -> None:
    findings, left = judged(profile, apply_all(state, plan.steps), request)
    assert left == Plan((), ()), f"not converged: {plan.steps} left {left}"
    for finding in findings:
        assert finding.status not in (Status.DRIFT, Status.SKIPPED), finding
        assert finding.blocks is None, finding
    unknown = {each.subject for each in before if each.status is Status.UNKNOWN}
    assert unknown == {each.subject for each in findings if each.status is Status.UNKNOWN}
    if unknown:
        assert up_exit(findings, left, ALL_GATES) is Exit.NOT_CONVERGED, "unknown passed for ok"
        assert plan_exit(left, findings, detailed=True) is Exit.NOT_CONVERGED
