"""`kboot doctor`: what is true on this machine, what is wrong, what to type to mend it."""

from bootstrap.core.result.exit_codes import doctor_exit
from bootstrap.core.result.report import Report
from bootstrap.run.looking import look
from bootstrap.run.session import Session
from bootstrap.ui import text


def run(session: Session) -> Report:
    looked = look(session)
    report = session.learn(exit_code=doctor_exit(looked.findings))
    session.screen.data(text.doctor(report, verbose=session.screen.verbose))
    return report
