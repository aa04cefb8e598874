"""The one exception of kboot, and the exit codes with their string ids."""

import errno
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
    SYSTEM_REFUSES = 43
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


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
    *(errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTEMPTY, errno.ETXTBSY),
)
_OURS = (errno.EBADF, errno.EFAULT, errno.ENOTSOCK, None)
"""What only a program's own mistake brings forth; None: not the system's word at all."""

_ELSEWHERE = "set XDG_DATA_HOME, XDG_STATE_HOME and XDG_CACHE_HOME to folders on another disk"
_NO_LOCKS = "set XDG_STATE_HOME to a folder on a local disk: this file system has no locks"
_MENDING = {
    **dict.fromkeys(_FULL, f"free some space there (df -h), or {_ELSEWHERE}"),
    errno.EACCES: "make that place yours (ls -ld shows whose it is), then the same command again",
    errno.EPERM: "make that place yours (ls -ld shows whose it is), then the same command again",
    errno.EROFS: f"{_ELSEWHERE}, one that can be written to",
    errno.ENOTDIR: "move away the file that stands where a folder should, then the same again",
    errno.ELOOP: "remove the link that leads to itself (ls -l), then the same command again",
    errno.ENAMETOOLONG: "a shorter name for that place",
    errno.EMFILE: "ulimit -n 1024, then the same command again",
    errno.ENFILE: "end some programs (sysctl fs.file-nr), then the same command again",
    errno.ENOMEM: "end some programs (free -m), then the same command again",
    errno.EAGAIN: "end some programs (ulimit -u), then the same command again",
    errno.ENOLCK: _NO_LOCKS,
    errno.EOPNOTSUPP: _NO_LOCKS,
    errno.ENOSYS: _NO_LOCKS,
}


def class_of(error: OSError) -> Exit:
    """What the operating system's refusal means for the run."""
    if error.errno in _OURS:
        return Exit.BUG
    if error.errno in _FULL:
        return Exit.DISK_FULL
    return Exit.PERMISSION if error.errno in _FORBIDDEN else Exit.SYSTEM_REFUSES


def refused(error: OSError, what: str = "", place: str = "") -> KbootError:
    """The operating system's refusal, as a person can act on it; `state` is left to the caller.

    `what` could not be done; `place` is the path concerned where the error names none.
    """
    place = str(error.filename or place)
    said = error.strerror or str(error)
    return KbootError(
        class_of(error),
        what or "the operating system refuses what kboot needs",
        why=f"{place}: {said}" if place else said,
        next=_MENDING.get(error.errno or 0, "look at that place, then the same command again"),
    )
