"""Pass the gates against the profile's cluster: the second half of `up`, all of `verify`."""

from dataclasses import replace

from bootstrap.cluster.gates import Expected
from bootstrap.cluster.kubeconfig import Connection, read_private
from bootstrap.commands.session import Session
from bootstrap.core.assess_cluster import wanted_kubernetes
from bootstrap.core.choice import choose
from bootstrap.core.gate import GateResult, selected
from bootstrap.core.state import HostState
from bootstrap.engine.prove import prove
from bootstrap.errors import Exit, KbootError
from bootstrap.ui import text
from bootstrap.ui.layout import Line


def pass_gates(session: Session, host: HostState, *, shown: bool = True) -> tuple[GateResult, ...]:
    """Every gate that the profile asks for, live, each shown as it ends.

    Not `shown`: a passed gate is not worth a line, where nothing had to be done either.
    """
    profile = session.profile
    assert profile.cluster is not None
    choices = choose(profile, host, session.knowledge)
    kubectl = choices["kubectl"].version if "kubectl" in choices else None
    expected = Expected(
        kubernetes=profile.cluster.kubernetes
        or wanted_kubernetes(profile.cluster, choices, session.knowledge),
        kubectl=str(kubectl) if kubectl else None,
    )
    if shown:
        session.screen.talk([Line(), Line("Gates")])
    results: tuple[GateResult, ...] = ()
    for result in prove(
        selected(profile.verify.gates),
        _connection(session, profile.cluster.name),
        expected,
        timeout=_timeout(session),
        emit=session.screen.event,
    ):
        result = replace(result, fix=profile.addressed(result.fix))
        if shown or not result.passed:
            session.screen.talk(text.gate(result))
        results = (*results, result)
        session.learn(gates=results)
    return results


def _timeout(session: Session) -> float:
    given: float | None = session.arguments.timeout
    return given or session.profile.verify.timeout_seconds


def _connection(session: Session, cluster: str) -> Connection:
    private = session.around.places.kubeconfig(cluster)
    try:
        connection = read_private(private)
    except (OSError, ValueError) as error:
        raise _no_cluster(session, cluster, f"{private}: {error}") from error
    if connection is None:
        raise _no_cluster(session, cluster, f"{private} is not there")
    return connection


def _no_cluster(session: Session, cluster: str, why: str) -> KbootError:
    return KbootError(
        Exit.CLUSTER_NOT_READY,
        f"kboot knows no running cluster {cluster}",
        why=why,
        state="nothing was changed",
        next=session.profile.command_line("up"),
    )
