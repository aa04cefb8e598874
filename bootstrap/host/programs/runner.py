"""Long programs (`minikube start`, package managers): told of line by line, ended as a whole.

The only importer of `sh`. It starts the program, in a session of its own, and collects its exit
code; the output goes through pipes of our own, read in the caller's thread. That avoids what sh's
reader threads do (each measured with 2.4.0): a callback leaves the program's stdin open, an
exception in one is swallowed, `wait(timeout)` loses output, a line without end fills the memory.
"""

import glob as glob_module
import os
import re
import selectors
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from glob import glob
from pathlib import Path
from typing import NamedTuple

import sh

from bootstrap.core.values.units import show_seconds
from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs import underway
from bootstrap.host.programs.children import group_is_gone, signal_group, starting_children
from bootstrap.host.programs.hearing import Hearing, Listener, Stream
from bootstrap.regular import is_there

glob_module.glob = glob  # sh 2.4.0 replaces it for the whole process when it is imported

_CHUNK = 65536
_LOOK_AGAIN = 0.1
_ABOUT_TO_END = 0.005
_SILENCE = 0.3
"""Seconds without output after the program's end: then a daemon holds its pipes."""
_LAST_WORDS = 1.0
_PYTHONS = re.compile(r"^\w+: |\[Errno \d+\] |: b?'.*'$")
"""What Python adds to the system's words of an error."""
_DEATH = 2.0


class Result(NamedTuple):
    """How a program ended. `exit_code` is -N where signal N killed it."""

    exit_code: int
    out: str
    err: str
    timed_out: bool
    seconds: float


def run(
    argv: tuple[str, ...],
    *,
    env: Mapping[str, str],
    timeout: float,
    listener: Listener,
    note: Path | None = None,
    cwd: Path | None = None,
    grace: float = 10.0,
) -> Result:
    """Run a program to its end, without terminal and with its stdin at the end.

    `argv[0]` is an absolute path, `env` the whole environment. After `timeout` seconds its process
    group gets SIGTERM, `grace` seconds later SIGKILL; an exception in this thread (Ctrl-C) ends it
    likewise, beginning with SIGINT, and goes on, with a note of how it ended. What a program leaves
    behind when it ends by itself lives on: that may be a virtual machine. `note` is the file that
    tells of it (`underway`).

    An exception of the listener's is raised after the end: a fault in what is shown must not stop
    the work. Raises KbootError TOOL_FAILED when the program cannot be run, and TOOL_TIMED_OUT when
    it can be neither awaited nor ended, as when it runs as another user.
    """
    began = time.monotonic()
    program = None
    with ExitStack() as closing:
        try:
            with starting_children():
                program = _start(argv, env, cwd, note, Hearing(listener), closing)
            ended = program.listen(began + timeout)
        except BaseException as stop:
            if program is not None:
                stop.add_note(_interrupted(argv[0], program, grace))
            raise
        if not ended and not program.end({signal.SIGTERM: grace}):
            raise _cannot_be_ended(argv[0], program.group, timeout)
        return program.result(timed_out=not ended, seconds=time.monotonic() - began)


class _Program:
    """A program under way, and what it printed so far."""

    def __init__(
        self,
        command: sh.RunningCommand,
        pipes: Mapping[str, int],
        selector: selectors.BaseSelector,
        hearing: Hearing,
    ) -> None:
        self.group: int = command.pgid
        self._command = command
        self._hearing = hearing
        self._selector = selector
        self._streams = {name: Stream(name) for name in pipes}
        for name, pipe in pipes.items():
            selector.register(pipe, selectors.EVENT_READ, self._streams[name])

    def listen(self, deadline: float) -> bool:
        """Pass on output until the program has ended; False when the deadline came first."""
        while self._command.is_alive():
            if time.monotonic() >= deadline:
                return False
            if not self._read(_LOOK_AGAIN):
                self._hearing.nothing()
        self._drain()
        return True

    def end(self, signals: Mapping[signal.Signals, float]) -> bool:
        """Signal the group until it is gone, with so many seconds between, SIGKILL last.

        Goes on reading: a program with a last word must not block on a full pipe. A second
        Ctrl-C kills at once. False: something of it is still there.
        """
        try:
            self._hearing.ending(sum(signals.values()))
            for number, patience in signals.items():
                signal_group(self.group, number)
                if self._is_gone_within(patience):
                    break
        finally:
            signal_group(self.group, signal.SIGKILL)
        gone = self._is_gone_within(_DEATH)
        self._drain()
        return gone

    def result(self, *, timed_out: bool, seconds: float) -> Result:
        self._command.wait()
        if self._hearing.fault is not None:
            raise self._hearing.fault
        texts = {name: stream.text for name, stream in self._streams.items()}
        return Result(self._command.exit_code, texts["out"], texts["err"], timed_out, seconds)

    def _read(self, patience: float) -> bool:
        """Pass on what comes within `patience` seconds. Whether anything came."""
        # Without pipes only its end is awaited, and that is near.
        ready = self._selector.select(patience if self._selector.get_map() else _ABOUT_TO_END)
        for key, _ in ready:
            chunk = os.read(key.fd, _CHUNK)
            if chunk:
                self._hearing.something()
            else:
                self._selector.unregister(key.fd)
            self._pass_on(key.data, chunk)
        return bool(ready)

    def _drain(self) -> None:
        """What is still in the pipes of a program that has ended."""
        until = time.monotonic() + _LAST_WORDS
        while self._selector.get_map() and time.monotonic() < until and self._read(_SILENCE):
            continue
        for stream in self._streams.values():
            self._pass_on(stream, b"")

    def _pass_on(self, stream: Stream, chunk: bytes) -> None:
        for line in stream.take(chunk):
            self._hearing.said(stream.name, line)

    def _is_gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._command.is_alive() or not group_is_gone(self.group):
            if time.monotonic() >= deadline:
                return False
            self._read(_LOOK_AGAIN)
        return True


def _start(
    argv: tuple[str, ...],
    env: Mapping[str, str],
    cwd: Path | None,
    note: Path | None,
    hearing: Hearing,
    closing: ExitStack,
) -> _Program:
    """Start it. `closing` gets what is to be closed at the end."""
    selector = closing.enter_context(selectors.DefaultSelector())
    pipes: dict[str, int] = {}
    with ExitStack() as given:
        stdin = given.enter_context(Path(os.devnull).open("rb"))
        ends: dict[str, int] = {}
        for name in ("out", "err"):
            pipes[name], ends[name] = os.pipe()
            closing.callback(os.close, pipes[name])
            given.callback(os.close, ends[name])
        try:
            command = sh.Command(argv[0])(
                *argv[1:],
                _in=stdin,
                _out=ends["out"],
                _err=ends["err"],
                _env=dict(env),
                _cwd=None if cwd is None else str(cwd),
                _new_session=True,
                _preexec_fn=partial(_before_exec, note),
                _bg=True,
                _bg_exc=False,
                _return_cmd=True,
                _ok_code=tuple(range(-64, 256)),
            )
        except (sh.CommandNotFound, sh.ForkException, OSError) as error:
            raise _cannot_be_run(argv[0], error) from error
    return _Program(command, pipes, selector, hearing)


def _before_exec(note: Path | None) -> None:
    """Undo sh's "ignore SIGHUP" for `_bg`: services that a package starts would inherit it."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if note is not None:
        underway.note(note)


def _interrupted(path: str, program: _Program, grace: float) -> str:
    """End it, and say how that went."""
    asked, name = time.monotonic(), Path(path).name
    if not program.end({signal.SIGINT: grace, signal.SIGTERM: _DEATH}):
        return f"{name} was told to stop, and part of it still runs"
    return f"{name} was told to stop and ended after {show_seconds(time.monotonic() - asked)}"


def _cannot_be_run(program: str, error: Exception) -> KbootError:
    if isinstance(error, sh.CommandNotFound):
        why = "it is not executable" if is_there(program) else "there is no such file"
    else:
        # A ForkException holds the traceback of the forked child; its last line says what is wrong.
        last = str(error).strip().splitlines()[-1].strip()
        why = getattr(error, "strerror", None) or _PYTHONS.sub("", last)
    return KbootError(
        Exit.TOOL_FAILED,
        f"{program} cannot be run",
        why=why,
        state="it was not started",
        next="kboot doctor",
    )


def _cannot_be_ended(program: str, group: int, timeout: float) -> KbootError:
    return KbootError(
        Exit.TOOL_TIMED_OUT,
        f"{program} did not end within {timeout:g} s and could not be stopped",
        why="part of it runs as another user, or waits for a disk that does not answer",
        state=f"process group {group} is still running",
        next=f"sudo kill -KILL -- -{group}",
    )
