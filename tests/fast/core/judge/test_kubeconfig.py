"""The person's own kubeconfig in findings and plans."""

import pytest

from bootstrap.core.choose.case import case_of
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.finding import Finding, Status
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import ClusterState, Merged, Power, UserKubeconfig
from bootstrap.core.model.step import DeleteCluster, MergeKubeconfig, UnmergeKubeconfig
from bootstrap.core.plan.down import plan_down
from bootstrap.core.plan.up import Plan, plan
from bootstrap.core.result.exit_codes import doctor_exit, up_exit
from bootstrap.errors import Exit
from tests.helpers.deciding.convergence import ALL_GATES
from tests.helpers.deciding.generated import knowledge
from tests.helpers.deciding.good_machine import DOCKER, SILENT, host, profile_of, running

FILE = "~/.kube/config"
NOTHING = Plan((), ())
PROFILE = profile_of(DOCKER)


def yours(merged: Merged, current: str = "prod", **others: str | bool) -> UserKubeconfig:
    return UserKubeconfig(merged, FILE, current, **others)  # type: ignore[arg-type]


def judged(seen: ClusterState, *, switch_context: bool = False) -> tuple[list[Finding], Plan]:
    request = Request(switch_context=switch_context)
    state = host(cluster=seen)
    case = case_of(PROFILE, state, knowledge(), request)
    findings = assess(case)
    about = [each for each in findings if "context" in each.reason or "kubeconfig" in each.reason]
    return about, plan(case, findings)


def of(seen: ClusterState, merged: Merged, *others: str) -> ClusterState:
    return seen._replace(yours=yours(merged, *others))


@pytest.mark.parametrize("merged", [Merged.CURRENT, Merged.OFF, Merged.NOT_LOOKED])
def test_a_running_cluster_that_is_merged_or_not_wanted_there_needs_nothing(
    merged: Merged,
) -> None:
    assert judged(of(running(), merged)) == ([], NOTHING)


def test_a_running_cluster_that_is_not_merged_is_a_drift_mended_by_one_step() -> None:
    (found,), planned = judged(of(running(), Merged.DUE))
    assert (found.status, found.subject) == (Status.DRIFT, "work")
    (step,) = planned.steps
    assert step == MergeKubeconfig("work", FILE, "current context stays prod")
    assert not planned.blockers


@pytest.mark.parametrize(
    ("current", "switch", "said"),
    [
        ("prod", False, "current context stays prod"),
        ("prod", True, "current context becomes work"),
        ("", False, "current context becomes work"),
        ("work", False, "current context is work"),
        ("work", True, "current context is work"),
    ],
)
def test_the_plan_of_a_first_start_says_what_becomes_of_the_current_context(
    current: str, switch: bool, said: str
) -> None:
    seen = of(ClusterState("work"), Merged.NOT_LOOKED, current)
    _, planned = judged(seen, switch_context=switch)
    assert planned.steps[-1] == MergeKubeconfig("work", FILE, said, switch=switch)
    assert len(planned.steps) == 2


def test_switching_is_planned_only_where_another_context_is_current() -> None:
    (found,), planned = judged(of(running(), Merged.CURRENT), switch_context=True)
    assert found.fix == "kboot up --switch-context work.toml"
    assert planned.steps == (
        MergeKubeconfig("work", FILE, "current context becomes work", switch=True),
    )
    assert judged(of(running(), Merged.CURRENT, "work"), switch_context=True) == ([], NOTHING)


@pytest.mark.parametrize("merged", [Merged.CONFLICT, Merged.UNUSABLE])
@pytest.mark.parametrize("seen", [running(), ClusterState("work")], ids=["running", "absent"])
def test_a_file_that_kboot_leaves_alone_blocks_no_start_and_is_no_success(
    seen: ClusterState, merged: Merged
) -> None:
    (found,), planned = judged(seen._replace(yours=yours(merged, why="the reason")))
    assert found.status is Status.FAIL and found.blocks is None
    assert "the reason" in found.message and "`kboot exec work.toml`" in found.detail
    assert not planned.blockers
    assert not any(isinstance(step, MergeKubeconfig) for step in planned.steps)
    assert up_exit((found,), NOTHING, ALL_GATES) is Exit.NOT_CONVERGED
    assert doctor_exit((found,)) is Exit.NOT_CONVERGED


def test_with_the_file_switched_off_a_start_merges_nothing() -> None:
    found, planned = judged(of(ClusterState("work"), Merged.OFF))
    assert not found and len(planned.steps) == 1


def test_deleting_takes_out_what_was_recorded_and_nothing_else() -> None:
    def down(seen: ClusterState, *, delete: bool) -> list[type]:
        steps = plan_down(PROFILE, host(cluster=seen), knowledge(), delete=delete).steps
        return [type(step) for step in steps]

    recorded = yours(Merged.CURRENT, recorded=True)
    there, gone = running()._replace(yours=recorded), ClusterState("work", yours=recorded)
    assert down(there, delete=True) == [DeleteCluster, UnmergeKubeconfig]
    assert down(gone, delete=True) == [UnmergeKubeconfig]
    assert UnmergeKubeconfig not in down(there, delete=False)
    assert down(gone, delete=False) == []
    assert down(running(), delete=True) == [DeleteCluster]


def test_what_is_due_is_said_once_the_cluster_answers() -> None:
    stopped = running()._replace(power=Power.STOPPED, api=SILENT)
    found, planned = judged(of(stopped, Merged.DUE))
    assert not found
    assert [type(step).__name__ for step in planned.steps] == ["StartCluster", "MergeKubeconfig"]
