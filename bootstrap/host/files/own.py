"""kboot's own folders and files: no link leads to one, and nobody else may write there."""

import os
import pwd
import stat
from contextlib import suppress
from errno import EINVAL, ELOOP, EPERM
from pathlib import Path

_SMALL = 1 << 20
"""Bytes: what kboot writes for itself is shorter."""
_NOBODY = 65534
_A_LINK = "it is a link, and kboot follows none to what is its own"


def sweep(folder: Path) -> None:
    """Remove what killed runs left half written. The caller knows that no other is at it."""
    for left in folder.glob("*.tmp"):
        with suppress(OSError):
            left.unlink()


class Anothers(PermissionError):
    """What is there could be another user's: it is not used."""

    def __init__(self, why: str, path: Path) -> None:
        super().__init__(EPERM, why, str(path))


def make(folder: Path, mode: int = 0o700) -> None:
    """With what is missing above it; `Path.mkdir` makes that as the umask lets it, 0777 under 0.

    Raises OSError, also where it is a link or another user's.
    """
    if not folder.parent.is_dir():
        make(folder.parent, mode)
    with suppress(FileExistsError):
        folder.mkdir(mode)
    if why := trouble(folder):
        raise Anothers(why, folder)


def trouble(path: Path) -> str:
    """Why kboot does not use `path` as its own. Empty: it does, or nothing is there."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return _A_LINK if stat.S_ISLNK(status.st_mode) else others_write(status)


def others_write(status: os.stat_result, *, sticky: bool = False) -> str:
    """Who but this user and root may change it; empty: nobody, or a group on purpose.

    `sticky`: of a folder in which nobody can replace what is another's, as in /tmp, that is well.
    """
    if status.st_uid not in (0, os.geteuid()):
        return f"it belongs to {name_of(status.st_uid)}"
    redeemed = sticky and status.st_mode & stat.S_ISVTX
    return "everybody may write to it" if status.st_mode & stat.S_IWOTH and not redeemed else ""


def way_trouble(path: Path) -> tuple[Path, str]:
    """The folder on the way to `path` in which others could replace it, and why.

    Links on the way are the person's: a HOME or a `.cache` may stand on another disk.
    """
    real = Path(os.path.realpath(path.parent))
    for folder in (real, *real.parents):
        try:
            status = folder.stat()
        except OSError:
            continue  # to be made, or to be failed at
        why = others_write(status, sticky=True)
        if why and not _is_unmapped(status.st_uid):
            return folder, why
    return path, ""


def _is_unmapped(uid: int) -> bool:
    """In a user namespace, as of a rootless container, the machine's root is shown as nobody."""
    if uid != _NOBODY:
        return False
    try:
        first = Path("/proc/self/uid_map").read_text(encoding="ascii").split()[:3]
    except OSError:
        return False
    return first != ["0", "0", "4294967295"]


def open_file(path: Path) -> int:
    """A regular file to read, no link, of this user's or root's. Raises OSError.

    Not blocking: a FIFO in its place would be waited for without end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(EINVAL, "it is not a regular file", str(path))
        if why := others_write(status):
            raise Anothers(why, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read(path: Path) -> str:
    """The text of a small file of kboot's own. Raises OSError as `open_file`, ValueError."""
    with os.fdopen(open_file(path), "rb") as file:
        content = file.read(_SMALL + 1)
    if len(content) > _SMALL:
        raise ValueError(f"it is longer than {_SMALL:,} bytes")
    return content.decode()


def reason(error: Exception) -> str:
    """What `open_file` and `read` raised, in words."""
    if isinstance(error, OSError):
        return _A_LINK if error.errno == ELOOP else error.strerror or str(error)
    return str(error)


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
