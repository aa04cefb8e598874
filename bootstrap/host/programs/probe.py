"""Short questions to many programs at once: what they print, and whether they can be trusted.

The only importer of `subprocess`. No threads: all programs are started, then one loop reads all
pipes (measured: four programs of 0.3 s take 1.1 times one of them).
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from bootstrap.host.programs.children import signal_group, starting_children

_LIMIT = 1024 * 1024
"""Bytes kept of each stream; whoever prints more is ended."""
_CHUNK = 65536
_GRACE = 0.3
"""Seconds that pipes may stay open after a program's end, held by a daemon that it left."""
_LOOK_AGAIN = 0.05
_ABOUT_TO_END = 0.002
_DEATH = 1.0


class Question(NamedTuple):
    """One program to run, by absolute path, and the seconds that it has to answer."""

    argv: tuple[str, ...]
    timeout: float = 5.0
    given: str = ""
    """What it reads from its stdin: a few lines, which any pipe takes without a reader."""


class Told(NamedTuple):
    """What came back. Bytes that are no UTF-8 are replaced.

    `failure` set means "could not tell": the program did not end by itself, `exit_code` is None,
    and `out` and `err` hold what it printed until then. A non-zero exit is no failure: `docker`
    exits with 1 when its engine is down, and still says its own version.
    """

    exit_code: int | None
    out: str
    err: str
    failure: str = ""


class _Probe:
    """One program under way."""

    def __init__(
        self, question: Question, process: subprocess.Popen[bytes], streams: tuple[int, int]
    ) -> None:
        self.question = question
        self.process = process
        self.deadline = time.monotonic() + question.timeout
        self.printed = {stream: bytearray() for stream in streams}
        """What came so far, by file descriptor: out, err."""
        self.open = set(streams)
        self.exited: float | None = None
        """When its end was noticed. Its pipes may stay open for longer."""
        self.failure = ""
        self.ended = False

    def read(self, stream: int) -> None:
        """Take what is there, up to the limit."""
        if self.ended:
            return
        chunk = os.read(stream, _CHUNK)
        if not chunk:
            self.open.discard(stream)
        self.printed[stream] += chunk
        if len(self.printed[stream]) > _LIMIT:
            del self.printed[stream][_LIMIT:]
            self.end("printed more than 1 MiB")

    def look(self, now: float) -> None:
        """Notice its end, or make one when its time is over."""
        if self.ended:
            return
        if self.exited is None and self.process.poll() is not None:
            self.exited = now
        if self.exited is not None:
            if not self.open or now >= self.exited + _GRACE:
                self.end(_death(self.process.returncode))
        elif now >= self.deadline:
            self.end(f"did not answer within {self.question.timeout:g} s")

    def end(self, failure: str) -> None:
        """Kill what is left of its group and reap it. A group that ended by itself is no error."""
        self.failure = failure
        self.ended = True
        signal_group(self.process.pid, signal.SIGKILL)
        # Not for ever: not even SIGKILL ends a program that waits for a dead network disk.
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_DEATH)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def patience(self, now: float) -> float:
        """Seconds until it is worth looking at, if nothing is printed until then."""
        latest = self.deadline if self.exited is None else self.exited + _GRACE
        often = _LOOK_AGAIN if self.open else _ABOUT_TO_END
        return max(0.0, min(latest - now, often))

    def told(self) -> Told:
        out, err = (kept.decode("utf-8", "replace") for kept in self.printed.values())
        code = None if self.failure else self.process.returncode
        return Told(code, out, err, self.failure)


class Asking:
    """Questions under way. Leaving the `with` block ends every program that has not answered."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._probes: dict[str, _Probe] = {}
        self._not_run: dict[str, Told] = {}

    def start(self, questions: Mapping[str, Question], env: Mapping[str, str]) -> None:
        """Start all programs at once, with exactly `env`, to go on with other work meanwhile.

        One that cannot be run is told of as such by `finish`.
        """
        with starting_children():
            for name, question in questions.items():
                self._start(name, question, env)

    def _start(self, name: str, question: Question, env: Mapping[str, str]) -> None:
        self._names.append(name)
        try:
            self._probes[name] = _launch(question, env)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            self._not_run[name] = Told(None, "", "", f"cannot be run: {why}")

    def finish(self) -> dict[str, Told]:
        """Wait until each has answered or its time is over; answers in the order of asking.

        Time runs from the start. A program that ended before `finish` is never late.
        """
        try:
            with selectors.DefaultSelector() as selector:
                self._listen(selector)
        finally:
            self.end()
        return {name: self._not_run.get(name) or self._probes[name].told() for name in self._names}

    def end(self) -> None:
        """Kill every program that still runs, with all that it started."""
        running = [probe for probe in self._probes.values() if not probe.ended]
        for probe in running:
            signal_group(probe.process.pid, signal.SIGKILL)
        for probe in running:
            probe.end("was not waited for")

    def _listen(self, selector: selectors.BaseSelector) -> None:
        probes = self._probes.values()
        for probe in probes:
            for stream in probe.open:
                selector.register(stream, selectors.EVENT_READ, probe)
        while running := [probe for probe in probes if not probe.ended]:
            now = time.monotonic()
            for key, _ in selector.select(min(probe.patience(now) for probe in running)):
                key.data.read(key.fd)
            for probe in running:
                probe.look(time.monotonic())
            wanted = {stream for probe in running if not probe.ended for stream in probe.open}
            for stale in [stream for stream in selector.get_map() if stream not in wanted]:
                selector.unregister(stale)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()


def ask_all(questions: Mapping[str, Question], env: Mapping[str, str]) -> dict[str, Told]:
    """Ask all questions at once; each has its own deadline, and none can spoil another."""
    with Asking() as asking:
        asking.start(questions, env)
        return asking.finish()


class Service:
    """One program that serves until it is ended, with all that it started.

    Also when kboot itself is killed: a shell beside it reads from a pipe that only kboot holds
    open, and whose end it cannot miss.
    """

    def __init__(self, argv: tuple[str, ...], env: Mapping[str, str], folder: Path) -> None:
        """What it prints goes to `log` in `folder`, which goes when kboot is killed.

        Raises OSError when it cannot be started.
        """
        self._log = folder / "log"
        with starting_children(), self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ("/bin/sh", "-c", _KEEPER, str(folder), *argv),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=env,
                bufsize=0,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """The end of what it printed so far."""
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _CHUNK))
            return log.read().decode("utf-8", "replace").strip()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        signal_group(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_DEATH)
        if self._process.stdin is not None:
            self._process.stdin.close()


_KEEPER = """\
{ "$@"; kill -KILL 0; } &
read -r _
/bin/rm -rf -- "$0"
kill -KILL 0
"""


def _launch(question: Question, env: Mapping[str, str]) -> _Probe:
    given = _pipe(question.given) if question.given else None
    try:
        process = subprocess.Popen(
            question.argv,
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            bufsize=0,
            start_new_session=True,
        )
    finally:
        if given is not None:
            os.close(given)
    assert process.stdout is not None and process.stderr is not None
    streams = (process.stdout.fileno(), process.stderr.fileno())
    return _Probe(question, process, streams)


def _pipe(text: str) -> int:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(text.encode())
    return reader


def _death(exit_code: int) -> str:
    """Empty for a program that ended by itself, else which signal killed it."""
    if exit_code >= 0:
        return ""
    try:
        name = f" ({signal.Signals(-exit_code).name})"
    except ValueError:
        name = ""
    return f"killed by signal {-exit_code}{name}"
