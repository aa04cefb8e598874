"""Look at this machine and at the profile's cluster. Changes nothing, judges nothing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bootstrap.cluster.kubeconfig import Connection, read_private
from bootstrap.cluster.look import look
from bootstrap.core.choice import choose
from bootstrap.core.codec import from_plain, to_plain
from bootstrap.core.knowledge import Knowledge
from bootstrap.core.profile import ClusterSpec, Profile
from bootstrap.core.state import (
    ApiLook,
    ClusterRecord,
    ClusterState,
    HostState,
    Kubeconfig,
    Power,
    ToolState,
)
from bootstrap.core.tool import Answer, Reading, Tool
from bootstrap.core.version import parse_version
from bootstrap.host import hardware
from bootstrap.host.elf import fingerprint
from bootstrap.host.environment import notable
from bootstrap.host.path import candidates
from bootstrap.host.probe import Asking, Question, Told, ask_all, start
from bootstrap.host.surroundings import Surroundings
from bootstrap.provider.minikube import record, status
from bootstrap.store.inventory import inventory

PROBE_SECONDS = 5.0
STATUS_SECONDS = 20.0
"""`minikube status` of old releases may wait for a network that is not there."""
API_SECONDS = 2.0


def observe(
    profile: Profile, knowledge: Knowledge, around: Surroundings, *, cluster: bool = True
) -> HostState:
    """The state of the host and, unless told otherwise, of the profile's cluster.

    The probes are started first and read last; everything else is looked at while they run.
    """
    sighted = {tool: _sight(tool, profile, around) for tool in knowledge.tools_of(profile)}
    asking = _ask(sighted, profile, around)
    spec = profile.cluster if cluster else None
    known, seen_api = _cluster_files(spec, around) if spec else (None, None)
    host = _host(around)
    told = asking.finish()
    tools = {
        tool.name: _tool_state(tool, state, told.get(tool.name), around)
        for tool, state in sighted.items()
    }
    host = replace(host, tools=tools)
    if spec is None or known is None or seen_api is None:
        return host
    return replace(host, cluster=_cluster(spec, known, seen_api, host, profile, knowledge, around))


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
        environment=notable(around.environ),
    )


def _sight(tool: Tool, profile: Profile, around: Surroundings) -> ToolState:
    """Where the tool is, and its version where the cache has it for exactly this file."""
    found = candidates(tool.executable, around.folders(profile.id))
    if not found:
        return ToolState(tool.name)
    links = str(around.places.links(profile.id))
    state = ToolState(tool.name, found[0], found, managed=str(Path(found[0]).parent) == links)
    kept = around.cache.read(f"version-{tool.name}", _key(tool, found[0]))
    if not isinstance(kept, Mapping) or not tool.version_is_of_the_file:
        return state
    return replace(state, **kept, cached=True)


def _key(tool: Tool, path: str) -> Any:
    """None for what may not be cached: scripts and shims answer for other files."""
    return fingerprint(path) if tool.version_is_of_the_file else None


def _ask(sighted: Mapping[Tool, ToolState], profile: Profile, around: Surroundings) -> Asking:
    questions = {
        tool.name: Question((state.path, *tool.version_args), PROBE_SECONDS)
        for tool, state in sighted.items()
        if state.path is not None and not state.cached
    }
    # KUBECONFIG: a hostile one can run code through a dispatcher. MINIKUBE_HOME: `version` of 1.x
    # makes folders. GOGC: these programs live for milliseconds and need not collect garbage.
    extra = {
        "KUBECONFIG": "/dev/null",
        "MINIKUBE_HOME": str(around.places.cache / "scratch"),
        "GOGC": "off",
    }
    return start(questions, around.for_children(profile.id, extra))


def _tool_state(tool: Tool, state: ToolState, told: Told | None, around: Surroundings) -> ToolState:
    if told is None or state.path is None:
        return state
    reading = _read(tool, told)
    if reading.failure:
        return replace(state, facts=reading.facts, failure=reading.failure)
    key = _key(tool, state.path)
    if key is not None:
        kept = {"version": reading.version, "facts": dict(reading.facts)}
        around.cache.write(f"version-{tool.name}", key, kept)
    return replace(state, version=reading.version, facts=reading.facts)


def _read(tool: Tool, told: Told) -> Reading:
    if told.failure or told.exit_code is None:
        return Reading(failure=told.failure or "it did not end")
    files = {path: Path(path).exists() for path in tool.files}
    return tool.parse(Answer(told.exit_code, told.out, told.err, files))


def _cluster_files(spec: ClusterSpec, around: Surroundings) -> tuple[ClusterState, ApiLook]:
    """What the files of minikube and of kboot say, and kboot's own look at the API."""
    kept = _record(around.minikube_home / record.path(spec.name))
    private = around.places.kubeconfig(spec.name)
    try:
        connection = read_private(private)
    except (OSError, ValueError) as error:
        return _known(spec, kept, Kubeconfig.MISSING), ApiLook(failure=f"not asked: {error}")
    if connection is None:
        return _known(spec, kept, Kubeconfig.MISSING), ApiLook(failure="not asked: no kubeconfig")
    if _moved(kept, connection):
        return _known(spec, kept, Kubeconfig.STALE), ApiLook(failure="not asked: it moved")
    return _known(spec, kept, Kubeconfig.CURRENT), look(connection, timeout=API_SECONDS)


def _known(spec: ClusterSpec, kept: ClusterRecord | None, private: Kubeconfig) -> ClusterState:
    power = Power.ABSENT if kept is None else Power.STOPPED
    return ClusterState(spec.name, power, kept or ClusterRecord(), private)


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
        return replace(known, power=Power.RUNNING, api=seen)
    if known.power is Power.ABSENT or known.kubeconfig is Kubeconfig.MISSING:
        # minikube 0.25 answers `status` without a kubeconfig by failing, running or not.
        return replace(known, api=seen)
    program = _minikube_to_ask(host, profile, knowledge, around)
    if program is None:
        return replace(known, api=seen)
    path, version = program
    era = knowledge.catalogue.era(parse_version(version))
    private = around.places.kubeconfig(spec.name)
    env = around.for_children(profile.id, {"KUBECONFIG": str(private)})
    argv = (path, *status.arguments(era, spec.name))
    told = ask_all({"status": Question(argv, STATUS_SECONDS)}, env)["status"]
    if told.failure:
        return replace(known, power=Power.UNKNOWN, api=seen, failure=told.failure)
    said = status.parse(told.out, told.err)
    return replace(known, power=said.power, api=seen, said=said.text, failure=said.failure)


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
