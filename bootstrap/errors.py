"""The one exception of kboot, and the exit codes with their string ids."""

from collections.abc import Sequence
from enum import IntEnum


class Exit(IntEnum):
    """What the process's exit code means; `id` is the stable name used in JSON and docs."""

    CONVERGED = 0
    NOT_CONVERGED = 1
    USAGE = 2
    PROFILE_INVALID = 10
    POLICY_DENIES = 13
    NETWORK_UNREACHABLE = 20
    SERVER_ERROR = 21
    OFFLINE_MISSING = 22
    INTEGRITY = 30
    UNSAFE_ARCHIVE = 32
    DISK_FULL = 40
    PERMISSION = 41
    LOCK_TIMEOUT = 42
    NEEDS_PRIVILEGE = 50
    NOT_OFFERED = 51
    HOST_UNFIT = 60
    TOOL_FAILED = 70
    TOOL_TIMED_OUT = 71
    TOOL_NOT_UNDERSTOOD = 72
    CLUSTER_NOT_READY = 73
    CONFLICT = 74
    BUG = 80
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def id(self) -> str:
        return self.name.lower().replace("_", "-")


class KbootError(Exception):
    """kboot cannot go on. Four parts: what happened, why, the state now, what to type next.

    `state` must be true at the moment of raising; whoever knows more on the way up (the engine
    knows which steps are done) fills it in with `with_state` where it is empty. `reason` is the
    stable name of a tool's failure that kboot knows (`provider.minikube.reasons`). `instead`: for
    a person, what else can be had here.
    """

    instead = ""

    def __init__(
        self,
        code: Exit,
        what: str,
        *,
        why: str = "",
        state: str = "",
        next: str = "",
        items: Sequence[str] = (),
        reason: str = "",
    ) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.why = why
        self.state = state
        self.next = next
        self.items = tuple(items)
        self.reason = reason

    def with_state(self, state: str) -> "KbootError":
        """Fill in what state things are in now, unless the raiser already said it."""
        self.state = self.state or state
        return self

    def as_dict(self) -> dict[str, object]:
        return {
            "code": int(self.code),
            "id": self.code.id,
            "what": self.what,
            "why": self.why,
            "state": self.state,
            "next": self.next,
            "items": list(self.items),
            "reason": self.reason,
        }
