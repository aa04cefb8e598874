"""Look at this machine and at the profile's cluster. Changes nothing, judges nothing."""

from pathlib import Path
from typing import Any

from bootstrap.api.line import Line
from bootstrap.core.choose.choice import choose
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
from bootstrap.core.values.codec import from_plain, to_plain
from bootstrap.core.values.version import parse_version
from bootstrap.engine.look.ask import Asked, answers
from bootstrap.engine.look.kubeconfigs import look_at_yours
from bootstrap.engine.look.packages import with_packages
from bootstrap.host.machine import hardware
from bootstrap.host.machine.packages import has_service
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.programs.environment import notable
from bootstrap.host.programs.path import look_at_links
from bootstrap.host.programs.probe import Question, ask_all
from bootstrap.kubeconfig.private import Connection, read_private
from bootstrap.provider.minikube import record, status
from bootstrap.store.keep.inventory import brought, inventory

STATUS_SECONDS = 20.0
"""`minikube status` of old releases may wait for a network that is not there."""
API_SECONDS = 2.0


def observe(
    asked: Asked,
    profile: Profile,
    knowledge: Knowledge,
    around: Surroundings,
    *,
    line: Line,
    cluster: bool = True,
    link: str = "",
) -> HostState:
    """The state of the host and, unless told otherwise, of the profile's cluster.

    `line` is left the connection to the cluster's API. `link`: the absolute folder in which the
    person wants links; empty: none.

    `asked` was started before; everything else is looked at while its programs run.
    """
    with asked.asking:
        spec = profile.cluster if cluster else None
        known, seen_api = _cluster_files(spec, knowledge, around, line) if spec else (None, None)
        host = _host(around)
        host = host._replace(tools=answers(asked, around))
    host = with_packages(host, profile, knowledge, around)
    if link:
        ours = [t.executable for t in knowledge.tools_of(profile) if t.source == "artifact"]
        host = host._replace(link_folder=look_at_links(link, ours, around.environ, around.places))
    if spec is None or known is None or seen_api is None:
        return host
    known = known._replace(yours=look_at_yours(spec.name, around))
    return host._replace(cluster=_cluster(spec, known, seen_api, host, profile, knowledge, around))


def _host(around: Surroundings) -> HostState:
    system, arch = hardware.system_arch()
    return HostState(
        system=system,
        arch=arch,
        description=hardware.description(),
        cpus=hardware.cpus(),
        memory_mib=hardware.memory_mib(),
        disk_free_mib=hardware.disk_free_mib(around.places.home),
        root=hardware.root(),
        virtualisation=hardware.virtualisation(),
        tools={},
        cluster=None,
        stored=inventory(around.places),
        drop_folder=str(around.places.downloads),
        brought=brought(around.places),
        environment=notable(around.environ),
    )


def _cluster_files(
    spec: ClusterSpec, knowledge: Knowledge, around: Surroundings, line: Line
) -> tuple[ClusterState, ApiLook]:
    """What the files of minikube and of kboot say, and kboot's own look at the API."""
    kept = _record(around.minikube_home / record.path(spec.name))
    services = _services(spec, kept, knowledge)
    private = around.places.kubeconfig(spec.name)
    try:
        connection = read_private(private)
    except (OSError, ValueError) as error:
        return _known(spec, kept, Kubeconfig.MISSING, services), ApiLook(
            failure=f"not asked: {error}"
        )
    if connection is None:
        return _known(spec, kept, Kubeconfig.MISSING, services), ApiLook(
            failure="not asked: no kubeconfig"
        )
    if _moved(kept, connection):
        return _known(spec, kept, Kubeconfig.STALE, services), ApiLook(
            failure="not asked: it moved"
        )
    # A lazy point: TLS and HTTP load only for a cluster that can be asked.
    from bootstrap.api.look import look

    seen = look(connection, timeout=API_SECONDS, keep=line.keep)
    return _known(spec, kept, Kubeconfig.CURRENT, services), seen


def _known(
    spec: ClusterSpec, kept: ClusterRecord | None, private: Kubeconfig, services: tuple[str, ...]
) -> ClusterState:
    power = Power.ABSENT if kept is None else Power.STOPPED
    return ClusterState(spec.name, power, kept or ClusterRecord(), private, services=services)


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


def _moved(kept: ClusterRecord | None, connection: Connection) -> bool:
    return bool(kept and kept.endpoint and kept.endpoint != connection.server)


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


def _cluster(
    spec: ClusterSpec,
    known: ClusterState,
    seen: ApiLook,
    host: HostState,
    profile: Profile,
    knowledge: Knowledge,
    around: Surroundings,
) -> ClusterState:
    """An API that answers needs no word of minikube's; otherwise minikube is asked."""
    if not seen.failure:
        return known._replace(power=Power.RUNNING, api=seen)
    if known.power is Power.ABSENT or known.kubeconfig is Kubeconfig.MISSING:
        # minikube 0.25 answers `status` without a kubeconfig by failing, running or not.
        return known._replace(api=seen)
    program = _minikube_to_ask(host, profile, knowledge, around)
    if program is None:
        return known._replace(api=seen)
    path, version = program
    era = knowledge.catalogue.era(parse_version(version))
    private = around.places.kubeconfig(spec.name)
    env = around.for_children(profile.id, {"KUBECONFIG": str(private)})
    argv = (path, *status.arguments(era, spec.name))
    told = ask_all({"status": Question(argv, STATUS_SECONDS)}, env)["status"]
    if told.failure:
        return known._replace(power=Power.UNKNOWN, api=seen, failure=told.failure)
    said = status.parse(told.out, told.err)
    return known._replace(power=said.power, api=seen, said=said.text, failure=said.failure)


def _minikube_to_ask(
    host: HostState, profile: Profile, knowledge: Knowledge, around: Surroundings
) -> tuple[str, str] | None:
    """Path and version of the minikube that the plan will use, as far as it is on this machine."""
    choice = choose(profile, host, knowledge)["minikube"]
    if choice.artifact is not None:
        return None  # to be installed first; a cluster that does not answer is then started
    if choice.state.path is None or choice.version is None:
        return None
    return choice.state.path, str(choice.version)


def replayed(plain: Any) -> HostState:
    """A state saved with --save-state. Raises ValueError when it is not one."""
    return from_plain(HostState, plain)


def saved(state: HostState) -> Any:
    """The state as --save-state writes it."""
    return to_plain(state)
