"""Reading the API's objects, from servers old, new, half started or hostile.

A field that is absent, null or of another type reads as empty or zero: Go leaves out zero values,
and 1.9 lacks fields that later versions have. Nothing here raises.
"""

from collections.abc import Mapping
from typing import Any

TEXT_LIMIT = 300
"""Characters of one text from a server that are shown to people, unless more is asked for."""

SHOWN = 3
"""Nodes, checks and workloads named one by one; of more only the number is told."""

Object = Mapping[str, Any]


def at(thing: object, *path: str) -> Any:
    """What stands at the end of the path, or None."""
    for key in path:
        thing = thing.get(key) if isinstance(thing, Mapping) else None
    return thing


def text(thing: object, *path: str, limit: int = TEXT_LIMIT) -> str:
    """One line, safe for a terminal, of at most `limit` characters."""
    found = at(thing, *path)
    if not isinstance(found, str):
        return ""
    shown = "".join(each if each.isprintable() else " " for each in found[: 4 * limit])
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def number(thing: object, *path: str, default: int = 0) -> int:
    found = at(thing, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def objects(thing: object, *path: str) -> list[Object]:
    """The objects of a list; an empty list of Go's is `null`."""
    found = at(thing, *path)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def name(thing: object) -> str:
    return text(thing, "metadata", "name") or "(no name)"


def condition(thing: object, kind: str) -> Object:
    """The condition of that type in the object's status, or an empty one."""
    conditions = objects(thing, "status", "conditions")
    return next((each for each in conditions if each.get("type") == kind), {})


def holds(thing: object, kind: str) -> bool:
    """The condition is there and True; Unknown is not."""
    return condition(thing, kind).get("status") == "True"


def explained(found: Object) -> str:
    """`Reason: message` of a condition or a container's state, as far as it has them."""
    return ": ".join(part for part in (text(found, "reason"), text(found, "message")) if part)


def some(texts: list[str]) -> str:
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
