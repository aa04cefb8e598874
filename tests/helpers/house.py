"""The house as its own imports draw it: rooms, what each is for, and what it stands on.

`python -m tests.helpers.house` draws it anew into docs/architecture.md.
"""

import ast
from collections.abc import Mapping
from functools import cache
from itertools import groupby

from tests.helpers.places import ROOT

PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by `python -m tests.helpers.house` -->\n", "<!-- drawn -->\n"
HEAVY = {"pydantic", "rich", "sh", "packaging", "urllib3", "yaml", "asyncio"}
"""What a run without terminal, with warm caches and without operators in its profile must not load.

Each costs more than a version probe, some more than all of them.
"""
USELESS = {"dataclasses", "inspect", "email", "http", "shutil"}
"""Of the standard library, what kboot itself has no use for in such a run (decision 16)."""
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
        file.read_text(encoding="utf-8"), str(file)
    )
    for file in sorted((ROOT / "bootstrap").rglob("*.py"))
}
_ROOMS = {name for name in MODULES if any(each.startswith(f"{name}.") for each in MODULES)}


def imported(node: ast.AST) -> set[str]:
    """The modules that the statements in `node` import."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            found |= {alias.name for alias in part.names}
        elif isinstance(part, ast.ImportFrom):
            inside = {f"{part.module}.{alias.name}" for alias in part.names} & set(MODULES)
            found |= inside or {str(part.module)}
    return found


def room_of(module: str) -> str:
    """The folder that it stands in, without the package's name; files of none are rooms."""
    folder = module if module in _ROOMS else module.rpartition(".")[0]
    return (module if folder == "bootstrap" else folder).removeprefix("bootstrap.")


@cache
def stands_on() -> Mapping[str, frozenset[str]]:
    """Room → the rooms from which its files import."""
    found: dict[str, set[str]] = {}
    for name, tree in MODULES.items():
        if name in ("bootstrap", "bootstrap.__main__"):
            continue
        below = found.setdefault(room_of(name), set())
        below |= {room_of(each) for each in imported(tree) & (set(MODULES) - {"bootstrap"})}
    return {room: frozenset(below - {room}) for room, below in found.items() if _has_files(room)}


def floor(room: str) -> int:
    """How many rooms stand below it, one on the other. Fails where rooms go round in a circle."""
    return max((floor(each) + 1 for each in stands_on()[room]), default=0)


def drawn() -> str:
    """The rooms from the top floor down, and of each what it is for and stands on."""
    rooms = sorted(stands_on(), key=lambda room: (-floor(room), room))
    floors = (" · ".join(each) for _, each in groupby(rooms, key=floor))
    head = (
        "| room | what is done there | it stands on, and on what those stand on |",
        "|---|---|---|",
    )
    rows = (f"| `{room}` | {_purpose(room)} | {', '.join(_next_below(room))} |" for room in rooms)
    return "\n".join(("```", *floors, "```", "", *head, *rows)) + "\n"


def _next_below(room: str) -> list[str]:
    """Those on which it does not stand by way of another."""
    below = stands_on()[room]
    by_way = {each for other in below for each in _all_below(other)}
    return sorted(below - by_way, key=lambda each: (-floor(each), each))


def _all_below(room: str) -> set[str]:
    below = stands_on()[room]
    return {*below}.union(*(_all_below(each) for each in below))


def _has_files(room: str) -> bool:
    name = f"bootstrap.{room}"
    inside = (each for each in MODULES if each.rpartition(".")[0] == name)
    return name not in _ROOMS or any(each not in _ROOMS for each in inside)


def _purpose(room: str) -> str:
    told = ast.get_docstring(MODULES[f"bootstrap.{room}"]) or ""
    return told.partition("\n\n")[0].replace("\n", " ")


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{drawn()}{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
