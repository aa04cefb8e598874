"""Take one named regular file out of a tar.gz, and nothing else.

Never `extractall`: before the fixes of June 2025 (CVE-2025-4517 and its kin) tarfile's own `data`
filter is no boundary, and kboot runs on Pythons without them. No path of the archive is used.
"""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.disk import create, disk_errors, require_room

MAX_BYTES = 1 << 30
"""Unpacked, all members up to the wanted one together."""
MAX_MEMBERS = 10_000
MAX_HEADERS = 32 << 20
"""Bytes, of all that stand before the wanted member's content. tarfile holds each in memory."""
_BLOCK = 128 * 1024
_BROKEN = (tarfile.TarError, EOFError, zlib.error, ValueError)


def extract_member(archive: Path, member: str, destination: Path) -> str:
    """Write `member` to the new file `destination`, not executable; its sha256 in hex.

    Raises KbootError: 32 when the archive holds what no release does (a link or device in the
    member's place, a path that leaves the archive, too much), 30 when it is broken or lacks the
    member, 40/41 when the disk refuses. `destination` does not exist afterwards then.
    """
    try:
        with disk_errors(destination.parent, destination.name):
            return _extract(archive, member, destination)
    except _BROKEN as error:
        destination.unlink(missing_ok=True)
        raise _broken(member, str(error)) from error
    except BaseException:
        destination.unlink(missing_ok=True)
        raise


def _extract(archive: Path, member: str, destination: Path) -> str:
    with gzip.open(archive) as unpacked, _Bounded(unpacked) as bounded, _tar(bounded) as opened:
        info = _find(opened, member)
        bounded.allow(info.size)
        source = opened.extractfile(info)
        if source is None:
            raise _broken(member, "it has no content")
        with disk_errors(destination.parent, destination.name, info.size):
            require_room(destination.parent, info.size, destination.name)
            return _copy(source, info.size, destination)


class _Bounded(io.RawIOBase):
    """What tarfile reads: until the member is found, these are headers alone."""

    def __init__(self, unpacked: gzip.GzipFile) -> None:
        self._unpacked = unpacked
        self._left = MAX_HEADERS

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= self._left:
            raise _unsafe(f"its headers are longer than {MAX_HEADERS:,} bytes")
        self._left -= size
        with _gzip_errors():
            return self._unpacked.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        with _gzip_errors():
            return self._unpacked.seek(offset, whence)

    def tell(self) -> int:
        return self._unpacked.tell()

    def allow(self, size: int) -> None:
        """The content of a member that was found."""
        self._left += size

    def seekable(self) -> bool:
        return True


def _tar(unpacked: "_Bounded") -> tarfile.TarFile:
    return tarfile.open(fileobj=unpacked, mode="r:")


@contextmanager
def _gzip_errors() -> Iterator[None]:
    try:
        yield
    except gzip.BadGzipFile as error:  # an OSError, but none of the disk's
        raise tarfile.ReadError(str(error)) from error


def _find(archive: tarfile.TarFile, member: str) -> tarfile.TarInfo:
    unpacked = 0
    for count, info in enumerate(archive, start=1):
        _check_path(info.name)
        unpacked += info.size
        if count > MAX_MEMBERS or unpacked > MAX_BYTES:
            raise _unsafe(f"it has more than {MAX_MEMBERS:,} members or {MAX_BYTES:,} bytes")
        if info.name == member:
            if not info.isreg() or info.issparse():
                raise _unsafe(f"{member!r} in it is not a regular file")
            return info
    raise _broken(member, "it is not there")


def _check_path(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise _unsafe(f"it has a member {name[:100]!r}, which lies outside of it")


def _copy(source: IO[bytes], size: int, destination: Path) -> str:
    digest = hashlib.sha256()
    written = 0
    with create(destination) as file:
        while block := source.read(_BLOCK):
            digest.update(block)
            written += file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if written != size:
        raise _broken(destination.name, f"{written:,} of {size:,} bytes are there")
    return digest.hexdigest()


def _unsafe(why: str) -> KbootError:
    return KbootError(
        Exit.UNSAFE_ARCHIVE,
        "kboot does not unpack this archive",
        why=why,
        next="report this: the archive is the one that kboot's catalogue names",
    )


def _broken(member: str, why: str) -> KbootError:
    return KbootError(
        Exit.INTEGRITY,
        f"kboot cannot take {member!r} out of the archive",
        why=why,
        next="report this: the archive is the one that kboot's catalogue names",
    )
