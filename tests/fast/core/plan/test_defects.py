"""Defects put into `plan` on purpose: the property of `convergence.check` must see each of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from bootstrap.core.choose.case import Case
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.core.model.step import (
    DeleteCluster,
    InstallArtifact,
    LinkTools,
    RefreshKubeconfig,
    StartCluster,
    Step,
)
from bootstrap.core.plan import up as planning
from tests.helpers.deciding.convergence import check
from tests.helpers.deciding.generated import cases, knowledge, reproducible

Steps = tuple[Step, ...]


def forgets_to_install(steps: Steps) -> Iterator[Step]:
    return (step for step in steps if not isinstance(step, InstallArtifact))


def installs_only_the_first(steps: Steps) -> Iterator[Step]:
    installs = [step for step in steps if isinstance(step, InstallArtifact)]
    return (step for step in steps if step not in installs[1:])


def installs_another_version(steps: Steps) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, InstallArtifact) and step.artifact.tool == "minikube":
            other = knowledge().catalogue.artifact("minikube", "1.30.1", step.artifact.platform)
            step = step._replace(artifact=other or step.artifact)
        yield step


def forgets_to_start(steps: Steps) -> Iterator[Step]:
    return (step for step in steps if not isinstance(step, StartCluster))


def starts_with_another_driver(steps: Steps) -> Iterator[Step]:
    for step in steps:
        yield step._replace(driver="parallels") if isinstance(step, StartCluster) else step


def starts_another_kubernetes(steps: Steps) -> Iterator[Step]:
    for step in steps:
        yield step._replace(kubernetes="1.7.0") if isinstance(step, StartCluster) else step


def forgets_to_refresh(steps: Steps) -> Iterator[Step]:
    return (step for step in steps if not isinstance(step, RefreshKubeconfig))


def starts_before_it_installs(steps: Steps) -> Iterator[Step]:
    return iter(sorted(steps, key=lambda step: isinstance(step, InstallArtifact)))


def forgets_to_link(steps: Steps) -> Iterator[Step]:
    return (step for step in steps if not isinstance(step, LinkTools))


def links_before_it_installs(steps: Steps) -> Iterator[Step]:
    return iter(sorted(steps, key=lambda step: not isinstance(step, LinkTools)))


def links_more_than_it_may(steps: Steps) -> Iterator[Step]:
    for step in steps:
        yield step._replace(names=("minikube", "kubectl")) if isinstance(step, LinkTools) else step


def forgets_to_delete(steps: Steps) -> Iterator[Step]:
    return (step for step in steps if not isinstance(step, DeleteCluster))


def always_starts(steps: Steps) -> Iterator[Step]:
    yield from steps
    if not steps:
        yield StartCluster("work", "docker", "1.38.1", "to be sure")


MUTATIONS = (
    forgets_to_install,
    installs_only_the_first,
    installs_another_version,
    forgets_to_start,
    starts_with_another_driver,
    starts_another_kubernetes,
    forgets_to_refresh,
    starts_before_it_installs,
    forgets_to_link,
    links_before_it_installs,
    links_more_than_it_may,
    forgets_to_delete,
    always_starts,
)


def _is_seen() -> None:
    """The property fails for some generated case."""

    @settings(reproducible(1500), phases=[Phase.generate])
    @given(cases)
    def run(case: tuple[Profile, HostState, Request]) -> None:
        check(*case)

    with pytest.raises((AssertionError, ExceptionGroup)):
        run()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.__name__)
def test_a_plan_that_does_the_wrong_thing_is_seen(
    mutation: Callable[[Steps], Iterator[Step]], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = planning.plan

    def wrong(*arguments: Any) -> planning.Plan:
        plan = right(*arguments)
        return plan._replace(steps=tuple(mutation(plan.steps)))

    monkeypatch.setattr(planning, "plan", wrong)
    _is_seen()


def test_a_deletion_that_nobody_asked_for_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = planning.plan

    def wrong(case: Case, findings: Any) -> planning.Plan:
        asked = case.request._replace(recreate=True)
        return right(case._replace(request=asked), findings)

    monkeypatch.setattr(planning, "plan", wrong)
    _is_seen()


def test_a_forgotten_blocker_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "_lifted", lambda finding, request: True)
    _is_seen()


def test_steps_on_the_cluster_under_tools_only_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = planning.plan

    def wrong(case: Case, findings: Any) -> planning.Plan:
        case = case._replace(request=case.request._replace(tools_only=False))
        return right(case, assess(case))

    monkeypatch.setattr(planning, "plan", wrong)
    _is_seen()
