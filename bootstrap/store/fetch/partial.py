"""What has come of one file so far: on the disk, in its digests, and how to ask for the rest."""

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from urllib3.response import BaseHTTPResponse

from bootstrap.host.files.disk import create

_CONTENT_RANGE = re.compile(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20}|\*)", re.ASCII)
_LENGTH = re.compile(r"\d{1,20}", re.ASCII)
"""A longer one is no file's; Python itself refuses to read numbers of thousands of digits."""


class Partial:
    """A new file at `path`, hashed while it grows; removed on the way out unless it is kept."""

    def __init__(self, path: Path, algorithms: tuple[str, ...] = ("sha256",)) -> None:
        self.path = path
        self.size = 0
        self.resumed = False
        """Whether parts of two answers are in it."""
        self._algorithms = algorithms
        self._digests = {name: hashlib.new(name) for name in algorithms}
        self._validator = ""
        self._file: BinaryIO | None = None
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # what is kept is on the disk already
                self._file.close()
        if not self._kept:
            self.path.unlink(missing_ok=True)

    def headers(self) -> Mapping[str, str]:
        """Ask for the rest alone, where what is there can be told from another file's bytes."""
        if not self.size or not self._validator:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self._validator}

    def begin(self, response: BaseHTTPResponse) -> None:
        """Go on with a 206, which `continues`; begin anew with anything else."""
        if response.status == 206:
            self.resumed = True
        else:
            self.forget()
            self._validator = _validator(response)
        self.open()

    def open(self) -> None:
        """Make the file, unless it is there from an earlier try."""
        if self._file is None:
            self._file = create(self.path)

    def continues(self, response: BaseHTTPResponse) -> bool:
        """Whether a 206 holds all that is missing, and nothing else."""
        total = total_of(response)
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        if found is None or int(found[1]) != self.size:
            return False
        return total is None or int(found[2]) == total - 1

    def append(self, block: bytes | bytearray) -> None:
        assert self._file is not None
        for digest in self._digests.values():
            digest.update(block)
        self._file.write(block)
        self.size += len(block)

    def digests(self) -> dict[str, str]:
        """Hex, by algorithm, of all that has come."""
        return {name: digest.hexdigest() for name, digest in self._digests.items()}

    def keep(self) -> None:
        """The file is what it should be; it is on the disk when this returns."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._kept = True

    def forget(self) -> None:
        """What has come is worth nothing."""
        self.size, self.resumed, self._validator = 0, False, ""
        self._digests = {name: hashlib.new(name) for name in self._algorithms}
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()


def total_of(response: BaseHTTPResponse) -> int | None:
    """Bytes of the whole file, as the answer announces it."""
    if response.status == 206:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        return int(found[3]) if found and found[3].isdecimal() else None
    length = response.headers.get("content-length", "")
    return int(length) if _LENGTH.fullmatch(length) else None


def _validator(response: BaseHTTPResponse) -> str:
    """A strong ETag, else the date; If-Range takes no weak one (RFC 9110, 13.1.5)."""
    tag: str = response.headers.get("etag", "")
    if tag.startswith('"'):
        return tag
    return str(response.headers.get("last-modified", ""))
