"""Lines of text on 80 columns, with symbols that have plain forms."""

import textwrap
from typing import NamedTuple

WIDTH = 80
_LEFT = 19
"""Columns of symbol and subject."""

SYMBOLS = {"ok": "✓", "drift": "~", "warn": "!", "fail": "✗", "unknown": "?", "skipped": "-"}
PLAIN = {"ok": "ok", "drift": "~", "warn": "!", "fail": "x", "unknown": "?", "skipped": "-"}


class Line(NamedTuple):
    """`mark` is a status: the renderer puts its symbol in front and may colour it."""

    text: str = ""
    mark: str = ""


def row(mark: str, subject: str, message: str, right: str = "") -> list[Line]:
    """One marked line; `right` stands at the right margin, or on a line of its own.

    Where all is well and `right` does not fit, it says nothing new and is left out.
    """
    left = f"{subject:<{_LEFT - 5}} {message}"
    room = WIDTH - 4
    if not right:
        first, *rest = textwrap.wrap(
            left,
            room,
            subsequent_indent=" " * (_LEFT - 4),
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
        return [Line(first, mark), *(Line(f"    {each}") for each in rest)]
    if len(left) + 2 + len(right) <= room:
        return [Line(f"{left}{right:>{room - len(left)}}", mark)]
    if mark == "ok":
        return row(mark, subject, message)
    return [*row(mark, subject, message), Line(f"{right:>{WIDTH}}")]


def unbroken(text: str, indent: int, first: str) -> list[Line]:
    """One line however long: it holds what a person types, and a line break would end a command.

    A terminal folds it, and copies it whole. `first` stands before it, in the indent.
    """
    return [Line(f"{first:<{indent}}{' '.join(text.splitlines())}")]


def paragraph(text: str, indent: int = 0, first: str = "") -> list[Line]:
    """Wrapped text; `first` stands before its first line, in the indent."""
    prefix = " " * indent
    lead = f"{first:<{indent}}" if first else prefix
    wrapped = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=prefix,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(each) for each in wrapped]


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
