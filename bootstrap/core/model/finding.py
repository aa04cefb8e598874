"""One judgement about the machine."""

from enum import StrEnum
from typing import NamedTuple

from bootstrap.errors import Exit


class Status(StrEnum):
    """`drift` is mended by a step of the plan; `unknown` counts as not ok everywhere."""

    OK = "ok"
    DRIFT = "drift"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Group(StrEnum):
    TOOLS = "tools"
    HOST = "host"
    CLUSTER = "cluster"


class Finding(NamedTuple):
    """`message` is what is true, `wanted` what the profile says, `detail` why it matters.

    A finding that is not ok has a `fix` (what to type or do) or says in `no_fix` why there is none.
    """

    group: Group
    subject: str
    status: Status
    reason: str
    message: str
    wanted: str = ""
    detail: str = ""
    items: tuple[str, ...] = ()
    """What it is about, where that is more than one thing: a line each."""
    fix: str = ""
    no_fix: str = ""
    blocks: Exit | None = None
    """The exit code of a plan that this finding forbids to carry out."""
    blocks_tools: bool = False
    """True: it also forbids `--tools-only`, which leaves the cluster alone."""

    @property
    def is_problem(self) -> bool:
        return self.status in (Status.FAIL, Status.UNKNOWN)
