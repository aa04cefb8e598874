"""Look at the profile's cluster: minikube's files, kboot's own, its API, and minikube's word."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bootstrap.api.line import Line
from bootstrap.core.choose.choice import choose
from bootstrap.core.model.gate import GateResult, selected
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.state import (
    ApiLook,
    ClusterRecord,
    ClusterState,
    Engine,
    HostState,
    Kubeconfig,
    Machine,
    Power,
)
from bootstrap.engine.look.ask import Asked
from bootstrap.host.files.proofs import read_proof
from bootstrap.host.machine.packages import has_service
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.programs.path import candidates
from bootstrap.host.programs.probe import Question, Told, ask_all
from bootstrap.kubeconfig.private import Connection, read_private
from bootstrap.provider.minikube import machine, record, status
from bootstrap.regular import is_file, is_there, read_regular

STATUS_SECONDS = 20.0
"""`minikube status` of old releases may wait for a network that is not there."""
API_SECONDS = 2.0
ENGINE_SECONDS = 10.0
"""Of a busy engine; one that is down says so at once."""


def look_without_minikube(
    spec: ClusterSpec, profile: Profile, knowledge: Knowledge, around: Surroundings, line: Line
) -> ClusterState:
    """What the files of minikube and of kboot say, and kboot's own look at the API."""
    kept, damage = _record(around.minikube_home, spec.name)
    private, connection, failure = _private(around.places.kubeconfig(spec.name), kept)
    absent = Power.UNKNOWN if damage else Power.ABSENT
    seen = ClusterState(
        spec.name,
        absent if kept is None else Power.STOPPED,
        kept or ClusterRecord(),
        private,
        services=_services(spec, kept, knowledge),
        unrecorded=damage or ("" if kept else "minikube has no record of it"),
        rivals=_rivals(spec, around.minikube_home),
        never_ready=is_there(around.places.never_ready(spec.name)),
        failure=damage if kept is None else "",
    )
    if connection is None:
        return seen._replace(api=ApiLook(failure=f"not asked: {failure}"))
    # A lazy point: TLS and HTTP load only for a cluster that can be asked.
    from bootstrap.api.look import look

    gates = tuple(gate.id for gate in selected(profile.verify.gates))
    seen = seen._replace(api=look(connection, gates, timeout=API_SECONDS, keep=line.keep))
    if seen.api.failure:
        return seen
    if seen.record.driver == "none":
        seen = seen._replace(api=_with_runtime(seen.api))
    proof, age = read_proof(around.places.proof(spec.name, profile.id))
    return seen._replace(looks=_live(line, connection, gates), proof=proof, proof_age=age)


def _with_runtime(api: ApiLook) -> ApiLook:
    """With driver none the node's runtime is this machine's, and can be asked at once: Kubernetes
    itself notices after half a minute that it is gone."""
    from bootstrap.host.machine.runtime import silent_runtime  # lazy, as `look` is

    return api._replace(signs=api.signs._replace(engine=silent_runtime(api.signs.runtime)))


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
    began = time.monotonic()
    client.deadline = began + API_SECONDS
    try:
        with client.asked_ahead([path for gate in asked for path in AHEAD[gate]]):
            looks = [(gate, look_at(gate, client, Expected())) for gate in asked]
    except ApiFailure as failure:
        looks = [(gate, of_failure(failure)) for gate in asked]
    finally:
        line.keep(client)
    each = (time.monotonic() - began) / max(1, len(asked))  # they share one round
    return tuple(result_of(gate, look, each) for gate, look in looks)


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


def _record(home: Path, cluster: str) -> tuple[ClusterRecord | None, str]:
    """minikube's record, and what is wrong with it; None: there is no cluster of that name, or,
    where something is wrong, nobody can tell.

    A record that cannot be read is still a cluster: of it nothing is known. A folder without one
    is none: `delete` leaves it up to 1.2, a start that failed since 1.12. Only 0.20 and 0.21 keep
    no record beside the machine's own.
    """
    path = home / record.path(cluster)
    try:
        found = record.parse(read_regular(path).decode("utf-8", "replace"))
    except (FileNotFoundError, NotADirectoryError):
        machine = is_file(home / record.machine_path(cluster))
        return (ClusterRecord(), f"{path} is not there") if machine else (None, "")
    except OSError as error:
        kept = ClusterRecord() if is_there(path) else None
        return kept, f"{path} cannot be read: {error.strerror}"
    return (found, "") if found else (ClusterRecord(), f"{path} is damaged")


def _rivals(spec: ClusterSpec, home: Path) -> tuple[str, ...]:
    """With driver none all clusters of a machine are the same one, whatever they are called."""
    if "none" not in spec.drivers:
        return ()
    names = (path.parent.name for path in sorted((home / "profiles").glob("*/config.json")))
    return tuple(
        name
        for name in names
        if name != spec.name and (kept := _record(home, name)[0]) and kept.driver == "none"
    )


class Answers(NamedTuple):
    """What was asked because the API does not answer."""

    status: Told
    """minikube's word."""
    units: str = ""
    """What systemd says of the units that the cluster runs as, a word a line."""


def with_power(
    seen: ClusterState,
    ask: Callable[[], Answers | None],
    ask_engine: Callable[[], Machine | None],
) -> ClusterState:
    """An API that answers needs no word of minikube's; otherwise minikube is asked.

    The machine's engine is asked where minikube knows of no machine.
    """
    if not seen.api.failure:
        return seen._replace(power=Power.RUNNING)
    if seen.power is Power.UNKNOWN:
        return seen
    if seen.power is Power.ABSENT:
        return _by_engine(seen._replace(machine=ask_engine()), Power.ABSENT)
    # minikube 0.25 answers `status` without a kubeconfig by failing, running or not.
    answers = None if seen.kubeconfig is Kubeconfig.MISSING else ask()
    if answers is None:
        return seen
    told = answers.status
    if told.failure:
        return seen._replace(power=Power.UNKNOWN, failure=told.failure)
    said = status.parse(told.out, told.err)
    seen = seen._replace(power=said.power, said=said.text, failure=said.failure)
    if said.failure.startswith(status.IN_VAIN):
        seen = seen._replace(machine=Machine(failure=said.failure))
    if said.power is Power.STOPPED and any(unit in _AT_WORK for unit in answers.units.split()):
        # 0.25 says Stopped of a unit that systemd is about to start again.
        return seen._replace(power=Power.RUNNING)
    if said.power is Power.ABSENT:
        return _by_engine(seen._replace(machine=ask_engine()), Power.LOST)
    return seen


def _by_engine(seen: ClusterState, without: Power) -> ClusterState:
    """`without`: what it is where its engine has no machine of it, or there is no engine."""
    machine = seen.machine
    if machine is None or not (machine.state or machine.failure):
        return seen._replace(power=without)
    if machine.failure:
        why = f"its container engine could not be asked: {machine.failure}"
        return seen._replace(power=Power.UNKNOWN, failure=why)
    return seen._replace(power=Power.UNRECORDED)


def ask_engine(cluster: str, driver: str | None, asked: Asked) -> Machine | None:
    """What the engine has of that name. None: the driver has none, or its program is not here."""
    spec = asked.profile.cluster
    drivers = (driver,) if driver else spec.drivers if spec else ()
    engine = next((each for each in drivers if each in list(Engine)), "")
    found = candidates(engine, asked.around.folders(asked.profile.id)) if engine else ()
    if not found:
        return None
    env = asked.around.for_children(asked.profile.id, {})
    told = ask_all(
        {
            what: Question((found[0], *words), ENGINE_SECONDS)
            for what, words in machine.questions(cluster).items()
        },
        env,
    )
    for each in told.values():
        if each.failure or each.exit_code:
            lines = each.err.strip().splitlines() or [f"exit {each.exit_code}"]
            return Machine(failure=each.failure or lines[-1][:200])
    return machine.parse(cluster, told["containers"].out, told["volumes"].out)


_AT_WORK = ("active", "activating", "reloading")


def ask_minikube(seen: ClusterState, asked: Asked, host: HostState) -> Answers | None:
    """The answer of the minikube that is there; None: there is none that the profile accepts.

    Of one that is to be installed first the cluster is started, if it does not answer.
    """
    choice = choose(asked.profile, host, asked.knowledge)["minikube"]
    version = choice.version
    there = choice.state.path is not None and choice.artifact is None and not choice.undriven
    if not there or version is None:
        return None
    era = asked.knowledge.catalogue.era(version)
    private = asked.around.places.kubeconfig(seen.name)
    env = asked.around.for_children(asked.profile.id, {"KUBECONFIG": str(private)})
    argv = (str(choice.state.path), *status.arguments(era, seen.name))
    questions = {"status": Question(argv, STATUS_SECONDS)}
    systemctl = candidates("systemctl", asked.around.folders(asked.profile.id))
    if seen.services and systemctl:
        questions["units"] = Question((systemctl[0], "is-active", *seen.services))
    told = ask_all(questions, env)
    return Answers(told["status"], told["units"].out if "units" in told else "")
