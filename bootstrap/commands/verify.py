"""`kboot verify`: the gates against the running cluster, always anew."""

from bootstrap.core.model.gate import GateResult
from bootstrap.core.model.state import ClusterState, Power
from bootstrap.core.result.report import Report
from bootstrap.errors import Exit, KbootError
from bootstrap.run.carrying import gates_lock
from bootstrap.run.looking import look
from bootstrap.run.proving import due, pass_gates
from bootstrap.run.session import Session
from bootstrap.ui import verdict

LOCK_SECONDS = 1800.0
"""As long as another kboot's start may take."""


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
    with gates_lock(session, LOCK_SECONDS):
        host = look(session).host
        _refuse_what_cannot_answer(session, host.cluster)
        return pass_gates(session, due(session, host))


_CANNOT = {
    Power.ABSENT: "does not exist",
    Power.PAUSED: "is paused",
    Power.LOST: "has lost its machine",
    Power.UNRECORDED: "is not known to minikube",
}


def _refuse_what_cannot_answer(session: Session, seen: ClusterState | None) -> None:
    """No gate is waited for where minikube or the machine's engine says that nothing can come.

    Stopped is another thing: 0.25 says so of a unit that is about to start again.
    """
    if seen is None or not seen.api.failure:
        return
    said = _CANNOT.get(seen.power, "")
    if seen.power is Power.UNKNOWN and seen.machine is not None:
        said = "cannot be asked"
    if not said:
        return
    raise KbootError(
        Exit.CLUSTER_NOT_READY,
        f"cluster {seen.name} {said}",
        why=seen.failure or seen.api.failure,
        state="nothing was changed",
        next=session.profile.command_line("doctor"),
    )
