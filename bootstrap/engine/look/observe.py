"""Look at this machine and at the profile's cluster. Changes nothing, judges nothing."""

from functools import partial
from pathlib import Path
from typing import Any

from bootstrap.api.line import Line
from bootstrap.core.model.profile import ClusterSpec
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.core.values.codec import from_plain, to_plain
from bootstrap.engine.look.ask import Asked, answers
from bootstrap.engine.look.cluster import (
    ask_engine,
    ask_minikube,
    look_without_minikube,
    with_power,
)
from bootstrap.engine.look.kubeconfigs import look_at_yours
from bootstrap.engine.look.packages import with_packages
from bootstrap.host.machine import hardware
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.programs.environment import notable
from bootstrap.host.programs.path import are_there, look_at_links
from bootstrap.provider.minikube import record
from bootstrap.regular import read_regular
from bootstrap.store.keep.intact import Known
from bootstrap.store.keep.inventory import brought, inventory


def observe(asked: Asked, request: Request, line: Line) -> HostState:
    """The state of the host and, unless only tools are asked for, of the profile's cluster.

    `asked` was started before; everything else is looked at while its programs run. `line` is left
    the connection to the cluster's API.
    """
    profile, knowledge, around = asked.profile, asked.knowledge, asked.around
    spec = None if request.tools_only else profile.cluster
    with asked.asking:
        seen = look_without_minikube(spec, profile, knowledge, around, line) if spec else None
        host = _host(around, asked.known)
        host = host._replace(tools=answers(asked))
    host = with_packages(host, profile, knowledge, around)
    if request.link:
        ours = [t.executable for t in knowledge.tools_of(profile) if t.source == "artifact"]
        folder = look_at_links(request.link, ours, around.environ, around.places)
        host = host._replace(link_folder=folder)
    if spec is None or seen is None:
        return host
    host = _with_needs(host, spec, asked)
    host = host._replace(settings=record.settings(_text(around.minikube_home / record.SETTINGS)))
    seen = seen._replace(yours=look_at_yours(seen.name, around))
    minikube = partial(ask_minikube, seen, asked, host)
    engine = partial(ask_engine, seen.name, seen.record.driver, asked)
    return host._replace(cluster=with_power(seen, minikube, engine))


def _with_needs(host: HostState, spec: ClusterSpec, asked: Asked) -> HostState:
    """`host` with what the profile's drivers may need beside tools."""
    around = asked.around
    drivers = (asked.knowledge.catalogue.drivers[each] for each in spec.drivers)
    names = {each.name for driver in drivers for each in driver.programs}
    if not names:
        return host
    # Where minikube puts the plugins that it fetches, and looks for them, too.
    folders = (*around.folders(asked.profile.id), str(around.minikube_home / "bin"))
    texts = (around.minikube_home / each for each in (record.path(spec.name), record.SETTINGS))
    named = filter(None, (record.runtime(_text(each)) for each in texts))
    return host._replace(programs=are_there(names, folders), runtime=next(named, ""))


def _text(file: Path) -> str:
    """Empty where there is none, or none that can be read."""
    try:
        return read_regular(file).decode("utf-8", "replace")
    except OSError:
        return ""


def _host(around: Surroundings, known: Known) -> HostState:
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
        stored=inventory(known),
        drop_folder=str(around.places.downloads),
        brought=brought(around.places),
        environment=notable(around.environ),
    )


def replayed(plain: Any) -> HostState:
    """A state saved with --save-state. Raises ValueError when it is not one."""
    return from_plain(HostState, plain)


def saved(state: HostState) -> Any:
    """The state as --save-state writes it."""
    return to_plain(state)
