"""`kboot doctor`: what is true on this machine, what is wrong, what to type to mend it."""

from bootstrap.commands.looking import look
from bootstrap.commands.session import Session
from bootstrap.core.plan.exit_codes import doctor_exit
from bootstrap.core.result.report import Report
from bootstrap.ui import text


def run(session: Session) -> Report:
    looked = look(session)
    report = session.learn(exit_code=doctor_exit(looked.findings))
    session.screen.data(text.doctor(report, verbose=session.screen.verbose))
    return report
