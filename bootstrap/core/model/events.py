"""What happens while kboot works: one type for progress on the screen and for files."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

LONG_WAIT = 3.0
"""Seconds after which waiting is worth a line that stays, and is told again."""


class Happening(StrEnum):
    """The names stand in files of events (docs/events.md) and do not change."""

    RUN_STARTED = "run-started"
    RUN_ENDED = "run-ended"
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


class Event(NamedTuple):
    """`done` and `total` are bytes of a download; `seconds` how long the subject took so far.

    `reason`: of a gate that did not pass its reason id, of a step that failed the exit code's id.
    """

    happening: Happening
    subject: str
    message: str = ""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None
    reason: str = ""


Emit = Callable[[Event], None]
"""Must not raise and must not block: it is called from worker threads too."""
