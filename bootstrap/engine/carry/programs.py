"""Run a step's programs, and tell what they say."""

import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.step import Step, verb
from bootstrap.core.values.units import show_seconds
from bootstrap.engine.carry.work import Work
from bootstrap.engine.look.ask import known_of, programs
from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs.hearing import Listener
from bootstrap.host.programs.runner import Result, run
from bootstrap.provider.minikube.events import Told
from bootstrap.provider.minikube.reasons import Recognised

LAST_LINES = 12
"""Of a failed program's own words, how many are repeated."""
RELAYED_LINES = 2000
RELAYED_LENGTH = 2000
"""Of what a program says, how many lines are told while it runs, and how much of each."""
_REMEMBERED = 400
"""Lines of each kind among which the reason of a failure is looked for: a whole usage text."""
_QUIET = 20.0
_TOLD_AT_LEAST = 4
"""A silence is told of after 20 s, and so many times at least before the time is over."""


class Heard(NamedTuple):
    """A program that has ended, and its own words about a failure."""

    command: str
    result: Result
    words: tuple[str, ...]
    known: Recognised | None = None

    @property
    def failed(self) -> bool:
        return self.result.timed_out or self.result.exit_code != 0

    @property
    def last(self) -> tuple[str, ...]:
        """The end of its words, and before them the line that tells the reason."""
        last = self.words[-LAST_LINES:]
        if self.known is None or self.known.line in last:
            return last
        return (self.known.line, *last[1:])


def run_program(
    argv: tuple[str, ...], env: Mapping[str, str], step: Step, work: Work, timeout: float
) -> None:
    """Run one command line of a step's, relaying what the program says.

    `argv` begins with a tool's name. Raises KbootError (70 it failed, 71 it took longer than
    `timeout` seconds) with the program's last words.
    """
    heard = hear(argv, env, step, work, timeout)
    if heard.failed:
        raise failure(heard, work, timeout)


def hear(
    argv: tuple[str, ...],
    env: Mapping[str, str],
    step: Step,
    work: Work,
    timeout: float,
    *,
    tell: Callable[[str], Told] = lambda line: Told((line,)),
    recognise: Callable[[Sequence[str]], Recognised | None] = lambda words: None,
    note: Path | None = None,
) -> Heard:
    """Run it to its end, however it ends.

    `tell` turns its lines into what a person reads, `recognise` those of a failure into a reason.
    """
    name, *arguments = argv
    executable = next((t.executable for t in work.knowledge.tools if t.name == name), name)
    known = known_of(work.knowledge, work.around)
    found, _ = programs(executable, work.around.folders(work.profile.id), work.around, known)
    if not found:
        raise KbootError(Exit.TOOL_FAILED, f"{name} is not there any more", why="it left PATH")
    relay = _Relay(f"{verb(step)} {step.subject}", name, tell, work, timeout)
    patience = min(_QUIET, timeout / _TOLD_AT_LEAST)
    listener = Listener(relay.line, relay.quiet, relay.ending, patience)
    result = run((found[0], *arguments), env=env, timeout=timeout, listener=listener, note=note)
    return Heard(" ".join(argv), result, relay.words, recognise(relay.words))


def failure(heard: Heard, work: Work, timeout: float) -> KbootError:
    """The error for a program that failed: the reason where it is known, and its last words."""
    code, known = heard.result.exit_code, heard.known
    why = "its last words were these" if heard.words else "it said nothing"
    if heard.result.timed_out:
        return KbootError(
            Exit.TOOL_TIMED_OUT,
            f"`{heard.command}` did not end within {show_seconds(timeout)}",
            why=why,
            items=heard.last,
            next=f"{work.profile.command_line('doctor')}, or a longer --start-timeout",
        )
    ended = f"failed (exit {code})" if code >= 0 else f"was ended by {_signal_name(-code)}"
    meaning = f": {known.reason.meaning}" if known else ""
    return KbootError(
        Exit.TOOL_FAILED,
        f"`{heard.command}` {ended}{meaning}",
        why=why,
        items=heard.last,
        next=known.reason.fix if known else work.profile.command_line("doctor"),
        reason=known.reason.id if known else "",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Relay:
    """Tells what the program says, up to what a person or a log can bear, and when it is silent."""

    def __init__(
        self, title: str, name: str, tell: Callable[[str], Told], work: Work, timeout: float
    ) -> None:
        self._title, self._name, self._tell, self._work = title, name, tell, work
        self._timeout, self._began = timeout, time.monotonic()
        self._told = 0
        self._now = ""
        self._kinds: dict[str, deque[str]] = {
            kind: deque(maxlen=_REMEMBERED) for kind in ("failure", "err", "out")
        }

    @property
    def words(self) -> tuple[str, ...]:
        """What it said of a failure itself: the event, else its errors, else its output."""
        return next((tuple(lines) for lines in self._kinds.values() if lines), ())

    def line(self, stream: str, line: str) -> None:
        told = self._tell(line)
        for each in told.lines:
            shown = each[:RELAYED_LENGTH]
            if shown.strip():
                self._kinds["failure" if told.failure else stream].append(shown)
                self._now = shown
            self._say(shown)

    def quiet(self, seconds: float) -> None:
        at = f'; its last words: "{self._now[:200]}"' if self._now else ""
        silent, limit = show_seconds(seconds), show_seconds(self._timeout)
        gone = show_seconds(time.monotonic() - self._began)
        self._emit(
            Happening.WAITING,
            f"no word from {self._name} for {silent}; {gone} of {limit} are over{at}",
        )

    def ending(self, seconds: float) -> None:
        limit = show_seconds(seconds)
        self._emit(
            Happening.WAITING,
            f"{self._name} is told to stop, and has {limit} for it; Ctrl-C ends it at once",
        )

    def _say(self, line: str) -> None:
        self._told += 1
        if self._told <= RELAYED_LINES:
            self._emit(Happening.OUTPUT, f"{self._name}: {line}")
        elif self._told == RELAYED_LINES + 1:
            self._emit(Happening.OUTPUT, f"{self._name}: … it says more, which is not shown")

    def _emit(self, happening: Happening, message: str) -> None:
        self._work.emit(Event(happening, self._title, message))
