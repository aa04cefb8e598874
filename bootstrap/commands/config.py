"""`kboot config`: the person's kubeconfigs as they were before kboot's changes."""

from bootstrap.core.result.report import Report
from bootstrap.run.backups import backups, put_back
from bootstrap.run.session import Session
from bootstrap.ui import verdict


def run(session: Session) -> Report:
    if session.arguments.what == "restore":
        chosen, before = put_back(session, session.arguments.number)
        session.screen.verdict(verdict.restored(chosen, before), good=True)
    report = session.learn(backups=backups(session))
    if session.arguments.what == "backups":
        session.screen.data(
            verdict.backups(report, session.profile.command_line("config", "restore"))
        )
    return report
