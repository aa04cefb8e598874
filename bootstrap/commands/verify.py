"""`kboot verify`: the gates against the running cluster, always anew."""

from bootstrap.core.model.gate import GateResult
from bootstrap.core.result.report import Report
from bootstrap.errors import Exit, KbootError
from bootstrap.run.looking import look
from bootstrap.run.proving import pass_gates
from bootstrap.run.session import Session
from bootstrap.ui import verdict


def run(session: Session) -> Report:
    results = _of_context(session) if session.context else _of_profile(session)
    ready = all(result.fine for result in results)
    code = Exit.CONVERGED if ready else Exit.CLUSTER_NOT_READY
    report = session.learn(exit_code=code, plan=None)
    session.screen.verdict(verdict.verify(report), good=ready)
    return report


def _of_context(session: Session) -> tuple[GateResult, ...]:
    # A lazy point: YAML is for those who name a context.
    from bootstrap.run.own_context import pass_gates_of_context

    return pass_gates_of_context(session)


def _of_profile(session: Session) -> tuple[GateResult, ...]:
    if session.profile.cluster is None:
        raise KbootError(
            Exit.PROFILE_INVALID,
            f"profile {session.profile.name} has no cluster to verify",
            state="nothing was changed",
            next=session.profile.command_line("doctor"),
        )
    return pass_gates(session, look(session).host)
