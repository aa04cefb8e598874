"""What starting and ending other programs has to mind: signals, and groups that end together."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def starting_children() -> Iterator[None]:
    """Around the start of a program: it must not be lost between its start and our knowing of it.

    Ctrl-C and its like are held back until the block is left, and raised there. An inherited
    "ignore SIGCHLD", as some supervisors leave it, is undone: with it exit codes are lost, and
    `subprocess` reports 0 for every program. Other threads than the main one get no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    held: list[int] = []
    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, lambda number, _: held.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, handler)
        for came in held:
            signal.raise_signal(came)


def signal_group(group: int, number: signal.Signals) -> None:
    """Signal every member that this user may signal. A group that is gone is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def group_is_gone(group: int) -> bool:
    """Whether no member runs any more.

    Ask after the leader was reaped. Orphans that nobody reaps (the first process of many containers
    never does) still bear the group's number, but run no more.
    """
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    processes = Path("/proc").glob("[0-9]*")
    return sys.platform == "linux" and not any(_runs_in(group, process) for process in processes)


def _runs_in(group: int, process: Path) -> bool:
    # 1234 (a (strange) name) Z 1 1230 …: state, parent, group
    try:
        fields = (process / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    state, _, its_group, *_ = (*fields.rpartition(")")[2].split(), "X", "", "")
    return its_group == str(group) and state not in "ZX"
