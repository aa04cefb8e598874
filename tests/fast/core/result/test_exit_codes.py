"""With which exit code a run ends, of what it found, planned and proved."""

import pytest

from bootstrap.core.model.finding import Finding, Status
from bootstrap.core.model.gate import GateResult, GateStatus
from bootstrap.core.plan.up import Plan
from bootstrap.core.result.exit_codes import doctor_exit, plan_exit, up_exit
from bootstrap.errors import Exit
from tests.helpers.deciding.results import PASSED, STEP, blocked, found, gates

NOTHING = Plan((), ())
NOT_READY = found(Status.FAIL, "nodes-not-ready")


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        ([Status.OK, Status.WARN], 0),
        ([Status.OK, Status.DRIFT], 1),
        ([Status.OK, Status.FAIL], 1),
        ([Status.OK, Status.UNKNOWN], 1),
    ],
)
def test_doctor_is_content_with_ok_and_warnings_only(statuses: list[Status], code: int) -> None:
    assert doctor_exit(tuple(map(found, statuses))) == code


def test_doctor_never_ends_with_a_blockers_own_code() -> None:
    assert doctor_exit((found(Status.FAIL, blocks=Exit.HOST_UNFIT),)) == 1


@pytest.mark.parametrize(
    ("plan", "plain", "detailed"),
    [
        (NOTHING, 0, 0),
        (Plan((STEP,), ()), 0, 2),
        (blocked(Exit.HOST_UNFIT, Exit.CONFLICT), 60, 1),
        (blocked(Exit.CONFLICT, Exit.HOST_UNFIT), 74, 1),
        (Plan((), blocked(Exit.POLICY_DENIES).blockers), 13, 1),
    ],
)
def test_plan_ends_with_the_first_blocker_or_as_terraform_does(
    plan: Plan, plain: int, detailed: int
) -> None:
    assert plan_exit(plan, detailed=False) == plain
    assert plan_exit(plan, detailed=True) == detailed


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.FAIL])
def test_an_empty_plan_that_leaves_a_problem_is_not_nothing_to_do(status: Status) -> None:
    assert plan_exit(NOTHING, (found(status),), detailed=True) == 1
    assert plan_exit(NOTHING, (found(Status.WARN),), detailed=True) == 0
    assert plan_exit(Plan((STEP,), ()), (found(status),), detailed=True) == 2


@pytest.mark.parametrize(
    ("findings", "left", "results", "code"),
    [
        ((), None, PASSED, 0),
        ((), NOTHING, PASSED, 0),
        ((found(Status.WARN),), NOTHING, PASSED, 0),
        ((), Plan((STEP,), ()), PASSED, 1),
        ((), Plan((), blocked(Exit.CONFLICT).blockers), PASSED, 1),
        ((), Plan((STEP,), ()), gates(GateStatus.FAILED), 1),
        ((), NOTHING, gates(GateStatus.FAILED), 73),
        ((), NOTHING, gates(GateStatus.UNKNOWN), 73),
        ((), NOTHING, gates(GateStatus.SKIPPED), 73),
        ((found(Status.UNKNOWN),), NOTHING, PASSED, 1),
        ((found(Status.UNKNOWN),), None, (), 1),
        ((found(Status.FAIL),), NOTHING, PASSED, 1),
        ((NOT_READY,), NOTHING, PASSED, 0),
        ((NOT_READY,), NOTHING, PASSED[:2], 1),
        ((NOT_READY,), NOTHING, (), 1),
    ],
)
def test_up_is_converged_only_when_nothing_is_left_and_nothing_is_unknown(
    findings: tuple[Finding, ...],
    left: Plan | None,
    results: tuple[GateResult, ...],
    code: int,
) -> None:
    assert up_exit(findings, left, results) == code


def test_every_exit_code_has_an_id_of_its_own() -> None:
    ids = [code.id for code in Exit]
    assert len(set(ids)) == len(ids) and all(each == each.lower() for each in ids)
