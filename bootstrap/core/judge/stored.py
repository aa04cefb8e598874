"""Findings about the store: is each file still the one that was verified?"""

import shlex
from collections.abc import Iterable

from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.state import StoredPlace


def stored_findings(places: Iterable[StoredPlace]) -> tuple[Finding, ...]:
    """One for each place."""
    return tuple(map(_finding, places))


def _finding(place: StoredPlace) -> Finding:
    subject = place.name or place.path
    if not place.damage:
        return Finding(Group.TOOLS, subject, Status.OK, "as-verified", "as it was verified")
    status = Status.FAIL if place.name else Status.UNKNOWN
    reason = "differs" if place.differs else "not-believed" if place.name else "no-receipt"
    return Finding(
        Group.TOOLS,
        subject,
        status,
        reason,
        place.damage,
        detail=f"it is not run; it lies in {place.path}",
        fix="kboot up, with the profile that uses it, installs it again; if none does: "
        f"{shlex.join(('rm', '-r', place.path))}",
    )
