"""Writing that survives a power cut, and what to say when the disk refuses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bootstrap.errors import Exit, KbootError, class_of, refused


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
    return KbootError(
        Exit.DISK_FULL,
        f"the disk is too full for {subject}",
        why=f"{wanted}, {_left_at(folder)}",
        next="free some space there, or set XDG_DATA_HOME to a folder on a larger disk",
    )


def _left_at(folder: Path) -> str:
    disk = next(each for each in (folder, *folder.parents) if os.path.ismount(each))
    try:
        return f"{free_bytes(folder):,} bytes are free on {disk}"
    except OSError as error:
        return f"and how many are free on {disk} cannot be told: {error.strerror}"


@contextmanager
def disk_errors(folder: Path, subject: str, needed: int | None = None) -> Iterator[None]:
    """What the disk refuses inside becomes KbootError: 40 full, 41 not allowed, 43 broken.

    `needed` is in bytes.
    """
    try:
        yield
    except OSError as error:
        code = class_of(error)
        if code is Exit.DISK_FULL:
            raise disk_full(folder, needed, subject) from error
        failure = refused(error, f"kboot cannot write {subject}", str(folder))
        if code is Exit.PERMISSION:
            failure.next = (
                "make that place writable for you, or set XDG_DATA_HOME and XDG_STATE_HOME"
            )
        raise failure from error
