"""A line as text: its symbol in front, and nothing in it that a terminal would obey."""

from collections.abc import Mapping
from typing import TextIO

from bootstrap.ui.layout import PLAIN, SYMBOLS, Line

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
