"""What happens, as plain lines: for pipes, files and terminals without colour."""

from collections.abc import Iterable, Mapping
from typing import TextIO

from bootstrap.core.events import Event, Happening
from bootstrap.core.units import show_bytes, show_seconds
from bootstrap.ui.layout import Line, paragraph, row
from bootstrap.ui.stream import write

_MARKS = {Happening.STEP_DONE: "ok", Happening.STEP_FAILED: "fail"}


class PlainTalk:
    """No line is ever rewritten; a download says how far it is at each quarter."""

    def __init__(self, stream: TextIO | None, *, verbose: bool) -> None:
        self._stream = stream
        self._verbose = verbose
        self._quarters: dict[str, int] = {}

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
                return paragraph(f"{event.subject}: {event.message}", 6)
            case _:
                return []

    def _download(self, event: Event) -> list[Line]:
        if not event.total or event.done is None:
            return []
        quarter = 4 * event.done // event.total
        if quarter <= self._quarters.get(event.subject, 0):
            return []
        self._quarters[event.subject] = quarter
        so_far = f"{show_bytes(event.done)} of {show_bytes(event.total)}"
        return [Line(f"      {event.subject}: {so_far}")]


def finished(event: Event) -> list[Line]:
    """The line that stays when a step has ended."""
    took = show_seconds(event.seconds) if event.seconds and event.seconds >= 1 else ""
    message = event.message if event.happening is Happening.STEP_DONE else "failed"
    marks: Mapping[Happening, str] = _MARKS
    verb, _, subject = event.subject.partition(" ")
    return row(marks[event.happening], verb, f"{subject:<28} {message}", took)
