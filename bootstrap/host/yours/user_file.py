"""Replace a file that is not kboot's: the person's, behind its links, in one rename.

The new one has its rights, or it is left alone.

Raises KbootError with `state` left to the caller; the file is then as it was, whole.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootstrap.errors import Exit, KbootError, refused
from bootstrap.host.files import own
from bootstrap.host.files.places import Places
from bootstrap.host.yours.backups import keep
from bootstrap.host.yours.kubeconfigs import LOCK_MODE, fingerprint, left_by_kboot, lock_of
from bootstrap.host.yours.rights import make_like, not_to_keep
from bootstrap.kubeconfig.private import content_of
from bootstrap.regular import is_file, is_folder, is_there

LOCK_SECONDS = 10.0
"""`kubectl config` holds its lock for milliseconds."""
_POLL = 0.02


class Changed(Exception):
    """Somebody wrote the file since it was read."""


def refusal(file: Path) -> str:
    """Why kboot must not or cannot replace the file; empty when it can."""
    real = Path(os.path.realpath(file))
    try:
        status = real.stat()
    except FileNotFoundError:
        return _no_folder(real, linked=real != file and file.is_symlink())
    except OSError as error:
        return f"{file}: {error.strerror}"
    if not is_file(real):
        return f"{file} is not a file"
    if status.st_uid != os.geteuid():
        return f"{real} belongs to another user"
    if not status.st_mode & 0o200 or not os.access(real, os.W_OK):
        return f"{real} is read-only"
    if not os.access(real, os.R_OK):
        return f"{real} cannot be read by you"
    if not os.access(real.parent, os.W_OK | os.X_OK):
        return f"{real.parent} is read-only for you"
    try:
        return not_to_keep(real, status)
    except OSError as error:
        return f"{real}: {error.strerror}"


def read(file: Path) -> tuple[bytes, list[int] | None]:
    """Content and fingerprint; empty and None where there is no file. Raises OSError."""
    before = fingerprint(file)
    try:
        content = content_of(file)
    except FileNotFoundError:
        return b"", None
    return content, before


def replace(file: Path, seen: list[int] | None, content: bytes, places: Places) -> None:
    """Write `content`, if the file is as `seen`; what was there is kept under `places.backups`.

    The caller holds kboot's own lock of kubeconfigs. client-go's lock is held for the last look
    and the rename only, so that a kill can hardly leave it behind. Raises Changed.
    """
    why = refusal(file)
    if why:
        raise _cannot(file, why)
    real = Path(os.path.realpath(file))
    try:
        if not file.is_symlink() and not real.parent.is_dir():
            own.make(real.parent)
        keep(real, places)
        temporary = _written(real, content)
        try:
            with _locked(file):
                if fingerprint(file) != seen:
                    raise Changed
                temporary.replace(real)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(real.parent)
    except OSError as error:
        raise refused(error, f"kboot cannot write {file}", str(real)) from error


def _no_folder(real: Path, *, linked: bool) -> str:
    if linked and not is_folder(real.parent):
        return f"it is a link to {real}, whose folder does not exist"
    there = next(each for each in real.parents if is_there(each))
    if is_folder(there) and os.access(there, os.W_OK | os.X_OK):
        return ""
    return f"{there} is not a folder that you may write to"


def _cannot(file: Path, why: str) -> KbootError:
    return KbootError(Exit.PERMISSION, f"kboot cannot write {file}", why=why)


def _written(real: Path, content: bytes) -> Path:
    """A finished file beside it, with its rights. Raises OSError where it cannot have them."""
    _sweep(real)
    temporary = real.with_name(f".{real.name}.kboot-{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            with suppress(FileNotFoundError):
                make_like(descriptor, real)
            out.write(content)
            out.flush()
            os.fsync(descriptor)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sweep(real: Path) -> None:
    """What killed kboots left: kboot's lock is held, so none of them is at work."""
    for left in real.parent.glob(f".{real.name}.kboot-*"):
        left.unlink(missing_ok=True)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    lock = lock_of(file)
    deadline = time.monotonic() + LOCK_SECONDS
    while not _create(lock):
        if left_by_kboot(lock):
            lock.unlink(missing_ok=True)
        elif time.monotonic() >= deadline:
            raise KbootError(
                Exit.LOCK_TIMEOUT,
                f"{file} is locked by another program",
                why=f"{lock} was there for {LOCK_SECONDS:g} s; kubectl makes and removes it",
                next=f"rm {lock}   (if no kubectl is at work on it), then kboot up",
            )
        else:
            time.sleep(_POLL)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _create(lock: Path) -> bool:
    try:
        os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, LOCK_MODE))
    except FileExistsError:
        return False
    return True


def clean(file: Path) -> None:
    """Remove what a killed kboot left beside the file. The caller holds kboot's own lock."""
    with suppress(OSError):
        _sweep(Path(os.path.realpath(file)))
        if left_by_kboot(lock_of(file)):
            lock_of(file).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
