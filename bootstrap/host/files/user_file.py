"""Replace a file that is not kboot's: the person's, with its mode, behind its links, in one rename.

Raises KbootError with `state` left to the caller; the file is then as it was, whole.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootstrap.errors import Exit, KbootError
from bootstrap.host.files import own
from bootstrap.host.files.kubeconfigs import LOCK_MODE, fingerprint, left_by_kboot, lock_of
from bootstrap.host.files.places import Places

LOCK_SECONDS = 10.0
"""`kubectl config` holds its lock for milliseconds."""
_POLL = 0.02
KEPT_BACKUPS = 5


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
    if not real.is_file():
        return f"{file} is not a file"
    if status.st_uid != os.geteuid():
        return f"{real} belongs to another user"
    if not status.st_mode & 0o200 or not os.access(real, os.W_OK):
        return f"{real} is read-only"
    if not os.access(real.parent, os.W_OK | os.X_OK):
        return f"{real.parent} is read-only for you"
    return ""


def read(file: Path) -> tuple[bytes, list[int] | None]:
    """Content and fingerprint; empty and None where there is no file. Raises OSError."""
    before = fingerprint(file)
    try:
        content = file.read_bytes()
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
        _back_up(real, places)
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
        raise _cannot(file, f"{error.filename or real}: {error.strerror or error}") from error


def _no_folder(real: Path, *, linked: bool) -> str:
    if linked and not real.parent.is_dir():
        return f"it is a link to {real}, whose folder does not exist"
    there = next(each for each in real.parents if each.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return ""
    return f"{there} is not a folder that you may write to"


def _cannot(file: Path, why: str) -> KbootError:
    return KbootError(Exit.PERMISSION, f"kboot cannot write {file}", why=why)


def _written(real: Path, content: bytes) -> Path:
    """A finished file beside it, with its mode, and its group where that is allowed."""
    _sweep(real)
    temporary = real.with_name(f".{real.name}.kboot-{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            with suppress(FileNotFoundError):
                status = real.stat()
                with suppress(PermissionError):
                    os.fchown(descriptor, -1, status.st_gid)
                os.fchmod(descriptor, status.st_mode & 0o777)
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


def _back_up(real: Path, places: Places) -> None:
    """The last few states before kboot's changes, readable for this user only: they hold keys."""
    try:
        content = real.read_bytes()
    except FileNotFoundError:
        return
    if not content:
        return
    folder = places.backups
    own.make(folder)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = f"{real.name}-{stamp}-{time.monotonic_ns() % 10**9:09}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(folder / f".{name}", flags, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    (folder / f".{name}").replace(folder / name)
    for old in sorted(folder.glob("*-*"), key=lambda each: each.stat().st_mtime_ns)[:-KEPT_BACKUPS]:
        old.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
