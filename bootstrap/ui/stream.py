"""Write lines to a stream that may be closed, blind to Unicode, or a terminal."""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from bootstrap.ui.layout import PLAIN, Line
from bootstrap.ui.signs import plain, symbols_for

_PLAIN_SIGNS = str.maketrans({"→": "->", "·": "|", "…": "..."})


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


LOST: list[OSError] = []
"""Why a stream took no more: a full disk, a terminal that is gone. It stops no work."""


def write(stream: TextIO | None, lines: Iterable[Line], *, color: bool) -> None:
    """Lines to a stream that may be closed at any moment: a reader that left stops nothing."""
    if stream is None:
        return
    try:
        if color and is_terminal(stream):
            # A lazy point: rich is for terminals.
            from bootstrap.ui.colour import styled

            styled(stream, lines)
        else:
            symbols = symbols_for(stream)
            shown = "".join(f"{plain(line, symbols)}\n" for line in lines)
            stream.write(_encodable(shown, stream))
        stream.flush()
    except (OSError, ValueError) as error:
        forget(stream, error)


def pour(stream: TextIO | None, text: str) -> None:
    """Text as it is, names that are no text (surrogates) as the bytes that they came from."""
    if stream is None:
        return
    try:
        stream.flush()
        stream.buffer.write(os.fsencode(text))
        stream.flush()
    except (OSError, ValueError) as error:
        forget(stream, error)


def _encodable(text: str, stream: TextIO) -> str:
    """A profile's or a program's words may have what the stream's encoding has not: \\xfc."""
    encoding = stream.encoding or "ascii"
    if symbols_for(stream) is PLAIN:
        text = text.translate(_PLAIN_SIGNS)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def forget(stream: TextIO, error: Exception) -> None:
    """Point a stream at nothing, so that the interpreter's last flush cannot fail.

    A reader that left, and a stream that was closed, are no error; anything else is remembered.
    """
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        LOST.append(error)
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
