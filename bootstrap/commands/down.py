"""`kboot down`: stop the cluster, or delete it; kboot looks for itself whether that is so."""

from bootstrap.commands.asking import confirm
from bootstrap.commands.carrying import carry_out, cluster_lock
from bootstrap.commands.looking import look, look_again
from bootstrap.commands.session import Session
from bootstrap.core.plan import Plan
from bootstrap.core.plan_down import plan_down, still_there
from bootstrap.core.report import Report, first_blocker
from bootstrap.core.step import DeleteCluster
from bootstrap.errors import Exit, KbootError
from bootstrap.ui import text, verdict
from bootstrap.ui.layout import Line

LOCK_SECONDS = 300.0


def run(session: Session) -> Report:
    delete = session.arguments.delete
    looked = look(session)
    plan = plan_down(session.profile, looked.host, session.knowledge, delete=delete)
    report = session.learn(plan=plan, findings=())
    blocker = first_blocker(plan)
    if blocker is not None:
        session.screen.talk(text.plan_of(report, full=False))
        report = session.learn(exit_code=blocker)
        session.screen.verdict(verdict.blocked(report), good=False)
        return report
    if plan.steps:
        session.screen.talk([*text.plan_of(report, full=True), Line()])
        if any(isinstance(step, DeleteCluster) for step in plan.steps):
            confirm(session, f"Delete {plan.steps[0].subject} with all that is in it?")
        _converge(session, plan)
    session.screen.verdict(verdict.down(session.report), good=True)
    return session.report


def _converge(session: Session, plan: Plan) -> None:
    with cluster_lock(session, LOCK_SECONDS):
        carry_out(session, plan, LOCK_SECONDS)
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
