"""Locks between kboots: the kernel's only, so a dead holder holds nothing and none is stolen."""

import fcntl
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootstrap.core.values.masking import mask_word
from bootstrap.errors import Exit, KbootError, refused
from bootstrap.host.files import own

_POLL = 0.05
"""Seconds between two tries."""
_MOST = 64 * 1024
"""Bytes of holders' names that are read."""


@contextmanager
def hold(
    path: Path, *, timeout: float, waiting: Callable[[str], None], shared: bool = False
) -> Iterator[bool]:
    """Hold the lock `path` inside; True if it had to be waited for, so what was seen may be old.

    `shared`: beside others who share it, and beside nobody who does not. `timeout` is in seconds.
    `waiting` is called at most once, with who holds the lock. kboot never deletes the file:
    somebody may be waiting on it. Where somebody else did, the lock of the new one is waited for.
    Raises KbootError: 42 after `timeout`, 40, 41 or 43 when the file cannot be opened or its file
    system has no locks.
    """
    deadline = time.monotonic() + timeout
    descriptor, waited = _open(path), False
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        waited = _acquire(descriptor, path, kind, deadline, waiting)
        while not _is(descriptor, path):
            os.close(descriptor)
            descriptor = _open(path)
            again = (lambda holder: None) if waited else waiting
            waited |= _acquire(descriptor, path, kind, deadline, again)
        _say_who(descriptor, shared=shared)
        try:
            yield waited
        finally:
            _leave(descriptor)
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether somebody alive holds the lock. One that cannot be looked at counts as held."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        return not _try(descriptor, fcntl.LOCK_EX)
    except OSError:
        return True
    finally:
        os.close(descriptor)


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Mark a folder as in use, for as long as this process lives."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with suppress(OSError):  # a network's file system may lock no folders
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def is_at_work(folder: Path) -> bool:
    """Whether a process that marked the folder lives."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _is(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def _open(path: Path) -> int:
    try:
        own.make(path.parent)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        return os.open(path, flags, 0o600)
    except OSError as error:
        failure = refused(error, f"kboot cannot open its lock {path}", str(path))
        if failure.code is Exit.PERMISSION:
            failure.next = "set XDG_DATA_HOME and XDG_STATE_HOME to folders that you may write to"
        raise failure from error


def _acquire(
    descriptor: int, path: Path, kind: int, deadline: float, waiting: Callable[[str], None]
) -> bool:
    began = time.monotonic()
    tries = 0
    try:
        while not _try(descriptor, kind):
            tries += 1
            if time.monotonic() >= deadline:
                raise _timed_out(path, round(time.monotonic() - began, 1), _holder(descriptor))
            if tries == 2:  # one pause later: a holder that just got it has said who it is by now
                waiting(_holder(descriptor))
            time.sleep(min(_POLL, max(0.0, deadline - time.monotonic())))
    except OSError as error:  # network disks without a lock service
        raise refused(error, f"kboot cannot hold its lock {path}", str(path)) from error
    return tries > 0


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _say_who(descriptor: int, *, shared: bool) -> None:
    """A line for each holder. On a full disk nobody can be told who, and that stops nothing."""
    command = shlex.join(["kboot", *map(mask_word, sys.argv[1:])])
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    told = {"pid": os.getpid(), "command": command[:200], "since": since}
    with suppress(OSError):
        if not shared:
            os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(told).encode() + b"\n")


def _leave(descriptor: int) -> None:
    """Whoever goes last takes the holders' names away."""
    with suppress(OSError):
        if _try(descriptor, fcntl.LOCK_EX):
            os.ftruncate(descriptor, 0)
        # Not left to close: a child that was forked but not yet exec'd shares the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _holder(descriptor: int) -> str:
    """Of several the last that is alive, as far as that can be seen."""
    try:
        lines = os.pread(descriptor, _MOST, 0).splitlines()
    except OSError:
        lines = []
    told = [each for line in reversed(lines) if (each := _told(line))]
    alive = (each for each in told if _lives(each[0]))
    return next(alive, told[0] if told else (0, "another kboot"))[1]


def _told(line: bytes) -> tuple[int, str] | None:
    try:
        told = json.loads(line)
        pid = int(told["pid"])
        return pid, f"`{told['command']}` (process {pid}, since {told['since']})"
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _timed_out(path: Path, timeout: float, holder: str) -> KbootError:
    return KbootError(
        Exit.LOCK_TIMEOUT,
        f"another kboot holds the lock {path.name}",
        why=f"{holder} still has it after {timeout:g} s",
        state="this kboot changed nothing that the lock protects",
        next="wait until that one has ended, then type the same command again",
    )
