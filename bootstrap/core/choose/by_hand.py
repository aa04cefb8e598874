"""What a person can do about a tool that kboot does not install: words, with the exact address."""

from bootstrap.core.model.catalogue import ByHand, Catalogue
from bootstrap.core.model.profile import Requirement
from bootstrap.core.model.tool import Tool
from bootstrap.core.values.version import Version, find_version, parse_version


def by_hand(tool: Tool, wanted: Requirement | None, platform: str, catalogue: Catalogue) -> str:
    """The tool's own advice and, as far as the catalogue knows, where the wanted release is."""
    if wanted is None or tool.source != "package":
        return tool.by_hand
    release = _wanted(wanted, platform, catalogue)
    if release is not None:
        return f"{tool.by_hand}; {_told(release)}"
    nearest = _nearest(wanted, platform, catalogue)
    if nearest is None:
        return tool.by_hand
    return (
        f"{tool.by_hand}; kboot knows no address of {tool.name} {wanted.version} for {platform}, "
        f"the nearest that it knows: {_told(nearest)}"
    )


def _wanted(wanted: Requirement, platform: str, catalogue: Catalogue) -> ByHand | None:
    """The highest that the profile accepts, of those known."""
    known = catalogue.versions_by_hand(wanted.tool, platform)
    fitting = [each for each in known if wanted.constraint.accepts(each)]
    if fitting:
        return catalogue.by_hand(wanted.tool, fitting[0], platform)
    if wanted.constraint.is_exact:
        return catalogue.by_hand(wanted.tool, parse_version(wanted.version), platform)
    return None


def _nearest(wanted: Requirement, platform: str, catalogue: Catalogue) -> ByHand | None:
    """The lowest known release above the first version that the profile names, else the highest."""
    known = catalogue.versions_by_hand(wanted.tool, platform)
    if not known:
        return None
    named = find_version(wanted.version) or find_version(f"{wanted.version}.0") or Version((0,))
    above = [each for each in known if each >= named]
    return catalogue.by_hand(wanted.tool, above[-1] if above else known[0], platform)


def _told(release: ByHand) -> str:
    digest = f"sha256 {release.sha256}, {release.origin}" if release.sha256 else ""
    checksums = f"checksums: {release.checksums}" if release.checksums else ""
    about = (
        f"in it: {release.member}" if release.member else "",
        digest,
        checksums,
        "" if digest or checksums else "no digest of it is known",
    )
    return f"{release.version} is at {release.url} ({'; '.join(filter(None, about))})"
