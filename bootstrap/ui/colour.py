"""Lines on a terminal, their symbols in colour."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

from bootstrap.ui.layout import Line
from bootstrap.ui.signs import plain, symbols_for

_STYLES = {
    "ok": "green",
    "drift": "cyan",
    "warn": "yellow",
    "fail": "bold red",
    "unknown": "magenta",
    "skipped": "dim",
}
_TITLES = ("Tools", "Host", "Cluster", "Warnings", "Gates")


def styled(stream: TextIO, lines: Iterable[Line]) -> None:
    console = Console(file=stream, highlight=False, markup=False, soft_wrap=True)
    for line in lines:
        console.print(in_colour(line, stream))


def in_colour(line: Line, stream: TextIO) -> Text:
    shown = Text(plain(line, symbols_for(stream)))
    if line.mark:
        shown.stylize(_STYLES[line.mark], 0, 4)
    elif line.text in _TITLES:
        shown.stylize("bold")
    return shown
