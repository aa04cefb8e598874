"""What a run found and proved, as data."""

from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import GATE_IDS, GateResult, GateStatus
from bootstrap.core.model.step import StopCluster
from bootstrap.core.plan.up import Plan
from bootstrap.errors import Exit

STEP = StopCluster("work", "1.38.1", "asked for")
PASSED = tuple(GateResult(gate, GateStatus.PASSED, "") for gate in GATE_IDS)


def found(status: Status, reason: str = "x", blocks: Exit | None = None) -> Finding:
    return Finding(Group.TOOLS, "kubectl", status, reason, "seen", fix="mend it", blocks=blocks)


def blocked(*codes: Exit) -> Plan:
    return Plan((STEP,), tuple(found(Status.FAIL, blocks=code) for code in codes))


def gates(status: GateStatus) -> tuple[GateResult, ...]:
    """All passed but the last."""
    return (*PASSED[:-1], GateResult(GATE_IDS[-1], status, "seen"))
