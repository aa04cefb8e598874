"""Gates: the readiness checks of a cluster, their order and prerequisites."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Gate(NamedTuple):
    """`needs`: gates without which this one says nothing and is skipped."""

    id: str
    needs: tuple[str, ...] = ()


GATES = (
    Gate("api"),
    Gate("version", ("api",)),
    Gate("nodes", ("api",)),
    Gate("system", ("nodes",)),
    Gate("serviceaccount", ("api",)),
)
"""In the order in which they are passed. A gate that is not built is not in the table."""

GATE_IDS = tuple(each.id for each in GATES)


class GateStatus(StrEnum):
    """`unknown`: kboot may not look (403), so it cannot tell; it counts as not passed."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class GateResult:
    """`message`: what was seen; when not passed also `why`, in words, a reason id and a fix."""

    gate: str
    status: GateStatus
    message: str
    why: str = ""
    reason: str = ""
    fix: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.status is GateStatus.PASSED


def selected(names: tuple[str, ...]) -> tuple[Gate, ...]:
    """The gates of those names, with all that they need, in the table's order."""
    wanted = set(names)
    for gate in reversed(GATES):
        if gate.id in wanted:
            wanted.update(gate.needs)
    return tuple(gate for gate in GATES if gate.id in wanted)
