"""`kboot store verify`: every byte of what kboot installed, against what was verified."""

from bootstrap.core.judge.stored import stored_findings
from bootstrap.core.result.exit_codes import doctor_exit
from bootstrap.core.result.report import Report
from bootstrap.engine.look.stored import look_at_store
from bootstrap.run.session import Session
from bootstrap.ui import text


def run(session: Session) -> Report:
    findings = stored_findings(look_at_store(session.knowledge, session.around))
    report = session.learn(findings=findings, exit_code=doctor_exit(findings))
    session.screen.data(text.store(report, verbose=session.screen.verbose))
    return report
