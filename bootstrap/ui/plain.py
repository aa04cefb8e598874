"""What happens, as plain lines: for pipes, files and terminals without colour."""

from collections.abc import Iterable, Mapping
from typing import TextIO

from bootstrap.core.model.events import LONG_WAIT, Event, Happening
from bootstrap.core.values.units import show_bytes, show_rate, show_seconds
from bootstrap.ui.layout import Line, paragraph, row
from bootstrap.ui.stream import write

_LONGEST_SILENCE = 5.0
"""Seconds between two lines of one download that is slow."""
_MARKS = {Happening.STEP_DONE: "ok", Happening.STEP_FAILED: "fail"}


class PlainTalk:
    """No line is ever rewritten; a download says now and then how far it is."""

    def __init__(self, stream: TextIO | None, *, verbose: bool) -> None:
        self._stream = stream
        self._verbose = verbose
        self._told_at: dict[str, tuple[int, float]] = {}
        """Download → the last quarter and second of which a line was written."""
        self._waited: dict[str, tuple[float, str]] = {}
        """Gate → the second of its wait of which a line was written last, and what it said."""

    def event(self, event: Event) -> None:
        self.lines(self._told(event))

    def lines(self, lines: Iterable[Line]) -> None:
        write(self._stream, lines, color=False)

    def close(self) -> None:
        """Nothing is held open."""

    def _told(self, event: Event) -> list[Line]:
        match event.happening:
            case Happening.STEP_STARTED:
                return [Line(f"    {event.subject} …")]
            case Happening.STEP_DONE | Happening.STEP_FAILED:
                return finished(event)
            case Happening.DOWNLOAD:
                return self._download(event)
            case Happening.OUTPUT:
                return [Line(f"      {event.message}")]
            case Happening.WAITING:
                return self._waiting(event)
            case _:
                return []

    def _waiting(self, event: Event) -> list[Line]:
        """A gate's waits change with every pod: a line when it becomes long, then now and then."""
        if event.seconds is not None:
            first = LONG_WAIT - _LONGEST_SILENCE, ""
            last, said = self._waited.get(event.subject, first)
            same = event.message == said
            if event.seconds < last + _LONGEST_SILENCE * (2 if same else 1):
                return []
            self._waited[event.subject] = event.seconds, event.message
            if same:
                waited = show_seconds(event.seconds)
                return [Line(f"      {event.subject}: the same, after {waited}")]
        return paragraph(f"{event.subject}: {event.message}", 6)

    def _download(self, event: Event) -> list[Line]:
        """The end needs no line: the step's own tells it."""
        done, seconds = event.done or 0, event.seconds or 0.0
        quarter = 4 * done // event.total if event.total else 0
        last, when = self._told_at.get(event.subject, (0, 0.0))
        if done == event.total or (quarter <= last and seconds - when < _LONGEST_SILENCE):
            return []
        self._told_at[event.subject] = quarter, seconds
        return [Line(f"      {event.subject}: {progress(event)}")]


def progress(event: Event) -> str:
    """`29 MB of 59 MB, 39 MB/s, 0.8 s left`, as far as it is known."""
    done, seconds = event.done or 0, event.seconds or 0.0
    said = [show_bytes(done) + (f" of {show_bytes(event.total)}" if event.total else "")]
    if done and seconds:
        said.append(show_rate(done, seconds))
        if event.total:
            said.append(f"{show_seconds((event.total - done) * seconds / done)} left")
    return ", ".join(said)


def finished(event: Event) -> list[Line]:
    """The line that stays when a step has ended."""
    took = show_seconds(event.seconds) if event.seconds and event.seconds >= 1 else ""
    message = event.message if event.happening is Happening.STEP_DONE else "failed"
    marks: Mapping[Happening, str] = _MARKS
    verb, _, subject = event.subject.partition(" ")
    return row(marks[event.happening], verb, f"{subject:<28} {message}", took)
