"""From words to a report to an exit code; whatever goes wrong becomes a message."""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from errno import ENOMEM
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from bootstrap import __version__
from bootstrap.errors import Exit, KbootError, refused

if TYPE_CHECKING:
    from argparse import Namespace

    from bootstrap.core.result.report import Report
    from bootstrap.run.session import Session
    from bootstrap.ui.events import EventFile
    from bootstrap.ui.screen import Screen

    Handler = Callable[[int, FrameType | None], object] | signal.Handlers


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
        code = _main(list(sys.argv[1:] if argv is None else argv))
        _heed_signals(_END)
    except SystemExit as ended:  # --help
        code = int(ended.code or 0)
    except (KeyboardInterrupt, Stopped) as stopped:  # before or after all that tells of it
        code = getattr(stopped, "code", Exit.INTERRUPTED)
    code = _let_go_of_stdout(code)
    gc.freeze()
    return int(code)


def _main(words: list[str]) -> int:
    sys.unraisablehook = _raise_again
    _heed_signals(_STOP)
    if words[:1] in (["--version"], ["-V"]):
        print(f"kboot {__version__}")
        return 0
    began = time.monotonic()
    report, screen = _run(words)
    return screen.finish(report._replace(seconds=time.monotonic() - began))


def _run(words: list[str]) -> "tuple[Report, Screen]":
    """The command's report; whatever goes wrong becomes a report with an error in it.

    The session comes first, since it starts the tools' programs; all that is imported after it
    loads while they run.
    """
    arguments: Namespace | None = None
    session: Session | None = None
    screen: Screen | None = None
    events: EventFile | None = None
    try:
        _hold_standard_streams()
        # The first lazy point: --version loads nothing.
        from bootstrap.commands.arguments import parse

        arguments = parse(words, os.environ.get("SHELL", "/bin/sh"))
        events = _events(arguments)
        session = _session(arguments)
        session.begin()
        session.report = _report(session)
        screen = session.screen = _screen(words, arguments, events)
        if events is not None:
            events.begin(session.report.profile)
        return _command(arguments.command, session), screen
    except Exception as error:
        problem = _problem(error, session, words)
    except (KeyboardInterrupt, Stopped) as stopped:
        problem = _stopped(stopped)
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


def _problem(error: Exception, session: "Session | None", words: list[str]) -> KbootError:
    """What it means for the person. A room that knows more than the error has said so itself."""
    if isinstance(error, KbootError):
        return error
    if isinstance(error, MemoryError):
        error = OSError(ENOMEM, "there is no memory left")
    if isinstance(error, OSError):
        problem = refused(error)
        if problem.code is not Exit.BUG:
            return problem.with_state(_done(session))
    return _bug(error, session, words)


def _done(session: "Session | None") -> str:
    report = getattr(session, "report", None)
    outcomes = report.outcomes if report else ()
    done = ", ".join(str(outcome.step.subject) for outcome in outcomes)
    return f"done before: {done}" if done else "no step was begun"


def _stopped(stopped: BaseException) -> KbootError:
    """Its notes say what was ended and how things are; a second signal leaves none."""
    code: Exit = getattr(stopped, "code", Exit.INTERRUPTED)
    notes = [*getattr(stopped, "__notes__", ()), "the next run looks for itself and goes on"]
    return KbootError(
        code,
        "stopped before it was done",
        why=f"a signal arrived ({code.id})",
        state="; ".join(notes),
        next="the same command again",
    )


def _bug(error: Exception, session: "Session | None", words: list[str]) -> KbootError:
    """No traceback on the screen: it goes into a file that a bug report can carry."""
    import traceback

    from bootstrap.core.values.masking import mask

    frames = traceback.extract_tb(error.__traceback__)
    where = tuple(f"{each.filename}, line {each.lineno}, in {each.name}" for each in frames)
    text = mask("".join(traceback.format_exception(error)))
    why = "it came from here:"
    if session is not None:
        log = session.around.places.state / "bug.log"
        with suppress(OSError):
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
            with os.fdopen(os.open(log, flags, 0o600), "wb") as file:
                file.write(text.encode(errors="backslashreplace"))
            why, where = f"details are in {log}", ()
    return KbootError(
        Exit.BUG,
        f"a bug in kboot {__version__}: {type(error).__name__}: {mask(str(error))[:200]}",
        why=why,
        items=where,
        state=f"not known after `kboot {mask(' '.join(words))}`; `kboot doctor` looks",
        next="report all this, with the details and what `kboot doctor --save-state FILE` keeps",
    )


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(number)


_STOP = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: _stop,
    signal.SIGHUP: _stop,
}
_END = dict.fromkeys(_STOP, signal.SIG_DFL)
"""Once all is told a signal may end the process as it ends others."""


def _raise_again(lost: "sys.UnraisableHookArgs") -> None:
    """A signal's exception that came where Python lets none out, as in a weakref's callback."""
    if not isinstance(lost.exc_value, KeyboardInterrupt | Stopped):
        sys.__unraisablehook__(lost)
        return
    number = getattr(lost.exc_value, "code", Exit.INTERRUPTED) - 128
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, 0.001)


def _heed_signals(handlers: "Mapping[signal.Signals, Handler]") -> None:
    """What whoever started kboot has it ignore stays so, as under nohup."""
    for number, handler in handlers.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _hold_standard_streams() -> None:
    """A closed 0, 1 or 2 would be given to the next file opened, and be written to."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest that is free, which is this one.
            os.open(os.devnull, os.O_RDWR)


def _let_go_of_stdout(code: int) -> int:
    """The interpreter's last flush must not fail, so nothing is left to it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        # Help and version alone come here: what a run says is flushed as it is written.
        from bootstrap.ui.screen import all_told
        from bootstrap.ui.stream import forget

        forget(sys.stdout, error)
        return all_told(Exit(code))
    return code
