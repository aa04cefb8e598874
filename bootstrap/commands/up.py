"""`kboot up`: observe, plan, show, carry out, observe again, pass the gates."""

import time

from bootstrap.core.model.state import Power
from bootstrap.core.model.step import DeleteCluster
from bootstrap.core.plan.up import gates_decide
from bootstrap.core.result.exit_codes import first_blocker, up_exit
from bootstrap.core.result.report import Report
from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs.path import rehearsal_beside
from bootstrap.run.asking import confirm
from bootstrap.run.carrying import carry_out, cluster_lock, gates_lock
from bootstrap.run.environment import in_effect
from bootstrap.run.looking import Looked, look, look_again
from bootstrap.run.proving import due, pass_gates
from bootstrap.run.session import Session
from bootstrap.ui import text, verdict
from bootstrap.ui.layout import Line

_OFF = (Power.ABSENT, Power.LOST, Power.PAUSED, Power.STOPPED)
_WITHOUT = (Exit.HOST_UNFIT, Exit.NETWORK_UNREACHABLE, Exit.OFFLINE_MISSING)
"""What a machine ends with that has no engine, or no route to the release servers."""


def run(session: Session) -> Report:
    try:
        return _run(session)
    except KbootError as error:
        error.instead = _instead(session, error.code)
        raise


def _instead(session: Session, code: Exit) -> str:
    """In a checkout there is the rehearsal, which needs neither."""
    script = rehearsal_beside(session.profile.program) if code in _WITHOUT else ""
    return script and f"{script}   (shows all of it here, with parts from package registries)"


def _run(session: Session) -> Report:
    started = time.monotonic()
    looked = look(session)
    if looked.plan.blockers or looked.plan.steps:
        session.screen.talk([*text.plan_of(session.report, full=False), Line()])
    blocker = first_blocker(looked.plan)
    if blocker is not None:
        report = session.learn(exit_code=blocker)
        lines = verdict.blocked(report, _instead(session, blocker))
        session.screen.verdict(lines, good=False)
        return report
    since = None
    if looked.plan.steps:
        looked, since = _converge(session, looked)
    if _has_cluster(session) and session.report.left is None:
        _prove(session, looked, since)
    report = session.report
    report = session.learn(
        exit_code=up_exit(report.findings, report.left, report.gates),
        seconds=time.monotonic() - started,
    )
    shell = session.around.environ.get("SHELL", "")
    lines = verdict.up(report, shell, in_effect=in_effect(session))
    session.screen.verdict(lines, good=report.exit_code == 0)
    return report


def _converge(session: Session, looked: Looked) -> tuple[Looked, float | None]:
    """Carry the plan out; whoever had to wait for another kboot plans anew first.

    The second: when a cluster that did not run began to start, as `Proving` has it.
    """
    if any(isinstance(step, DeleteCluster) for step in looked.plan.steps):
        confirm(session, "Delete the cluster with all that is in it, and make it anew?")
    seconds = session.arguments.start_timeout
    with cluster_lock(session, seconds) as waited:
        if waited:
            looked = look(session)
        was_off = _is_off(looked)
        started = carry_out(session, looked.plan, seconds)
        again = _look_what_is_left(session)
    return again, started if was_off else None


def _prove(session: Session, looked: Looked, started: float | None) -> None:
    """Pass the gates; whoever had to wait for another kboot looks first what that one left."""
    shown = bool(session.report.outcomes) or session.screen.verbose
    # What was changed may have been what an earlier proof was about.
    anew = bool(session.report.outcomes) or session.arguments.prove or session.arguments.fresh
    asked = due(session, looked.host, anew=anew)
    if not asked.takes_time:
        pass_gates(session, asked, shown=shown)
        return
    with gates_lock(session, session.arguments.start_timeout) as waited:
        if waited:
            looked, started = _look_what_is_left(session), None
            asked = due(session, looked.host, anew=anew)
            if _is_off(looked):
                session.learn(left=looked.plan)
        if session.report.left is None:
            pass_gates(session, asked, shown=shown, started=started)


def _is_off(looked: Looked) -> bool:
    cluster = looked.host.cluster
    return cluster is not None and cluster.power in _OFF


def _look_what_is_left(session: Session) -> Looked:
    again = look_again(session)
    unfinished = again.plan.steps or again.plan.blockers
    if unfinished and not gates_decide(again.plan, again.findings):
        session.learn(left=again.plan)
    return again


def _has_cluster(session: Session) -> bool:
    return session.profile.cluster is not None and not session.request.tools_only
