"""`kboot down`: stop the cluster, or delete it; kboot looks for itself whether that is so."""

from bootstrap.core.model.step import DeleteCluster
from bootstrap.core.plan.down import plan_down, still_there
from bootstrap.core.plan.up import Plan
from bootstrap.core.result.exit_codes import first_blocker
from bootstrap.core.result.report import Report
from bootstrap.errors import Exit, KbootError
from bootstrap.run.asking import confirm
from bootstrap.run.carrying import carry_out, cluster_lock
from bootstrap.run.looking import look, look_again
from bootstrap.run.session import Session
from bootstrap.ui import text, verdict
from bootstrap.ui.layout import Line

LOCK_SECONDS = 300.0


def run(session: Session) -> Report:
    plan = _plan(session)
    if first_blocker(plan) is not None:
        return _blocked(session, plan)
    if plan.steps:
        session.screen.talk([*text.plan_of(session.report, full=True), Line()])
        if any(isinstance(step, DeleteCluster) for step in plan.steps):
            confirm(session, f"Delete {plan.steps[0].subject} with all that is in it?")
        with cluster_lock(session, LOCK_SECONDS) as waited:
            if waited:
                plan = _plan(session)
            if first_blocker(plan) is not None:
                return _blocked(session, plan)
            carry_out(session, plan, LOCK_SECONDS)
        _look_for_itself(session, plan)
    session.screen.verdict(verdict.down(session.report), good=True)
    return session.report


def _plan(session: Session) -> Plan:
    host = look(session).host
    delete = session.arguments.delete
    plan = plan_down(session.profile, host, session.knowledge, delete=delete)
    session.learn(plan=plan, findings=())
    return plan


def _blocked(session: Session, plan: Plan) -> Report:
    session.screen.talk(text.plan_of(session.report, full=False))
    report = session.learn(exit_code=first_blocker(plan))
    session.screen.verdict(verdict.blocked(report), good=False)
    return report


def _look_for_itself(session: Session, plan: Plan) -> None:
    again = look_again(session)
    session.learn(plan=plan, findings=())
    problem = still_there(again.host.cluster, delete=session.arguments.delete)
    if problem:
        raise KbootError(
            Exit.TOOL_FAILED,
            f"every line was run, but {problem}",
            why="kboot looked for itself",
            next=session.profile.command_line("doctor"),
        )
