"""Answers that are worth keeping between runs. A cache may only make kboot slow, never wrong."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootstrap import __version__
from bootstrap.host.files import own
from bootstrap.host.files.disk import create
from bootstrap.regular import is_there


class Cache:
    """JSON values by name and key, in files that only this user can have written."""

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        """`fresh`: ignore what is there, but keep what is found out now."""
        self._folder = folder
        self._fresh = fresh
        self._own: bool | None = None

    def read(self, name: str, key: Any) -> Any:
        """The value kept under `name` for exactly `key`, else None."""
        if self._fresh or not self._is_own():
            return None
        try:
            kept = json.loads(own.read(self._folder / f"{name}.json"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(kept, dict) or kept.get("key") != _stamp(key):
            return None
        return kept.get("value")

    def write(self, name: str, key: Any, value: Any) -> None:
        """Keep `value`. A folder that cannot be written to is no error."""
        if _is_anothers(self._folder) or not self._is_own():
            return
        temporary = self._folder / f"{name}.{os.getpid()}.tmp"
        with suppress(OSError):
            own.make(self._folder)
            self._sweep()
            try:
                with create(temporary) as file:
                    file.write(json.dumps({"key": _stamp(key), "value": value}).encode())
                temporary.replace(self._folder / f"{name}.json")
            except OSError:
                temporary.unlink(missing_ok=True)

    def _is_own(self) -> bool:
        """Looked at once: what others can write is neither read nor written."""
        if self._own is None:
            self._own = not (own.trouble(self._folder) or own.way_trouble(self._folder)[1])
        return self._own

    def _sweep(self) -> None:
        """What runs that were killed while they wrote have left."""
        for left in self._folder.glob("*.tmp"):
            number = left.name.split(".")[-2]
            if number == str(os.getpid()) or not (number.isdecimal() and _runs(int(number))):
                left.unlink(missing_ok=True)

    def remember(self, name: str, key: Any, compute: Callable[[], Any]) -> Any:
        """The kept value, or what `compute` returns, which is then kept."""
        value = self.read(name, key)
        if value is None:
            value = compute()
            self.write(name, key, value)
        return value


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _is_anothers(folder: Path) -> bool:
    """Whether root (`sudo` may keep HOME) would leave its files among those of another user."""
    if os.geteuid() != 0:
        return False
    there = next(each for each in (folder, *folder.parents) if is_there(each))
    with suppress(OSError):
        return there.stat().st_uid != 0
    return True


def _stamp(key: Any) -> Any:
    return json.loads(json.dumps([__version__, key]))
