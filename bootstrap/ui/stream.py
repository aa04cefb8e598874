"""Write lines to a stream that may be closed, blind to Unicode, or a terminal."""

import os
from collections.abc import Iterable
from typing import TextIO

from bootstrap.ui.layout import PLAIN, Line
from bootstrap.ui.signs import plain, symbols_for

_PLAIN_SIGNS = str.maketrans({"→": "->", "·": "|", "…": "..."})


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def write(stream: TextIO | None, lines: Iterable[Line], *, color: bool) -> None:
    """Lines to a stream that may be closed at any moment: a reader that left stops nothing."""
    if stream is None:
        return
    if color and is_terminal(stream):
        # A lazy point: rich is for terminals.
        from bootstrap.ui.colour import styled

        styled(stream, lines)
        return
    symbols = symbols_for(stream)
    shown = "".join(f"{plain(line, symbols)}\n" for line in lines)
    try:
        stream.write(_encodable(shown, stream))
        stream.flush()
    except (BrokenPipeError, ValueError):
        _forget(stream)


def pour(stream: TextIO | None, text: str) -> None:
    """Text as it is, names that are no text (surrogates) as the bytes that they came from."""
    if stream is None:
        return
    try:
        stream.flush()
        stream.buffer.write(os.fsencode(text))
        stream.flush()
    except (BrokenPipeError, ValueError):
        _forget(stream)


def _encodable(text: str, stream: TextIO) -> str:
    """A profile's or a program's words may have what the stream's encoding has not: \\xfc."""
    encoding = stream.encoding or "ascii"
    if symbols_for(stream) is PLAIN:
        text = text.translate(_PLAIN_SIGNS)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _forget(stream: TextIO) -> None:
    """Point a closed stream at nothing, so that the interpreter's last flush cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass
    finally:
        os.close(nowhere)
