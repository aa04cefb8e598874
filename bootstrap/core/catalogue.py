"""The shape of release data: artifacts with their digests, eras, support ranges, drivers.

The data themselves stand in `bootstrap/catalogue/*.toml`, one file per tool plus `drivers.toml`;
`host.catalogue` reads them. Nothing replaces them: no flag, variable or file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from bootstrap.core.version import Version, parse_version

TRUST_LEVELS = ("catalogue", "publisher", "first-seen")
"""From strongest to weakest: digest shipped with kboot, checksum file over TLS, lock file."""


@dataclass(frozen=True)
class Artifact:
    """One downloadable file of one version for one platform."""

    tool: str
    version: str
    platform: str
    url: str
    sha256: str
    origin: str
    """Where kboot's catalogue has the digest from."""
    size: int | None = None
    """Bytes; None where the catalogue does not know."""
    member: str = ""
    """For an archive: the one regular member that is the tool. Empty: the file is the tool."""
    trust: str = "catalogue"


class KubernetesRange(NamedTuple):
    """What one minikube release starts by default, and what it accepts. None: not checked by it."""

    default: str
    oldest: str | None = None
    newest: str | None = None
    offered: tuple[str, ...] = ()
    """With the localkube bootstrapper: the only versions of the default's minor that existed."""


@dataclass(frozen=True)
class Driver:
    """What one minikube driver needs of a machine."""

    name: str
    tools: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Of `root`, `not-root`, `virtualisation`."""
    platforms: tuple[str, ...] = ()
    since: str = "0.0.0"
    """First minikube release that has it."""
    minimum: Mapping[str, tuple[str, str]] | None = None
    """tool → (its minimum version, first minikube release that insists on it)."""


class Era(NamedTuple):
    """Flags of a range of minikube's releases; one era lasts until the next begins."""

    since: str
    driver_flag: str
    start_flags: tuple[str, ...] = ()
    """Always passed to `start`."""
    status_args: tuple[str, ...] = ("status",)
    bootstrappers: tuple[str, ...] = ()
    """Those that a profile may choose between; empty: the era leaves no choice."""
    update_context: bool = False
    """Whether `update-context` mends the file that KUBECONFIG names (before: ~/.kube/config)."""


class Catalogue:
    """Release data read once; look-ups are by exact version text (`1.9.3`, no leading v)."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """`data`: file name without ending → its parsed content."""
        self._data = data

    def artifact(self, tool: str, version: str, platform: str) -> Artifact | None:
        """The file of that release for that platform, when a digest of it is shipped."""
        entry = self._releases(tool).get(version)
        if entry is None or platform not in entry.get("sha256", {}):
            return None
        defaults = self._data[tool]
        system, arch = platform.split("/")
        template: str = entry.get("url", defaults["url"])
        return Artifact(
            tool=tool,
            version=version,
            platform=platform,
            url=template.format(version=version, system=system, arch=arch),
            sha256=entry["sha256"][platform],
            origin=entry.get("origin", defaults.get("origin", "")),
            size=entry.get("size", {}).get(platform),
            member=entry.get("member", "").format(system=system, arch=arch),
        )

    def versions(self, tool: str) -> tuple[Version, ...]:
        """Every release of the tool that the catalogue names, highest first."""
        found = (parse_version(text) for text in self._releases(tool))
        return tuple(sorted(found, reverse=True))

    def kubernetes_range(self, minikube: str) -> KubernetesRange | None:
        """What that minikube release does with Kubernetes versions; None: release not known."""
        entry = self._releases("minikube").get(minikube)
        if entry is None or "kubernetes" not in entry:
            return None
        return KubernetesRange(
            default=entry["kubernetes"],
            oldest=entry.get("oldest"),
            newest=entry.get("newest"),
            offered=tuple(entry.get("localkube", ())),
        )

    @cached_property
    def drivers(self) -> Mapping[str, Driver]:
        return {name: _driver(name, entry) for name, entry in self._data["drivers"].items()}

    def era(self, minikube: Version) -> Era:
        """The era of that release; a release older than all eras gets the oldest."""
        eras = [_era(entry) for entry in self._data["minikube"]["eras"]]
        fitting = [each for each in eras if parse_version(each.since) <= minikube]
        return fitting[-1] if fitting else eras[0]

    def _releases(self, tool: str) -> Mapping[str, Any]:
        releases: Mapping[str, Any] = self._data.get(tool, {}).get("releases", {})
        return releases


def _driver(name: str, entry: Mapping[str, Any]) -> Driver:
    minimum = entry.get("minimum", {})
    return Driver(
        name=name,
        tools=tuple(entry.get("tools", ())),
        needs=tuple(entry.get("needs", ())),
        platforms=tuple(entry.get("platforms", ())),
        since=entry.get("since", "0.0.0"),
        minimum={tool: (pair[0], pair[1]) for tool, pair in minimum.items()},
    )


def _era(entry: Mapping[str, Any]) -> Era:
    return Era(
        since=entry["since"],
        driver_flag=entry["driver_flag"],
        start_flags=tuple(entry.get("start_flags", ())),
        status_args=tuple(entry["status_args"]),
        bootstrappers=tuple(entry.get("bootstrappers", ())),
        update_context=entry.get("update_context", False),
    )
