"""Look at the profile's cluster: minikube's files, kboot's own, its API, and minikube's word."""

import time
from collections.abc import Callable
from pathlib import Path

from bootstrap.api.line import Line
from bootstrap.core.choose.choice import choose
from bootstrap.core.model.gate import GateResult, selected
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.state import (
    ApiLook,
    ClusterRecord,
    ClusterState,
    HostState,
    Kubeconfig,
    Power,
)
from bootstrap.engine.look.ask import Asked
from bootstrap.host.files.proofs import read_proof
from bootstrap.host.machine.packages import has_service
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.programs.probe import Question, Told, ask_all
from bootstrap.kubeconfig.private import Connection, read_private
from bootstrap.provider.minikube import record, status

STATUS_SECONDS = 20.0
"""`minikube status` of old releases may wait for a network that is not there."""
API_SECONDS = 2.0


def look_without_minikube(
    spec: ClusterSpec, profile: Profile, knowledge: Knowledge, around: Surroundings, line: Line
) -> ClusterState:
    """What the files of minikube and of kboot say, and kboot's own look at the API."""
    kept = _record(around.minikube_home / record.path(spec.name))
    private, connection, failure = _private(around.places.kubeconfig(spec.name), kept)
    seen = ClusterState(
        spec.name,
        Power.ABSENT if kept is None else Power.STOPPED,
        kept or ClusterRecord(),
        private,
        services=_services(spec, kept, knowledge),
    )
    if connection is None:
        return seen._replace(api=ApiLook(failure=f"not asked: {failure}"))
    # A lazy point: TLS and HTTP load only for a cluster that can be asked.
    from bootstrap.api.look import look

    gates = tuple(gate.id for gate in selected(profile.verify.gates))
    seen = seen._replace(api=look(connection, gates, timeout=API_SECONDS, keep=line.keep))
    if seen.api.failure:
        return seen
    proof, age = read_proof(around.places.proof(spec.name, profile.id))
    return seen._replace(looks=_live(line, connection, gates), proof=proof, proof_age=age)


def _live(line: Line, connection: Connection, gates: tuple[str, ...]) -> tuple[GateResult, ...]:
    """One look at each live gate, but at versions: what runs here is not known yet."""
    # Lazy, as `look` is.
    from bootstrap.api.failure import ApiFailure
    from bootstrap.gates.live.checks import AHEAD, look_at
    from bootstrap.gates.look import Expected, of_failure, result_of

    client = line.take(connection)
    asked = [gate for gate in gates if gate in AHEAD]
    if client is None:
        return ()
    client.deadline = time.monotonic() + API_SECONDS
    try:
        with client.asked_ahead([path for gate in asked for path in AHEAD[gate]]):
            looks = [(gate, look_at(gate, client, Expected())) for gate in asked]
    except ApiFailure as failure:
        looks = [(gate, of_failure(failure)) for gate in asked]
    finally:
        line.keep(client)
    return tuple(result_of(gate, look, 0.0) for gate, look in looks)


def _private(file: Path, kept: ClusterRecord | None) -> tuple[Kubeconfig, Connection | None, str]:
    """How kboot's own kubeconfig stands, with what it connects to, or why that is not asked."""
    try:
        connection = read_private(file)
    except (OSError, ValueError) as error:
        return Kubeconfig.MISSING, None, str(error)
    if connection is None:
        return Kubeconfig.MISSING, None, "no kubeconfig"
    if kept and kept.endpoint and kept.endpoint != connection.server:
        return Kubeconfig.STALE, None, "it moved"
    return Kubeconfig.CURRENT, connection, ""


def _services(
    spec: ClusterSpec, kept: ClusterRecord | None, knowledge: Knowledge
) -> tuple[str, ...]:
    """Of the units that minikube does not stop, those that this host has.

    The driver is the one recorded; where nothing is, the profile's, if it leaves no choice.
    """
    recorded = kept.driver if kept else None
    drivers = (recorded,) if recorded else spec.drivers
    named = knowledge.catalogue.drivers.get(drivers[0]) if len(drivers) == 1 else None
    return tuple(unit for unit in named.services if has_service(unit)) if named else ()


def _record(path: Path) -> ClusterRecord | None:
    """minikube's record; None when there is no cluster of that name.

    A record that cannot be read is still a cluster: of it nothing is known.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ClusterRecord() if path.parent.is_dir() else None
    except OSError:
        return ClusterRecord()
    return record.parse(text) or ClusterRecord()


def with_power(seen: ClusterState, ask: Callable[[], Told | None]) -> ClusterState:
    """An API that answers needs no word of minikube's; otherwise minikube is asked."""
    if not seen.api.failure:
        return seen._replace(power=Power.RUNNING)
    # minikube 0.25 answers `status` without a kubeconfig by failing, running or not.
    if seen.power is Power.ABSENT or seen.kubeconfig is Kubeconfig.MISSING:
        return seen
    told = ask()
    if told is None:
        return seen
    if told.failure:
        return seen._replace(power=Power.UNKNOWN, failure=told.failure)
    said = status.parse(told.out, told.err)
    return seen._replace(power=said.power, said=said.text, failure=said.failure)


def ask_minikube(cluster: str, asked: Asked, host: HostState) -> Told | None:
    """The answer of the minikube that is there; None: there is none that the profile accepts.

    Of one that is to be installed first the cluster is started, if it does not answer.
    """
    choice = choose(asked.profile, host, asked.knowledge)["minikube"]
    version = choice.version
    if choice.artifact is not None or choice.state.path is None or version is None:
        return None
    era = asked.knowledge.catalogue.era(version)
    private = asked.around.places.kubeconfig(cluster)
    env = asked.around.for_children(asked.profile.id, {"KUBECONFIG": str(private)})
    argv = (choice.state.path, *status.arguments(era, cluster))
    return ask_all({"status": Question(argv, STATUS_SECONDS)}, env)["status"]
