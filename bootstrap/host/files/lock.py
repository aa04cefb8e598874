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
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files import own

_POLL = 0.05
"""Seconds between two tries."""


@contextmanager
def hold(path: Path, *, timeout: float, waiting: Callable[[str], None]) -> Iterator[bool]:
    """Hold the lock `path` inside; True if it had to be waited for, so what was seen may be old.

    `timeout` is in seconds. `waiting` is called at most once, with who holds the lock.
    kboot never deletes the file: somebody may be waiting on it. Where somebody else did, the lock
    of the new one is waited for. Raises KbootError: 42 after `timeout`, 41 when the file cannot
    be opened.
    """
    deadline = time.monotonic() + timeout
    descriptor, waited = _open(path), False
    try:
        waited = _acquire(descriptor, path, deadline, waiting)
        while not _is(descriptor, path):
            os.close(descriptor)
            descriptor = _open(path)
            waited |= _acquire(descriptor, path, deadline, waiting)
        _write(descriptor, _describe_self())
        try:
            yield waited
        finally:
            _write(descriptor, "")
            # Not left to close: a child that was forked but not yet exec'd shares the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether somebody alive holds the lock. One that cannot be looked at counts as held."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        return not _try(descriptor)
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
        return not _try(descriptor)
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
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise KbootError(
            Exit.PERMISSION,
            f"kboot cannot open its lock {path}",
            why=error.strerror or str(error),
            next="set XDG_DATA_HOME and XDG_STATE_HOME to folders that you may write to",
        ) from error


def _acquire(descriptor: int, path: Path, deadline: float, waiting: Callable[[str], None]) -> bool:
    began = time.monotonic()
    tries = 0
    while not _try(descriptor):
        tries += 1
        if time.monotonic() >= deadline:
            raise _timed_out(path, round(time.monotonic() - began, 1), _holder(descriptor))
        if tries == 2:  # one pause later: a holder that just got it has said who it is by now
            waiting(_holder(descriptor))
        time.sleep(min(_POLL, max(0.0, deadline - time.monotonic())))
    return tries > 0


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _describe_self() -> str:
    command = shlex.join(["kboot", *map(mask_word, sys.argv[1:])])
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return json.dumps({"pid": os.getpid(), "command": command[:200], "since": since})


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return f"`{told['command']}` (process {told['pid']}, since {told['since']})"
    except (ValueError, KeyError, TypeError):
        return "another kboot"


def _timed_out(path: Path, timeout: float, holder: str) -> KbootError:
    return KbootError(
        Exit.LOCK_TIMEOUT,
        f"another kboot holds the lock {path.name}",
        why=f"{holder} still has it after {timeout:g} s",
        state="this kboot changed nothing that the lock protects",
        next="wait until that one has ended, then type the same command again",
    )
