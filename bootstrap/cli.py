"""From words to a report to an exit code; whatever goes wrong becomes a message."""

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from bootstrap import __version__
from bootstrap.errors import Exit, KbootError

if TYPE_CHECKING:
    from argparse import Namespace

    from bootstrap.core.result.report import Report
    from bootstrap.run.session import Session
    from bootstrap.ui.events import EventFile
    from bootstrap.ui.screen import Screen


class Stopped(BaseException):
    """A signal asked kboot to end; running children are ended on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = Exit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """The process's exit code."""
    # Most objects are modules' and stay to the end: to look for cycles among them would take 2 % of
    # a short run on the way, and a tenth at its end.
    gc.set_threshold(100_000)
    try:
        return _main(list(sys.argv[1:] if argv is None else argv))
    finally:
        _let_go_of_stdout()
        gc.freeze()


def _main(words: list[str]) -> int:
    _hold_standard_streams()
    if words[:1] in (["--version"], ["-V"]):
        print(f"kboot {__version__}")
        return 0
    _catch_signals()
    began = time.monotonic()
    report, screen = _run(words)
    screen.finish(report._replace(seconds=time.monotonic() - began))
    return int(report.exit_code)


def _run(words: list[str]) -> "tuple[Report, Screen]":
    """The command's report; whatever goes wrong becomes a report with an error in it.

    The session comes first, since it starts the tools' programs; all that is imported after it
    loads while they run.
    """
    # The first lazy point: --version loads nothing.
    from bootstrap.commands.arguments import parse

    arguments: Namespace | None = None
    session: Session | None = None
    screen: Screen | None = None
    events: EventFile | None = None
    try:
        arguments = parse(words, os.environ.get("SHELL", "/bin/sh"))
        events = _events(arguments)
        session = _session(arguments)
        session.begin()
        session.report = _report(session)
        screen = session.screen = _screen(words, arguments, events)
        if events is not None:
            events.begin(session.report.profile)
        return _command(arguments.command, session), screen
    except KbootError as error:
        problem = error
    except KeyboardInterrupt as stopped:
        problem = _stopped(Exit.INTERRUPTED, stopped)
    except Stopped as stopped:
        problem = _stopped(stopped.code, stopped)
    except Exception as error:
        problem = _bug(error, session)
    finally:
        if session is not None:
            session.close()
    return _failed(problem, arguments, session), screen or _screen(words, arguments, events)


def _session(arguments: "Namespace") -> "Session":
    from bootstrap.run.session import Session

    return Session(arguments, os.environ)


def _report(session: "Session") -> "Report":
    from bootstrap.core.result.report import Report

    profile = session.profile if session.profile.name else None
    return Report(session.arguments.command, profile, context=session.context)


def _events(arguments: "Namespace") -> "EventFile | None":
    """Opened before anything is done, where the person asked for it."""
    path = getattr(arguments, "events", None)
    if path is None:
        return None
    from bootstrap.ui.events import EventFile

    return EventFile(path, arguments.command)


def _screen(
    words: list[str], arguments: "Namespace | None", events: "EventFile | None"
) -> "Screen":
    from bootstrap.commands.arguments import wanted_output
    from bootstrap.ui.screen import Screen

    if arguments is None:
        return Screen(output=wanted_output(words), environ=os.environ)
    screen = Screen(
        output=arguments.output,
        verbose=arguments.verbose,
        quiet=arguments.quiet,
        color=not arguments.no_color,
        environ=os.environ,
    )
    screen.events = events
    return screen


def _failed(
    problem: KbootError, arguments: "Namespace | None", session: "Session | None"
) -> "Report":

    from bootstrap.core.result.report import Report

    if session is not None:
        problem.next = session.profile.addressed(problem.next)
    command = arguments.command if arguments else ""
    report = getattr(session, "report", None) or Report(command=command)
    return report._replace(error=problem, exit_code=problem.code)


def _command(name: str, session: "Session") -> "Report":
    from importlib import import_module

    report: Report = import_module(f"bootstrap.commands.{name}").run(session)
    return report


def _stopped(code: Exit, stopped: BaseException) -> KbootError:
    """Its notes say what was ended and how things are; a second signal leaves none."""
    notes = [*getattr(stopped, "__notes__", ()), "the next run looks for itself and goes on"]
    return KbootError(
        code,
        "stopped before it was done",
        why=f"a signal arrived ({code.id})",
        state="; ".join(notes),
        next="the same command again",
    )


def _bug(error: Exception, session: "Session | None") -> KbootError:
    """No traceback on the screen: it goes into a file that a bug report can carry."""
    import traceback

    from bootstrap.core.values.masking import mask

    text = mask("".join(traceback.format_exception(error)))
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"in {last.filename}, line {last.lineno}"
    if session is not None:
        log = session.around.places.state / "bug.log"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with os.fdopen(os.open(log, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            where = f"details are in {log}"
        except OSError:
            pass
    return KbootError(
        Exit.BUG,
        f"a bug in kboot: {type(error).__name__}: {mask(str(error))[:200]}",
        why=where,
        state="not known; `kboot doctor` looks",
        next="report it with these details and what `kboot doctor --save-state FILE` keeps",
    )


def _catch_signals() -> None:
    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        raise Stopped(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def _hold_standard_streams() -> None:
    """A closed 0, 1 or 2 would be given to the next file opened, and be written to."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor < 3:
        descriptor = os.dup(descriptor)
    os.close(descriptor)


def _let_go_of_stdout() -> None:
    """A reader that left is no error, so the interpreter's last flush must not meet it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
