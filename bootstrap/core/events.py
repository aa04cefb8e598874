"""What happens while kboot works: one type for progress on the screen and for files."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Happening(StrEnum):
    STEP_STARTED = "step-started"
    STEP_DONE = "step-done"
    STEP_FAILED = "step-failed"
    DOWNLOAD = "download"
    OUTPUT = "output"
    WAITING = "waiting"
    GATE_STARTED = "gate-started"
    GATE_PASSED = "gate-passed"
    GATE_FAILED = "gate-failed"
    GATE_SKIPPED = "gate-skipped"


@dataclass(frozen=True)
class Event:
    """`done` and `total` are bytes of a download; `seconds` how long the subject took so far."""

    happening: Happening
    subject: str
    message: str = ""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None


Emit = Callable[[Event], None]
"""Must not raise and must not block: it is called from worker threads too."""
