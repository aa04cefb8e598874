"""Which exit code a run ends with, of what it found, planned and proved."""

from bootstrap.core.judge.signs import superseded
from bootstrap.core.model.finding import Finding, Status
from bootstrap.core.model.gate import GateResult
from bootstrap.core.plan.up import Plan
from bootstrap.errors import Exit


def doctor_exit(findings: tuple[Finding, ...]) -> Exit:
    """`drift` is not ok for a doctor; a warning is."""
    bad = (Status.DRIFT, Status.FAIL, Status.UNKNOWN)
    found = any(finding.status in bad for finding in findings)
    return Exit.NOT_CONVERGED if found else Exit.CONVERGED


def plan_exit(plan: Plan, findings: tuple[Finding, ...] = (), *, detailed: bool) -> Exit:
    """As Terraform: detailed gives 0 nothing to do, 2 changes, 1 anything else.

    Anything else is also a finding that no step mends, since `up` would not end with 0.
    """
    if detailed:
        if plan.blockers or (plan.is_empty and any(each.is_problem for each in findings)):
            return Exit.NOT_CONVERGED
        return Exit.CONVERGED if plan.is_empty else Exit.USAGE
    return first_blocker(plan) or Exit.CONVERGED


def first_blocker(plan: Plan) -> Exit | None:
    return plan.blockers[0].blocks if plan.blockers else None


def up_exit(
    findings: tuple[Finding, ...], left: Plan | None, gates: tuple[GateResult, ...]
) -> Exit:
    """Of a run whose steps were all carried out. `findings` are those of the last look."""
    if left is not None and (left.steps or left.blockers):
        return Exit.NOT_CONVERGED
    if not all(gate.fine for gate in gates):
        return Exit.CLUSTER_NOT_READY
    passed = {gate.gate for gate in gates if gate.passed and not gate.proven_at}
    if any(finding.is_problem and not superseded(finding, passed) for finding in findings):
        return Exit.NOT_CONVERGED
    return Exit.CONVERGED
