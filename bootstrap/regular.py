"""Files as this user may see them; only regular ones are read, and no more than a limit."""

import errno
import os
import stat
from pathlib import Path

LIMIT = 16 << 20
"""Bytes. All that kboot reads as a whole is text of some kilobytes."""
_CHUNK = 1 << 16


def read_regular(path: Path | str, limit: int = LIMIT) -> bytes:
    """The whole content; of `/dev/null`, which people name for "none", nothing.

    Never waits: a FIFO has no content, and a device may have no end. Raises OSError as the system
    does, for what is no regular file, and for one of more than `limit` bytes.
    """
    descriptor = open_regular(path)
    try:
        content = bytearray()
        while len(content) <= limit and (chunk := os.read(descriptor, _CHUNK)):
            content += chunk
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 10} KiB", str(path))
    return bytes(content)


def open_regular(path: Path | str, more: int = 0) -> int:
    """A descriptor for reading; `more` flags of os.open. Raises OSError as `read_regular`."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | more
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) and not _is_null(status):
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            raise PermissionError(errno.EPERM, "it is not a regular file", str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_there(path: Path | str) -> bool:
    """Unlike Path.exists, of a folder that may not be entered: nothing that could be used."""
    return _mode(path) is not None


def is_file(path: Path | str) -> bool:
    return stat.S_ISREG(_mode(path) or 0)


def is_folder(path: Path | str) -> bool:
    return stat.S_ISDIR(_mode(path) or 0)


def _mode(path: Path | str) -> int | None:
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return None


def _is_null(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and os.path.samestat(status, Path(os.devnull).stat())
