"""The note of a `minikube start` under way, which outlives a kboot that was killed.

The program itself writes it, between fork and exec, so that no moment is left in which it runs
unknown. A lock that it would hold is no way: a machine's own process, which it leaves behind on
purpose, would inherit the lock and keep it for as long as the machine runs.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bootstrap.errors import Exit, KbootError
from bootstrap.host.files import own

_LOOK_AGAIN = 0.1
_TELL_AGAIN = 20.0


class Underway(NamedTuple):
    """Whose note it is. `start` tells processes with the same number apart, where /proc does."""

    pid: int
    start: str
    since: str


def note(path: Path) -> None:
    """Write this very process into `path`. What cannot be written must not stop the program."""
    pid = os.getpid()
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    with suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            json.dump(Underway(pid, _start(pid), since)._asdict(), file)


def settle(path: Path, *, timeout: float, waiting: Callable[[str], None]) -> str:
    """Wait until the program that `path` tells of has ended; since when it had run.

    Empty: there was no note. `waiting` is called where it still runs, and again every 20 s. The
    note is gone afterwards. Raises KbootError (42) when it still runs after `timeout` seconds.
    """
    found = _read(path)
    if found is None:
        return ""
    deadline = time.monotonic() + timeout
    tell_at = 0.0
    while _runs(found):
        if time.monotonic() >= tell_at:
            waiting(f"the minikube that a killed kboot left at work (process {found.pid})")
            tell_at = time.monotonic() + _TELL_AGAIN
        if time.monotonic() >= deadline:
            raise _still_runs(found, timeout)
        time.sleep(_LOOK_AGAIN)
    path.unlink(missing_ok=True)
    return found.since


def _read(path: Path) -> Underway | None:
    try:
        told = json.loads(own.read(path))
        return Underway(int(told["pid"]), str(told["start"]), str(told["since"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        # Cut off while it was written: that program never began.
        return Underway(0, "", "a time that is not known")


def _runs(found: Underway) -> bool:
    """Without /proc (macOS) the number alone tells, if it leads a group, as ours do."""
    if found.pid <= 0:
        return False
    if found.start:
        return _start(found.pid) == found.start
    try:
        return os.getpgid(found.pid) == found.pid
    except (OSError, OverflowError):
        return False


def _start(pid: int) -> str:
    """Field 22 of /proc/PID/stat: ticks since the boot. Empty: it has ended, or no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if len(fields) < 20 or fields[0] in "ZX" else fields[19]


def _still_runs(found: Underway, timeout: float) -> KbootError:
    return KbootError(
        Exit.LOCK_TIMEOUT,
        "a minikube that a killed kboot left at work does not end",
        why=f"process {found.pid}, begun {found.since}, still runs after {timeout:g} s",
        state="this kboot changed nothing",
        next=f"kill -TERM -{found.pid}, then the same command again",
    )
