"""The shape of release data: artifacts with their digests, eras, support ranges, drivers.

The data themselves stand in `bootstrap/catalogue/*.toml`, one file per tool plus `drivers.toml`;
`host.files.catalogue` reads them. Nothing replaces them: no flag, variable or file.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from bootstrap.core.model.driver import Driver, driver_of
from bootstrap.core.values.version import Version, parse_version

TRUST_LEVELS = ("catalogue", "publisher", "first-seen")
"""From strongest to weakest: digest shipped with kboot, checksum file over TLS, lock file."""

_LEVELS = {
    "catalogue": "digest shipped with kboot",
    "publisher": "checksum file of the publisher, over TLS",
}


class Artifact(NamedTuple):
    """One downloadable file of one version for one platform."""

    tool: str
    version: str
    platform: str
    url: str
    sha256: str
    """Empty at level `publisher` until its checksum file was fetched."""
    origin: str
    """Where the digest is from, in words."""
    size: int | None = None
    """Bytes; None where the catalogue does not know."""
    member: str = ""
    """For an archive: the one regular member that is the tool. Empty: the file is the tool."""
    trust: str = "catalogue"
    checksum_url: str = ""
    """The publisher's checksum file; empty at level `catalogue`."""
    algorithm: str = "sha256"
    """Of the checksum file: `sha256` or `sha512`. SHA-1 and MD5 never suffice."""
    sha512: str = ""
    """Where the checksum file has that one: the file must have it, whatever its sha256 is."""

    @property
    def digest(self) -> str:
        """What the file must have, in hex; empty where it is not known yet."""
        return self.sha512 or self.sha256

    @property
    def in_words(self) -> str:
        """How far it is verified, for people."""
        return _LEVELS[self.trust]


class ByHand(NamedTuple):
    """Where a person finds a release of which kboot installs nothing itself."""

    version: str
    """As its publisher names it: 18.02.0-ce."""
    url: str
    """Of the file, or of the folder that holds it where its name is not known (ends with /)."""
    sha256: str = ""
    """Empty: none is known."""
    origin: str = ""
    """Of the digest, in words."""
    member: str = ""
    """For an archive: the tool in it."""
    checksums: str = ""
    """The publisher's list of SHA-256 digests; empty: it has none."""


class KubernetesRange(NamedTuple):
    """What one minikube release starts by default, and what it accepts. None: not checked by it."""

    default: str
    oldest: str | None = None
    newest: str | None = None
    offered: tuple[str, ...] = ()
    """With the localkube bootstrapper: the only versions of the default's minor that existed."""


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
        self._by_hand: dict[str, Mapping[Version, Mapping[str, Any]]] = {}

    def artifact(self, tool: str, version: str, platform: str) -> Artifact | None:
        """That release's file for that platform, at the strongest level that it can be had at.

        A version that the catalogue does not list has one where a checksum rule covers it. None:
        no such file, or none that more than SHA-1 or MD5 vouch for.
        """
        defaults = self._data.get(tool, {})
        entry = self._releases(tool).get(version, {})
        sha256 = entry.get("sha256", {}).get(platform, "")
        rule = None if sha256 else self._checksum_rule(tool, version, platform)
        if not sha256 and rule is None:
            return None
        system, arch = platform.split("/")
        template: str = entry.get("url", defaults["url"])
        artifact = Artifact(
            tool=tool,
            version=version,
            platform=platform,
            url=template.format(version=version, system=system, arch=arch),
            sha256=sha256,
            origin=entry.get("origin", defaults.get("origin", "")),
            size=entry.get("size", {}).get(platform),
            member=entry.get("member", "").format(system=system, arch=arch),
        )
        return artifact if rule is None else _by_checksum_file(artifact, rule)

    def shipped(self, tool: str, version: str, platform: str) -> tuple[str, str]:
        """The SHA-256 that kboot ships of that release's file, and the member to take from it.

        Both empty: it ships none.
        """
        entry = self._releases(tool).get(version, {})
        sha256: str = entry.get("sha256", {}).get(platform, "")
        system, _, arch = platform.partition("/")
        return sha256, entry.get("member", "").format(system=system, arch=arch) if sha256 else ""

    def first_release(self, tool: str, platform: str) -> str | None:
        """The first release that was published for that platform; None: none ever was."""
        first: str | None = self._data.get(tool, {}).get("platforms", {}).get(platform)
        return first

    def begins_with(self, tool: str) -> str | None:
        """The oldest release that the catalogue covers. There may be older ones."""
        firsts: list[str] = list(self._data.get(tool, {}).get("platforms", {}).values())
        return min(firsts, key=parse_version, default=None)

    def _checksum_rule(self, tool: str, version: str, platform: str) -> Mapping[str, str] | None:
        """What checksum file the publisher put beside that file, where it is strong enough."""
        first = self.first_release(tool, platform)
        wanted = parse_version(version)
        if first is None or wanted < parse_version(first):
            return None
        rules: list[Mapping[str, str]] = self._data[tool].get("checksums", [])
        fitting = [rule for rule in rules if parse_version(rule["since"]) <= wanted]
        return fitting[-1] if fitting else None

    def versions(self, tool: str) -> tuple[Version, ...]:
        """Every release of the tool that the catalogue names, highest first."""
        found = (parse_version(text) for text in self._releases(tool))
        return tuple(sorted(found, reverse=True))

    def by_hand(self, tool: str, version: Version, platform: str) -> ByHand | None:
        """Where that release is for that platform; None: the catalogue does not know."""
        rules = self._data.get(tool, {}).get("by_hand", {})
        entry = self._listed_by_hand(tool).get(version, {})
        places = (entry.get(key, ()) for key in ("files", "sha256", "platforms"))
        if not any(platform in each for each in places):
            first = rules.get("since", {}).get(platform)
            if first is None or version < parse_version(first):
                return None
            entry = {}
        name = entry.get("name", str(version))
        words = {
            "version": version,
            "name": name,
            "channel": entry.get("channel", rules.get("channel")),
            "machine": rules.get("machine", {}).get(platform),
        }
        file = entry.get("files", {}).get(platform, rules.get("file", ""))
        sha256 = entry.get("sha256", {}).get(platform, "")
        return ByHand(
            version=name,
            url=(rules["folder"] + file).format(**words),
            sha256=sha256,
            origin=entry.get("origin", rules.get("origin", "")) if sha256 else "",
            member=rules.get("member", ""),
            checksums=rules.get("checksums", "").format(**words),
        )

    def versions_by_hand(self, tool: str, platform: str) -> tuple[Version, ...]:
        """The releases by name of which `by_hand` knows for that platform, highest first."""
        listed = self._listed_by_hand(tool)
        there = (each for each in listed if self.by_hand(tool, each, platform))
        return tuple(sorted(there, reverse=True))

    def _listed_by_hand(self, tool: str) -> Mapping[Version, Mapping[str, Any]]:
        if tool not in self._by_hand:
            releases = self._data.get(tool, {}).get("by_hand", {}).get("releases", {})
            self._by_hand[tool] = {parse_version(text): each for text, each in releases.items()}
        return self._by_hand[tool]

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

    @property
    def gate_image(self) -> str:
        """What the gates that use the cluster run in pods, unless the person names another."""
        image: str = self._data["gates"]["image"]
        return image

    @cached_property
    def drivers(self) -> Mapping[str, Driver]:
        return {name: driver_of(name, entry) for name, entry in self._data["drivers"].items()}

    @cached_property
    def first_driven(self) -> Version:
        """The oldest minikube whose command lines are known: none older makes a cluster."""
        return parse_version(self._data["minikube"]["eras"][0]["since"])

    def era(self, minikube: Version) -> Era:
        """The era of that release; a release older than all eras gets the oldest."""
        eras = [_era(entry) for entry in self._data["minikube"]["eras"]]
        fitting = [each for each in eras if parse_version(each.since) <= minikube]
        return fitting[-1] if fitting else eras[0]

    def _releases(self, tool: str) -> Mapping[str, Any]:
        releases: Mapping[str, Any] = self._data.get(tool, {}).get("releases", {})
        return releases


def _by_checksum_file(artifact: Artifact, rule: Mapping[str, str]) -> Artifact:
    return artifact._replace(
        origin="the publisher's checksum file, over TLS",
        trust="publisher",
        checksum_url=artifact.url + rule["suffix"],
        algorithm=rule["algorithm"],
        size=None,
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
