"""Pass the gates against the profile's cluster: the second half of `up`, all of `verify`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from bootstrap import __version__
from bootstrap.api.client import ApiClient
from bootstrap.core.choose.case import Case, case_of
from bootstrap.core.choose.choice import WEAKEST
from bootstrap.core.choose.program import program
from bootstrap.core.judge.cluster import wanted_kubernetes
from bootstrap.core.judge.proof import basis_of, proof_of, proven
from bootstrap.core.judge.signs import is_contradicted
from bootstrap.core.model.gate import Gate, GateResult, selected
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.state import HostState
from bootstrap.engine.prove.passing import Proving, Use
from bootstrap.errors import Exit, KbootError
from bootstrap.gates.look import Expected
from bootstrap.host.files.proofs import forget_proofs, keep_proof, note_ready
from bootstrap.kubeconfig.private import Connection, read_private
from bootstrap.provider.minikube.images import bring_image, loads_images
from bootstrap.run.session import Session
from bootstrap.ui import text
from bootstrap.ui.layout import Line, paragraph

if TYPE_CHECKING:
    from bootstrap.gates.made.trial import Trial
    from bootstrap.gates.using.programs import Programs


class Due(NamedTuple):
    """The gates that a run is to pass, and what is known of them already."""

    case: Case
    gates: tuple[Gate, ...]
    already: Mapping[str, GateResult]

    @property
    def takes_time(self) -> bool:
        """Versions alone are compared in one look."""
        return any(each.id not in self.already for each in self.gates if each.id != "version")


def due(session: Session, host: HostState, *, anew: bool = True) -> Due:
    """Every gate that the profile or the person asks for.

    Not `anew`: gates that an earlier run has proven by use are not passed again.
    """
    profile = session.profile
    # Gates are about what is there, whatever a later `up` would put in its place.
    case = case_of(profile, host, session.knowledge, session.request._replace(trust=WEAKEST))
    gates = selected(getattr(session.arguments, "gates", None) or profile.verify.gates)
    return Due(case, gates, {} if anew else _already(case, gates))


def pass_gates(
    session: Session, due: Due, *, shown: bool = True, started: float | None = None
) -> tuple[GateResult, ...]:
    """Every gate that is due, each shown as it ends.

    Not `shown`: a passed gate is not worth a line, where nothing had to be done either.
    `started`: since when this run has started the cluster, as `Proving` has it.
    """
    profile, case = session.profile, due.case
    cluster = profile.cluster
    assert cluster is not None
    proving = Proving(
        _connection(session, cluster.name),
        _expected(cluster, case),
        timeout=timeout(session),
        emit=session.screen.event,
        use=_use(session, cluster, case),
        line=session.line,
        started=started,
    )
    addressed = partial(_addressed, profile)
    results = run_gates(session, proving, due.gates, addressed, already=due.already, shown=shown)
    whole = not getattr(session.arguments, "gates", None)
    _keep(session, case, results, whole=whole)
    return results


def _already(case: Case, gates: tuple[Gate, ...]) -> Mapping[str, GateResult]:
    """What an earlier run found out, as far as it counts for the cluster as it was just seen."""
    seen = case.state.cluster
    if seen is None or is_contradicted(case):
        return {}
    live = {each.gate: each for each in seen.looks}
    return {**live, **proven(seen.proof, basis_of(case), gates)}


def _keep(session: Session, case: Case, results: tuple[GateResult, ...], *, whole: bool) -> None:
    """Of a choice of gates no proof is kept: it would take the place of one of them all."""
    places, cluster = session.around.places, case.profile.cluster
    assert cluster is not None
    if not all(result.fine for result in results):
        forget_proofs(places, cluster.name)
    elif whole:
        note_ready(places, cluster.name)
    proof = proof_of(results, basis_of(case), _now(), __version__)
    if proof is not None and whole:
        keep_proof(places.proof(cluster.name, case.profile.id), proof)


def _addressed(profile: Profile, fix: str, reason: str) -> str:
    return profile.addressed(fix)


def _version(case: Case, tool: str) -> str | None:
    """Of what is there, whatever a later `up` would put in its place."""
    seen = case.choices[tool].state if tool in case.choices else None
    return str(seen.release) if seen and seen.release and not seen.failure else None


def run_gates(
    session: Session,
    proving: Proving,
    gates: tuple[Gate, ...],
    addressed: Callable[[str, str], str],
    *,
    already: Mapping[str, GateResult] = MappingProxyType({}),
    shown: bool = True,
) -> tuple[GateResult, ...]:
    """Each gate, shown as it ends, and in the report from then on.

    `addressed`: a fix, and the reason it is for, as it is for what this run is about.
    """
    if shown:
        session.screen.talk([Line(), Line("Gates")])
    results: tuple[GateResult, ...] = ()
    with proving:
        for result in proving.run(gates, already):
            result = result._replace(fix=addressed(result.fix, result.reason))
            if shown or not result.fine:
                session.screen.talk(text.gate(result))
            results = (*results, result)
            session.learn(gates=results)
    session.learn(used_cluster=proving.used, left_behind=proving.left, at=_now())
    if proving.left:
        session.screen.talk(paragraph(proving.left, 4, "  !"))
    return results


def _use(session: Session, cluster: ClusterSpec, case: Case) -> Use:
    choices, seen = case.choices, case.state.cluster
    minikube = choices["minikube"].state.path if "minikube" in choices else None
    record = seen.record.driver if seen else None
    driver = record or cluster.drivers[0]
    image = session.settings.image or session.knowledge.catalogue.gate_image
    version = _version(case, "minikube")

    def use(client: ApiClient, seconds: float) -> "tuple[Trial, Programs]":
        # A lazy point, with that of `engine.prove.passing`.
        from bootstrap.engine.prove.using import Using

        return Using(
            around=session.around,
            profile_id=session.profile.id,
            kubeconfig=str(session.around.places.kubeconfig(cluster.name)),
            cluster=cluster.name,
            image=image,
            driver=driver,
            bringing=bring_image(image, cluster.name, driver, version),
            loads_images=minikube is not None and loads_images(version),
            kubectl=program(choices, "kubectl"),
            docker=program(choices, "docker"),
            minikube=minikube or "",
            keep=getattr(session.arguments, "keep", False),
        ).begin(client, seconds)

    return use


def _expected(cluster: ClusterSpec, case: Case) -> Expected:
    return Expected(kubernetes=wanted_kubernetes(cluster, case), kubectl=_version(case, "kubectl"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def timeout(session: Session) -> float:
    """Seconds that all gates may take together."""
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
