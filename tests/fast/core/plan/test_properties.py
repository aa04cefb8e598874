"""What holds of every plan, over thousands of profiles and machines."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given

from bootstrap.core.model.profile import Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.core.model.step import verb
from bootstrap.core.plan.down import plan_down, still_there
from tests.helpers.deciding import model_host
from tests.helpers.deciding.convergence import check, judged
from tests.helpers.deciding.generated import cases, knowledge, reproducible
from tests.helpers.deciding.model_host import apply_all


def test_a_plan_carried_out_leaves_nothing_to_plan() -> None:
    met: Counter[str] = Counter()

    @reproducible(2000)
    @given(cases)
    def run(case: tuple[Profile, HostState, Request]) -> None:
        plan = check(*case)
        kind = "blocked" if plan.blockers else "free"
        met[kind] += 1
        met.update(f"{kind}: {verb(step)}" for step in plan.steps)
        met.update(str(each.blocks.id) for each in plan.blockers if each.blocks)

    run()
    rarest = {each: met[each] for each in EXPECTED if met[each] < 5}
    assert met.total() and not rarest, f"hardly generated: {rarest}"


EXPECTED = (
    *("free", "blocked"),
    *(f"free: {each}" for each in ("install", "link", "start", "refresh", "merge", "delete")),
    *(f"blocked: {each}" for each in ("install", "start", "refresh", "merge", "delete")),
    *("host-unfit", "policy-denies", "not-offered", "offline-missing", "needs-privilege"),
    *("profile-invalid", "conflict", "tool-not-understood"),
)
"""A property that never meets a case says nothing of it."""


@reproducible(250)
@given(cases)
def test_a_profile_without_a_cluster_is_planned_as_under_tools_only(
    case: tuple[Profile, HostState, Request],
) -> None:
    profile, state, request = case
    profile = profile._replace(cluster=None)
    plain = check(profile, state, request._replace(tools_only=False))
    assert plain == check(profile, state, request._replace(tools_only=True))


@pytest.mark.parametrize("delete", [False, True], ids=["stop", "delete"])
def test_what_is_taken_down_is_down(delete: bool) -> None:
    @reproducible(300)
    @given(cases)
    def run(case: tuple[Profile, HostState, Request]) -> None:
        profile, state, _ = case
        plan = plan_down(profile, state, knowledge(), delete=delete)
        if plan.blockers or plan.is_empty:
            return
        after = apply_all(state, plan.steps)
        assert plan_down(profile, after, knowledge(), delete=delete).is_empty
        assert still_there(after.cluster, delete=delete) == ""

    run()


@reproducible(300)
@given(cases)
def test_the_same_machine_gives_the_same_plan(case: tuple[Profile, HostState, Request]) -> None:
    assert judged(*case) == judged(*case)


def test_the_model_host_knows_neither_assess_nor_plan() -> None:
    tree = ast.parse(Path(model_host.__file__).read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + [alias.name for alias in node.names]
    }
    modules = {name for name in imported if name.startswith(("bootstrap", "tests"))}
    assert modules == {"bootstrap.core.model.state", "bootstrap.core.model.step"}
    assert "__import__" not in ast.dump(tree) and "import_module" not in ast.dump(tree)
