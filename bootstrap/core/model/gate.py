"""Gates: the readiness checks of a cluster, their order and prerequisites; what they proved."""

from enum import StrEnum
from typing import NamedTuple


class Gate(NamedTuple):
    """`needs`: gates without which this one says nothing and is skipped."""

    id: str
    needs: tuple[str, ...] = ()
    live: bool = True
    """Passed anew by every run. The others may be proven by an earlier one (`result.proof`)."""


GATES = (
    Gate("api"),
    Gate("version", ("api",)),
    Gate("nodes", ("api",)),
    Gate("system", ("nodes",)),
    Gate("serviceaccount", ("api",)),
    Gate("dns", ("system", "serviceaccount"), live=False),
    Gate("storage", ("nodes", "serviceaccount"), live=False),
    Gate("smoke", ("dns", "storage"), live=False),
    Gate("kubectl", ("api",), live=False),
    Gate("build", ("nodes", "serviceaccount"), live=False),
)
"""In the order in which they are passed. A gate that is not built is not in the table."""

GATE_IDS = tuple(each.id for each in GATES)
WITH_PODS = ("dns", "storage", "build")
"""The gates that start pods; `smoke` needs two of them."""
LIVE_GATES = tuple(each for each in GATES if each.live)


class GateStatus(StrEnum):
    """`unknown`: kboot may not look (403), or had no time to, so it cannot tell; it counts as not
    passed.

    `not-applicable`: there is nothing to prove here, as with images where no docker is declared.
    """

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not-applicable"


class GateResult(NamedTuple):
    """`message`: what was seen; when not passed also `why`, in words, a reason id and a fix."""

    gate: str
    status: GateStatus
    message: str
    why: str = ""
    reason: str = ""
    fix: str = ""
    seconds: float = 0.0
    proven_at: str = ""
    """When an earlier run found this out, RFC 3339 in UTC; empty: this one did."""

    @property
    def passed(self) -> bool:
        return self.status is GateStatus.PASSED

    @property
    def fine(self) -> bool:
        """It does not keep the cluster from being ready."""
        return self.passed or self.status is GateStatus.NOT_APPLICABLE


class Basis(NamedTuple):
    """What a proof is about. Any of it being another, the proof says nothing."""

    profile: str
    """Of what the profile asks for, not of how it is written."""
    identity: str
    """The cluster's: fingerprint of its CA and UID of kube-system."""
    server: str
    kubectl: str
    """The version that the profile's work will use; empty: there is none."""
    docker: str
    """As with kubectl; empty, too: its engine cannot be used."""


class Proof(NamedTuple):
    """What the gates said that are not passed by every run, all of them fine."""

    basis: Basis
    results: tuple[GateResult, ...]
    proven_at: str
    """RFC 3339 in UTC."""
    kboot: str


class Lack(NamedTuple):
    """There is no program to run.

    `fix`: what brings it, where the profile's work needs it: the gate fails. Empty: it does
    without, and there is nothing to prove.
    """

    why: str
    fix: str = ""


def selected(names: tuple[str, ...]) -> tuple[Gate, ...]:
    """The gates of those names, with all that they need, in the table's order."""
    wanted = set(names)
    for gate in reversed(GATES):
        if gate.id in wanted:
            wanted.update(gate.needs)
    return tuple(gate for gate in GATES if gate.id in wanted)


def parse_gates(text: str) -> tuple[str, ...]:
    """Of `dns,storage` or `all`. Raises ValueError for what is not a gate."""
    if text == "all":
        return GATE_IDS
    names = tuple(each.strip() for each in text.split(",") if each.strip())
    unknown = [each for each in names if each not in GATE_IDS]
    if unknown or not names:
        named = ", ".join(repr(each) for each in unknown) or "nothing"
        raise ValueError(f"{named}: the gates are {', '.join(GATE_IDS)}, or all")
    return names
