"""Processes that outlive the call which starts them, recorded in a folder with their logs."""

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import cast

from tests.helpers.places import ROOT

END_SECONDS = 3.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MODULE = "import sys; sys.path.insert(0, {!r}); from tests.standins.{} import main; main()"

# Name → its pid, and its start in clock ticks since boot: together they mean one process.
Processes = dict[str, dict[str, int]]


class ControlPlaneError(RuntimeError):
    """A component died or was not ready in time; the text has the end of its log."""


def start(folder: Path, name: str, command: list[str]) -> None:
    """Start it in a session of its own; it writes to `folder`/`name`.log."""
    log = str(folder / f"{name}.log")
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # Without the caller's environment, a proxy set there does not get between the components.
    env = {"PATH": PATH}
    pid = os.posix_spawn(command[0], command, env, file_actions=files, setsid=True)
    record = recorded(folder) | {name: {"pid": pid, "start": _start_time(pid) or 0}}
    (folder / "processes.json").write_text(json.dumps(record))


def start_module(folder: Path, name: str, arguments: list[str]) -> None:
    """Start `main` of the module of this package that has that name."""
    code = MODULE.format(str(ROOT), name)
    start(folder, name, [sys.executable, "-IS", "-c", code, *arguments])


def stop(folder: Path) -> None:
    """End every process recorded in `folder` and wait until they are gone."""
    # kube-apiserver would wait a minute for its watches; what it has acknowledged is in etcd.
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in running(folder).values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process["pid"], number)
        deadline = time.monotonic() + END_SECONDS
        while running(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
    if left := running(folder):
        raise ControlPlaneError(f"processes that do not end: {left}")
    (folder / "processes.json").unlink(missing_ok=True)


def running(folder: Path) -> Processes:
    """Those that are alive."""
    return {
        name: it for name, it in recorded(folder).items() if _start_time(it["pid"]) == it["start"]
    }


def recorded(folder: Path) -> Processes:
    path = folder / "processes.json"
    return cast(Processes, json.loads(path.read_text())) if path.exists() else {}


def _start_time(pid: int) -> int | None:
    """Since boot, in clock ticks; None for a process that has ended, also when not yet reaped."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if state == "Z" else int(fields[18])
    return None
