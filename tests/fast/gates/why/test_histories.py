"""Whatever moment of a real pod's history kboot looks at, it does not judge too early.

The histories are of real kubelets (helpers.histories.record). A look reads a pod and then what
else is told of it, which may be newer by then; so every moment is judged with every later one.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from bootstrap.gates.look import Look
from bootstrap.gates.made import waiting
from bootstrap.gates.made.answer import answer
from bootstrap.gates.made.manifests import Image
from bootstrap.gates.made.namespace import Owner
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.why.ends import end_of
from tests.helpers.histories.past import History, Past, Thing
from tests.helpers.places import HISTORIES

ALL = [History.read(file) for file in sorted(HISTORIES.glob("*.json"))]
GOOD = [each for each in ALL if each.ends == "passes"]
LOST = [each for each in ALL if each.ends == "lost"]
BAD = [each for each in ALL if each not in GOOD + LOST]

State = Mapping[str, Thing]


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trial:
    """One that asks at its first look why the pod has not come to its end."""
    monkeypatch.setattr(waiting, "_ASK_WHY", 0.0)
    return Trial(Past(), Owner("past", tmp_path), Image("busybox:1.35"), seconds=60.0)


def judged(trial: Trial, history: History, pods: State, rest: State) -> str | Look:
    """The pod's answer, or a look at it that did not pass."""
    assert isinstance(trial.client, Past)
    trial.client.pods, trial.client.state = pods, rest
    try:
        return next(answer(trial, history.pod, "script"))
    except StopIteration as end:
        return str(end.value)


def judgements(trial: Trial, history: History) -> Iterator[str | Look]:
    for pods, rest in combinations_with_replacement(history.states(), 2):
        yield judged(trial, history, pods, rest)


def at_the_end(trial: Trial, history: History) -> str | Look:
    *_, last = history.states()
    return judged(trial, history, last, last)


def of(histories: list[History]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("history", histories, ids=lambda each: str(each.name))


@of(GOOD)
def test_no_moment_of_a_pod_that_ends_well_is_taken_for_a_failure(
    trial: Trial, history: History
) -> None:
    for found in judgements(trial, history):
        assert not found.final if isinstance(found, Look) else found == history.said, found


@of(GOOD)
def test_the_answer_of_a_pod_that_ends_well_is_known_at_its_end(
    trial: Trial, history: History
) -> None:
    assert at_the_end(trial, history) == history.said


@of(BAD)
def test_no_moment_of_a_pod_that_fails_is_taken_for_an_answer(
    trial: Trial, history: History
) -> None:
    for found in judgements(trial, history):
        assert isinstance(found, Look) and not found.passed, found


@of(BAD)
def test_why_a_pod_fails_is_known_at_its_end(trial: Trial, history: History) -> None:
    found = at_the_end(trial, history)
    assert isinstance(found, Look)
    assert {"reason": found.reason, "final": found.final} == history.ends, found
    assert history.said in found.why


@of(LOST)
def test_of_a_pod_that_is_lost_another_one_is_made_instead_of_judging(
    trial: Trial, history: History
) -> None:
    for found in judgements(trial, history):
        assert isinstance(found, Look) and not found.final, found
    *_, last = history.states()
    end = end_of(last.get(f"pods/{history.pod}", {}))
    assert end is not None and end.lost
