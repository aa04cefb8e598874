"""A process of its own that holds a lock, or counts under it: `holder.py VERB PATH`."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bootstrap.host.files.lock import hold


def say(text: str) -> None:
    print(text, flush=True)


def hold_until_end_of_input(path: str, *, shared: bool = False) -> None:
    with hold(Path(path), timeout=20, waiting=say, shared=shared) as waited:
        say(f"held {waited}")
        sys.stdin.read()


def count(path: str) -> None:
    """Read, and write one more: not atomic, so it counts right only under the lock."""
    number = Path(path)
    for _ in range(10):
        with hold(number.with_suffix(".lock"), timeout=20, waiting=lambda text: None):
            number.write_text(str(int(number.read_text()) + 1))


if __name__ == "__main__":
    doers: dict[str, Callable[[str], None]] = {
        "hold": hold_until_end_of_input,
        "share": partial(hold_until_end_of_input, shared=True),
        "count": count,
    }
    doers[sys.argv[1]](sys.argv[2])
