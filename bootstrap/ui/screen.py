"""Where lines go: data to stdout, talk to stderr. Picks the plain or the live rendering."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from bootstrap.core.model.events import Event
from bootstrap.core.result.report import Report
from bootstrap.core.values.masking import mask, masked
from bootstrap.errors import Exit, refused
from bootstrap.ui import text
from bootstrap.ui.layout import Line, paragraph
from bootstrap.ui.plain import PlainTalk
from bootstrap.ui.stream import LOST, is_terminal, pour, write

if TYPE_CHECKING:
    from bootstrap.ui.events import EventFile


class Talk(Protocol):
    """Tells what happens while it happens."""

    def event(self, event: Event) -> None: ...
    def lines(self, lines: Iterable[Line]) -> None: ...
    def close(self) -> None: ...


class Screen:
    """One run's output. With `json` or `junit` all that is on stdout is the report's document."""

    def __init__(
        self,
        *,
        output: str,
        environ: Mapping[str, str],
        verbose: bool = False,
        quiet: bool = False,
        color: bool = True,
    ) -> None:
        self.document = output != "text"
        """Whether stdout is for the document alone."""
        self._output = output
        self.verbose = verbose
        self.quiet = quiet
        self._color = color and not environ.get("NO_COLOR")
        self._talk: Talk | None = None
        self.events: EventFile | None = None

    def event(self, event: Event) -> None:
        """Called from worker threads too."""
        event = event._replace(subject=mask(event.subject), message=mask(event.message))
        if self.events is not None:
            self.events.event(event)
            self._tell_of(self.events)
        if not self.quiet:
            self._talking().event(event)

    def talk(self, lines: Iterable[Line]) -> None:
        """Something to know while it runs."""
        if not self.quiet:
            self._talking().lines(_masked(lines))

    def data(self, lines: Iterable[Line]) -> None:
        """What the person asked for."""
        self.close()
        if not self.document:
            write(sys.stdout, _masked(lines), color=self._color)

    def verbatim(self, text: str) -> None:
        """What the person asked for, for a program to read: byte for byte."""
        self.close()
        if not self.document:
            pour(sys.stdout, text)

    def verdict(self, lines: Iterable[Line], *, good: bool) -> None:
        """The last lines. Bad news goes to stderr, and is said even when told to be quiet."""
        self.close()
        if not good:
            write(sys.stderr, _masked(lines), color=False)
        elif not self.quiet:
            self.data(lines)

    def finish(self, report: Report) -> Exit:
        """The end of every run: the document, and the error where there is one.

        The code to end with: the report's, unless not all of it could be told.
        """
        self.close()
        if self.events is not None:
            self.events.end(report)
            self._tell_of(self.events)
        if self.document:
            write(sys.stdout, [Line(self._rendered(report))], color=False)
        if report.error is not None:
            write(sys.stderr, _masked(text.error(report.error)), color=False)
        return all_told(report.exit_code)

    def close(self) -> None:
        if self._talk is not None:
            self._talk.close()
            self._talk = None

    def _rendered(self, report: Report) -> str:
        """ASCII goes through every locale, also with what is no text (a file's name may be)."""
        if self._output == "json":
            return json.dumps(masked(report.as_dict()), indent=2)
        # A lazy point: XML is for those who ask for it.
        from bootstrap.ui.junit import junit

        return junit(report)

    def _tell_of(self, events: "EventFile") -> None:
        problem = events.take_problem()
        if problem:
            self._talking().lines(paragraph(f"kboot: {problem}; the rest goes on"))

    def _talking(self) -> Talk:
        if self._talk is None:
            self._talk = self._new_talk()
        return self._talk

    def _new_talk(self) -> Talk:
        if self._color and is_terminal(sys.stderr):
            from bootstrap.ui.live import LiveTalk

            return LiveTalk(verbose=self.verbose)
        return PlainTalk(sys.stderr, verbose=self.verbose)


def _masked(lines: Iterable[Line]) -> list[Line]:
    return [line._replace(text=mask(line.text)) for line in lines]


def all_told(code: Exit) -> Exit:
    """`code`, unless a stream took less than there was to say: then that is said, and its code."""
    if not LOST:
        return code
    problem = refused(LOST[0], "what kboot has to say cannot be written")
    problem.with_state(f"the run itself ended with {code.id} (exit {int(code)})")
    write(sys.stderr, text.error(problem), color=False)
    return problem.code
