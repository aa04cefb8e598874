"""What a program says while it runs: its streams, line by line, and who is told of it."""

import time
from collections.abc import Callable
from typing import NamedTuple


class Listener(NamedTuple):
    """Who is told of a program under way."""

    line: Callable[[str, str], None]
    """Called with `out` or `err` and one line, without its end."""
    quiet: Callable[[float], None] = lambda seconds: None
    """Called with the seconds since it last said anything."""
    ending: Callable[[float], None] = lambda seconds: None
    """Called when it is told to end, with the seconds that it is given for that."""
    patience: float = 20.0
    """Seconds of silence after which `quiet` is called, again and again."""


_KEPT = 1024 * 1024
"""Bytes of each stream that a result holds: the last."""
_LONGEST_LINE = 65536


class Stream:
    """One pipe's output: its last part kept, its lines passed on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tail = bytearray()
        self._unfinished = b""

    def take(self, chunk: bytes) -> list[str]:
        """Keep `chunk`; the lines that it completes. A line that never ends comes in pieces."""
        self._tail += chunk
        if len(self._tail) > 2 * _KEPT:
            del self._tail[:-_KEPT]
        *lines, self._unfinished = (self._unfinished + chunk).split(b"\n")
        if not chunk or len(self._unfinished) >= _LONGEST_LINE:
            lines += [self._unfinished] if self._unfinished else []
            self._unfinished = b""
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]

    @property
    def text(self) -> str:
        return self._tail[-_KEPT:].decode("utf-8", "replace")


class Hearing:
    """A listener, told until it fails; its fault is kept for the end."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.fault: Exception | None = None
        self._heard = self._told = time.monotonic()

    def _tell(self, what: Callable[..., None], *about: object) -> None:
        if self.fault is None:
            try:
                what(*about)
            except Exception as error:  # raised once the program has ended
                self.fault = error

    def said(self, stream: str, line: str) -> None:
        self._tell(self._listener.line, stream, line)

    def ending(self, seconds: float) -> None:
        self._tell(self._listener.ending, seconds)

    def something(self) -> None:
        self._heard = self._told = time.monotonic()

    def nothing(self) -> None:
        now = time.monotonic()
        if now - self._told >= self._listener.patience:
            self._told = now
            self._tell(self._listener.quiet, now - self._heard)
