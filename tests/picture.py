"""A captured terminal screen as an SVG: what a person saw of `kboot up` and `kboot doctor`."""

import io
import re
import sys
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.text import Text


def shown(screen: str) -> list[Text]:
    """The lines of `kboot up` and `kboot doctor`, without the rehearsal's other commands."""
    lines: list[Text] = []
    keep = False
    for line in AnsiDecoder().decode(screen):
        if line.plain.startswith("$ kboot"):
            keep = line.plain.startswith(("$ kboot up", "$ kboot doctor"))
        if keep:
            lines.append(line)
    return lines


def main(source: str, target: str) -> None:
    console = Console(width=80, record=True, file=io.StringIO(), force_terminal=True)
    for line in shown(Path(source).read_text(encoding="utf-8")):
        console.print(line, soft_wrap=True)
    svg = console.export_svg(title="kboot: a rehearsal", unique_id="kboot")
    # rich names a font server; a picture in a repository asks nobody for anything.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    Path(target).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
