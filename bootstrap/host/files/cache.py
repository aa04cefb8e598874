"""Answers that are worth keeping between runs. A cache may only make kboot slow, never wrong."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootstrap import __version__


class Cache:
    """JSON values by name and key, in files that only this user can have written."""

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        """`fresh`: ignore what is there, but keep what is found out now."""
        self._folder = folder
        self._fresh = fresh

    def read(self, name: str, key: Any) -> Any:
        """The value kept under `name` for exactly `key`, else None."""
        if self._fresh:
            return None
        try:
            descriptor = os.open(self._folder / f"{name}.json", os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, encoding="utf-8") as file:
                status = os.fstat(descriptor)
                if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                    return None
                kept = json.load(file)
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(kept, dict) or kept.get("key") != _stamp(key):
            return None
        return kept.get("value")

    def write(self, name: str, key: Any, value: Any) -> None:
        """Keep `value`. A folder that cannot be written to is no error."""
        if _is_anothers(self._folder):
            return
        temporary = self._folder / f"{name}.{os.getpid()}.tmp"
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"key": _stamp(key), "value": value}), encoding="utf-8")
            temporary.chmod(0o600)
            temporary.replace(self._folder / f"{name}.json")

    def remember(self, name: str, key: Any, compute: Callable[[], Any]) -> Any:
        """The kept value, or what `compute` returns, which is then kept."""
        value = self.read(name, key)
        if value is None:
            value = compute()
            self.write(name, key, value)
        return value


def _is_anothers(folder: Path) -> bool:
    """Whether root (`sudo` may keep HOME) would leave its files among those of another user."""
    if os.geteuid() != 0:
        return False
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there.stat().st_uid != 0


def _stamp(key: Any) -> Any:
    return json.loads(json.dumps([__version__, key]))
