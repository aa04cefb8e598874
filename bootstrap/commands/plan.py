"""`kboot plan`: what `kboot up` would do, with sources, digests and reasons. Changes nothing."""

from bootstrap.core.result.exit_codes import plan_exit
from bootstrap.core.result.report import Report
from bootstrap.run.looking import look
from bootstrap.run.session import Session
from bootstrap.ui import text


def run(session: Session) -> Report:
    looked = look(session)
    code = plan_exit(looked.plan, looked.findings, detailed=session.arguments.detailed_exitcode)
    report = session.learn(exit_code=code)
    session.screen.data(text.plan_of(report, full=True))
    return report
