"""What `minikube start` says, line by line: an event of `--output=json`, or a line as it is.

One CloudEvent of type `io.k8s.sigs.minikube.<kind>` per line, all its values strings
(pkg/minikube/out/register/*.go; site: handbook, json_output). Steps may be skipped or repeated,
and `currentstep` may be empty. On a failure the `error` event is the only word about it.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_TYPE = "io.k8s.sigs.minikube."


class Told(NamedTuple):
    """`lines` are for a person; `failure`: they say why minikube gives up."""

    lines: tuple[str, ...]
    failure: bool = False


def tell(line: str) -> Told:
    """What `line` tells. A line that is no event of minikube's is told as it is."""
    kind, data = _event(line)
    if kind == "error":
        return Told(_error(data), failure=True)
    if kind == "step":
        return Told(_lines(_counted(data)))
    if kind == "download":
        return Told((f"downloading {_text(data, 'artifact')}",))
    if kind == "download.progress":
        return Told(())  # only where it sees a terminal, which kboot never gives it
    if kind in ("info", "warning"):
        return Told(_lines(_text(data, "message")))
    return Told((line,))


def _event(line: str) -> tuple[str, Mapping[str, Any]]:
    """Kind and data; an empty kind where it is no event."""
    if not line.startswith("{"):
        return "", {}
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return "", {}
    kind, data = event.get("type"), event.get("data")
    if not isinstance(kind, str) or not kind.startswith(_TYPE) or not isinstance(data, dict):
        return "", {}
    return kind.removeprefix(_TYPE), data


def _counted(data: Mapping[str, Any]) -> str:
    now, of = _text(data, "currentstep"), _text(data, "totalsteps")
    message = _text(data, "message") or _text(data, "name")
    return f"step {now}/{of}: {message}" if now.isdigit() and of.isdigit() else message


def _error(data: Mapping[str, Any]) -> tuple[str, ...]:
    """In the words that minikube uses without `--output=json`."""
    name, message = _text(data, "name"), _text(data, "message")
    parts = [f"Exiting due to {name}: {message}" if name else message]
    for key, label in (
        ("advice", "Suggestion"),
        ("url", "Documentation"),
        ("issues", "Related issues"),
    ):
        if _text(data, key):
            parts.append(f"{label}: {_text(data, key)}")
    return tuple(line for part in parts for line in _lines(part))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""
