"""`kboot verify`: the gates against the running cluster, always anew."""

from bootstrap.commands.looking import look
from bootstrap.commands.proving import pass_gates
from bootstrap.commands.session import Session
from bootstrap.core.report import Report
from bootstrap.errors import Exit, KbootError
from bootstrap.ui import verdict


def run(session: Session) -> Report:
    if session.profile.cluster is None:
        raise KbootError(
            Exit.PROFILE_INVALID,
            f"profile {session.profile.name} has no cluster to verify",
            state="nothing was changed",
            next=session.profile.command_line("doctor"),
        )
    looked = look(session)
    results = pass_gates(session, looked.host)
    ready = all(result.passed for result in results)
    code = Exit.CONVERGED if ready else Exit.CLUSTER_NOT_READY
    report = session.learn(exit_code=code, plan=None)
    session.screen.verdict(verdict.verify(report), good=ready)
    return report
