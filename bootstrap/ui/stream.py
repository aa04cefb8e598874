"""Write lines to a stream that may be closed, blind to Unicode, or a terminal."""

import os
from collections.abc import Iterable, Mapping
from typing import TextIO

from bootstrap.ui.layout import PLAIN, SYMBOLS, Line

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
        from bootstrap.ui.live import styled

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


_CONTROLS = {
    code: f"\\x{code:02x}"
    for code in (*range(0x20), *range(0x7F, 0xA0))
    if code not in (0x09, 0x0A)
}
"""What a program or a file says is shown, not obeyed: an escape sequence becomes text."""


def harmless(text: str) -> str:
    return text.translate(_CONTROLS)


def plain(line: Line, symbols: Mapping[str, str]) -> str:
    line = line._replace(text=harmless(line.text))
    if not line.mark:
        return line.text
    return f"{symbols[line.mark]:>3} {line.text}" if symbols is SYMBOLS else _ascii(line, symbols)


def _ascii(line: Line, symbols: Mapping[str, str]) -> str:
    return f" {symbols[line.mark]:<2} {line.text}"


def symbols_for(stream: TextIO) -> Mapping[str, str]:
    """The plain forms where the stream's encoding has no ✓."""
    try:
        "✓✗→·…".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return SYMBOLS


def _forget(stream: TextIO) -> None:
    """Point a closed stream at nothing, so that the interpreter's last flush cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        pass
    finally:
        os.close(nowhere)
