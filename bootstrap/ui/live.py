"""What happens, on a terminal: bars for downloads, a spinner for the rest."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from bootstrap.core.model.events import Event, Happening
from bootstrap.ui.colour import in_colour
from bootstrap.ui.layout import WIDTH, Line
from bootstrap.ui.plain import finished
from bootstrap.ui.signs import harmless

_REFRESHES = 4
"""A second: more costs a core without being seen."""


class LiveTalk:
    """Lines stay; below them the work in hand is redrawn."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._work = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            refresh_per_second=_REFRESHES,
        )
        self._downloads = Progress(
            TextColumn("  {task.description}", markup=False),
            BarColumn(bar_width=20),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            refresh_per_second=_REFRESHES,
        )
        self._live: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        """What is shown below the lines, by subject."""

    def event(self, event: Event) -> None:
        match event.happening:
            case Happening.STEP_STARTED | Happening.GATE_STARTED:
                self._working(event.subject)
            case Happening.DOWNLOAD:
                self._downloading(event)
            case Happening.OUTPUT:
                self._above(Text(f"      {harmless(event.message)}", style="dim"))
                if self._live is self._work:  # it speaks again: what was waited for is over
                    self._working(event.subject)
            case Happening.WAITING:
                self._working(harmless(f"{event.subject}: {event.message}")[: WIDTH - 14])
            case Happening.STEP_DONE | Happening.STEP_FAILED:
                self._end(event.subject.partition(" ")[2])
                self.lines(finished(event))
            case _:
                self.close()

    def lines(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._above(in_colour(line, sys.stderr))

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            for task in self._tasks.values():
                self._live.remove_task(task)
            self._live = None
            self._tasks.clear()

    def _above(self, what: Text) -> None:
        self._console.print(what)

    def _working(self, description: str) -> None:
        """One thing at a time, but never in the place of downloads that are under way."""
        if self._live is self._downloads:
            return
        self._show(self._work)
        if self._tasks:
            (task,) = self._tasks.values()
            self._work.update(task, description=description)
        else:
            self._tasks[""] = self._work.add_task(description, total=None)

    def _downloading(self, event: Event) -> None:
        """One bar for each."""
        self._show(self._downloads)
        if event.subject not in self._tasks:
            self._tasks[event.subject] = self._downloads.add_task(event.subject, total=None)
        task = self._tasks[event.subject]
        self._downloads.update(task, completed=event.done or 0, total=event.total)

    def _show(self, kind: Progress) -> None:
        if self._live is not kind:
            self.close()
            self._live = kind
            kind.start()

    def _end(self, subject: str) -> None:
        """Take one bar away; with the last, all that is shown."""
        if self._live is self._downloads and subject in self._tasks and len(self._tasks) > 1:
            self._downloads.remove_task(self._tasks.pop(subject))
        elif self._live is self._work or len(self._tasks) <= 1:
            self.close()
