"""The shape of what a driver of minikube's needs of a machine; `drivers.toml` has the data."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from bootstrap.core.values.version import Version, parse_version

_OTHER_NAMES = {"qemu2": "qemu", "native": "none"}
"""Of drivers: minikube's aliases and first names. Its `kvm` was a driver of its own up to 1.2, so
it is no other name of kvm2 (pkg/minikube/registry/drvs at each tag)."""


def driver_name(name: str) -> str:
    """The one name that kboot has for a driver, whatever a person or minikube's record calls it."""
    return _OTHER_NAMES.get(name, name)


class Program(NamedTuple):
    """A program on PATH, a file or a folder (these by their whole path) that a driver needs."""

    name: str
    since: str = "0.0.0"
    """First minikube release that needs it."""
    until: str = ""
    """First release that no longer does; empty: none."""
    kubernetes: str = ""
    """The first that needs it; empty: all do."""
    runtime: str = ""
    """The container runtime that needs it; empty: all do."""
    on: str = ""
    """A system (linux), an architecture (arm64) or both (linux/arm64); empty: everywhere."""
    fix: str = ""

    def is_of_release(self, minikube: Version) -> bool:
        ended = bool(self.until) and parse_version(self.until) <= minikube
        return parse_version(self.since) <= minikube and not ended

    def is_of_platform(self, platform: str) -> bool:
        return self.on in ("", platform, *platform.split("/"))


class Driver(NamedTuple):
    """What one minikube driver needs of a machine."""

    name: str
    tools: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Of `root`, `not-root`, `virtualisation`."""
    programs: tuple[Program, ...] = ()
    platforms: tuple[str, ...] = ()
    since: str = "0.0.0"
    """First minikube release that has it."""
    services: tuple[str, ...] = ()
    """systemd units that minikube's own `stop` and `delete` leave running."""
    minimum: Mapping[str, tuple[str, str]] | None = None
    """tool → (its minimum version, first minikube release that insists on it)."""


def driver_of(name: str, entry: Mapping[str, Any]) -> Driver:
    """From its table in the catalogue."""
    minimum = entry.get("minimum", {})
    return Driver(
        name=name,
        tools=tuple(entry.get("tools", ())),
        needs=tuple(entry.get("needs", ())),
        programs=tuple(Program(**each) for each in entry.get("programs", ())),
        platforms=tuple(entry.get("platforms", ())),
        since=entry.get("since", "0.0.0"),
        services=tuple(entry.get("services", ())),
        minimum={tool: (pair[0], pair[1]) for tool, pair in minimum.items()},
    )
