"""Writing that survives a power cut, and what to say when the disk refuses."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bootstrap.errors import Exit, KbootError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def create(path: Path) -> BinaryIO:
    """A new file, open for writing, that only this user can read and nobody can execute.

    Raises OSError when anything, also a link, is there already.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def write_text(path: Path, text: str) -> None:
    """A new file whose content is on the disk when this returns."""
    with create(path) as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def allow_execution(path: Path) -> None:
    """Mode 0555, on the disk when this returns. Only for a file that was verified."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fchmod(descriptor, 0o555)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(*folders: Path) -> None:
    """The folders' entries (what was created, renamed or removed) are on the disk afterwards."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def require_room(folder: Path, needed: int, subject: str) -> None:
    """Raises KbootError (40) when `needed` bytes do not fit, before the first is written."""
    if free_bytes(folder) < needed:
        raise disk_full(folder, needed, subject)


def free_bytes(folder: Path) -> int:
    """Bytes that an ordinary user may still write there."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def disk_full(folder: Path, needed: int | None, subject: str) -> KbootError:
    wanted = f"{needed:,} bytes are needed" if needed is not None else "its size is not known"
    disk = next(each for each in (folder, *folder.parents) if each.is_mount())
    return KbootError(
        Exit.DISK_FULL,
        f"the disk is too full for {subject}",
        why=f"{wanted}, {free_bytes(folder):,} bytes are free on {disk}",
        next="free some space there, or set XDG_DATA_HOME to a folder on a larger disk",
    )


@contextmanager
def disk_errors(folder: Path, subject: str, needed: int | None = None) -> Iterator[None]:
    """What the disk refuses inside becomes KbootError: 40 full, 41 not allowed or broken.

    `folder` must exist. `needed` is in bytes.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(folder, needed, subject) from error
        raise KbootError(
            Exit.PERMISSION,
            f"kboot cannot write {subject}",
            why=f"{error.filename or folder}: {error.strerror or error}",
            next="make that place writable for you, or set XDG_DATA_HOME and XDG_STATE_HOME",
        ) from error
