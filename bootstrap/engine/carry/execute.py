"""Plan → outcomes: carry out the steps in order, stop at the first that fails.

Imported only once a plan has a step: the download, archive, YAML and `sh` parts load with it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from threading import Lock

from bootstrap.core.model.events import Emit, Event, Happening
from bootstrap.core.model.step import (
    DeleteCluster,
    InstallArtifact,
    LinkTools,
    MergeKubeconfig,
    RefreshKubeconfig,
    RunPackages,
    StartCluster,
    Step,
    StopCluster,
    UnmergeKubeconfig,
    UnpauseCluster,
    verb,
)
from bootstrap.core.plan.up import Plan
from bootstrap.core.result.report import Outcome
from bootstrap.engine.carry.clusters import cluster_now, refresh, unpause
from bootstrap.engine.carry.installing import Failed, install_artifacts, together
from bootstrap.engine.carry.linking import link_tools
from bootstrap.engine.carry.merging import merge, unmerge
from bootstrap.engine.carry.starting import left_behind, start
from bootstrap.engine.carry.stopping import delete, stop
from bootstrap.engine.carry.system_packages import run_packages
from bootstrap.engine.carry.work import Work
from bootstrap.errors import KbootError, refused


def execute(plan: Plan, work: Work) -> Iterator[Outcome]:
    """One outcome per step, as it is done. Raises KbootError at the first that fails.

    Installations that stand together are one: of them all that can be are done. The error's
    `state` says truly which steps are done; of a signal, its notes do.
    """
    work = work._replace(emit=_one_at_a_time(work.emit))
    done: list[str] = []
    begun: list[Step] = []
    for installs, group in groupby(plan.steps, lambda step: isinstance(step, InstallArtifact)):
        for steps in [list(group)] if installs else [[step] for step in group]:
            begun += steps
            try:
                for outcome in _carry_out(steps, work):
                    done.append(_title(outcome.step))
                    yield outcome
            except KbootError as error:
                error.with_state("; ".join(_state(done, begun, plan, work)))
                raise
            except (Exception, GeneratorExit):
                raise
            except BaseException as stopped:  # Ctrl-C and its like
                stopped.add_note("; ".join(_state(done, begun, plan, work)))
                raise


def _carry_out(steps: list[Step], work: Work) -> Iterator[Outcome]:
    for step in steps:
        work.emit(Event(Happening.STEP_STARTED, _title(step), step.because))
    installs = [step for step in steps if isinstance(step, InstallArtifact)]
    if installs:
        yield from _install(installs, work)
        return
    (step,) = steps
    started = time.monotonic()
    try:
        detail = _do(step, work)
    except KbootError as error:
        _tell_failed(work, step, error, time.monotonic() - started)
        raise
    outcome = Outcome(step, time.monotonic() - started, detail)
    _tell_done(work, outcome)
    yield outcome


def _do(step: Step, work: Work) -> str:
    try:
        return _DOERS[type(step)](step, work)
    except OSError as error:
        raise refused(error) from error


def _install(steps: list[InstallArtifact], work: Work) -> Iterator[Outcome]:
    failures = []
    for each in install_artifacts(steps, work):
        if isinstance(each, Failed):
            failures.append(each)
            _tell_failed(work, each.step, each.error, each.seconds)
        else:
            _tell_done(work, each)
            yield each
    if failures:
        raise together(failures, work)


def _tell_done(work: Work, outcome: Outcome) -> None:
    title, detail = _title(outcome.step), outcome.detail
    work.emit(Event(Happening.STEP_DONE, title, detail, seconds=outcome.seconds))


def _tell_failed(work: Work, step: Step, error: KbootError, seconds: float) -> None:
    what, reason = error.what, error.code.id
    work.emit(Event(Happening.STEP_FAILED, _title(step), what, seconds=seconds, reason=reason))


def _title(step: Step) -> str:
    return f"{verb(step)} {step.subject}"


def _one_at_a_time(emit: Emit) -> Emit:
    """Downloads tell from threads of their own; whoever listens need not know."""
    lock = Lock()

    def tell(event: Event) -> None:
        with lock:
            emit(event)

    return tell


def _state(done: list[str], begun: list[Step], plan: Plan, work: Work) -> list[str]:
    """What was done before, what was not begun, and how the failed step's cluster is now."""
    failed = begun[-1]
    after = plan.steps[len(begun) :]
    # An installation that failed left nothing; what minikube left is told by `cluster_now`.
    nothing = "nothing was changed" + ("" if isinstance(failed, InstallArtifact) else " before it")
    said = [f"done: {', '.join(done)}"] if done else [nothing]
    if after:
        said.append(f"not begun: {', '.join(map(_title, after))}")
    if isinstance(failed, StartCluster):
        said.append(left_behind(failed, work))
    elif not isinstance(failed, InstallArtifact | RunPackages | LinkTools):
        said.append(cluster_now(failed.cluster, work))
    return said


_DOERS: Mapping[type, Callable[[Step, Work], str]] = {
    RunPackages: run_packages,
    LinkTools: link_tools,
    StartCluster: start,
    RefreshKubeconfig: refresh,
    UnpauseCluster: unpause,
    StopCluster: stop,
    DeleteCluster: delete,
    MergeKubeconfig: merge,
    UnmergeKubeconfig: unmerge,
}
