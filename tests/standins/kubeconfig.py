"""The kubeconfig, written and merged as minikube does, in as much YAML as that takes.

Read are JSON and plain block YAML: what minikube and kubectl write. Anything else is Unreadable.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from .call import user_home

PLAIN = re.compile(r"[\w/~+=@-][\w/.~+=@, :()-]*")
LITERALS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "{}": {},
    "[]": [],
    '""': "",
}


class UnreadableError(ValueError):
    """The file is no YAML, or more of it than this reads."""


def path() -> Path:
    first = os.environ.get("KUBECONFIG", "").split(":")[0]
    return Path(first) if first else Path(user_home(), ".kube", "config")


def read() -> dict[str, Any]:
    """The file's content; a missing or empty file is an empty kubeconfig."""
    try:
        text = path().read_text()
    except FileNotFoundError:
        return {}
    return load(text) if text.strip() else {}


def write(config: dict[str, Any]) -> None:
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".new")
    fresh.write_text("\n".join(_dump(config, "")) + "\n")
    fresh.chmod(0o600)
    fresh.replace(target)


def server(profile: str) -> str:
    """The address the file has for the profile, or nothing."""
    for entry in read().get("clusters") or []:
        if entry.get("name") == profile:
            return str((entry.get("cluster") or {}).get("server", ""))
    return ""


def put(
    profile: str,
    cluster: dict[str, Any],
    user: dict[str, Any],
    context: dict[str, Any],
    *,
    make_current: bool,
) -> None:
    config: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    config |= {"current-context": ""} | read()
    for key, name, body in (
        ("clusters", "cluster", cluster),
        ("users", "user", user),
        ("contexts", "context", context),
    ):
        others = [entry for entry in config.get(key) or [] if entry.get("name") != profile]
        config[key] = [*others, {"name": profile, name: body}]
    if make_current:
        config["current-context"] = profile
    write(config)


def remove(profile: str) -> None:
    config = read()
    for key in ("clusters", "users", "contexts"):
        config[key] = [entry for entry in config.get(key) or [] if entry.get("name") != profile]
    if config.get("current-context") == profile:
        config["current-context"] = ""
    write(config)


def load(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        loaded = json.loads(text)
    else:
        lines = [
            (len(line) - len(line.lstrip(" ")), line.strip())
            for line in text.splitlines()
            if line.strip() and not line.lstrip().startswith("#") and line.strip() != "---"
        ]
        loaded, at = _node(lines, 0, lines[0][0])
        if at != len(lines):
            raise UnreadableError(lines[at][1])
    if not isinstance(loaded, dict):
        raise UnreadableError("no mapping")
    return loaded


def _node(lines: list[tuple[int, str]], at: int, indent: int) -> tuple[Any, int]:
    if not lines[at][1].startswith("- "):
        return _mapping(lines, at, indent)
    items = []
    while at < len(lines) and lines[at][0] == indent and lines[at][1].startswith("- "):
        inner = lines[at][1][2:]
        width = indent + 2 + len(inner) - len(inner.lstrip(" "))
        lines[at] = (width, inner.strip())
        item, at = _node(lines, at, width)
        items.append(item)
    return items, at


def _mapping(lines: list[tuple[int, str]], at: int, indent: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while at < len(lines) and lines[at][0] == indent and not lines[at][1].startswith("- "):
        key, colon, rest = lines[at][1].partition(":")
        if not colon or (rest and not rest.startswith(" ")):
            raise UnreadableError(lines[at][1])
        at += 1
        found[key] = _scalar(rest.strip())
        if rest.strip() or at == len(lines):
            continue
        deeper = lines[at][0] > indent
        if deeper or (lines[at][0] == indent and lines[at][1].startswith("- ")):
            found[key], at = _node(lines, at, lines[at][0])
    return found, at


def _scalar(text: str) -> Any:
    if text in LITERALS:
        literal = LITERALS[text]
        return type(literal)() if isinstance(literal, dict | list) else literal
    if not text:
        return None
    if text[0] == '"':
        return json.loads(text)
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    if text[0] in "[{&*!|>%@`":
        raise UnreadableError(text)
    return text


def _dump(value: Any, indent: str) -> list[str]:
    lines: list[str] = []
    if isinstance(value, list):
        for item in value:
            inner = _dump(item, indent + "  ")
            lines += [f"{indent}- {inner[0].lstrip(' ')}", *inner[1:]]
        return lines
    for key, item in sorted(value.items()):
        if isinstance(item, dict) and item:
            lines += [f"{indent}{key}:", *_dump(item, indent + "  ")]
        elif isinstance(item, list) and item:
            lines += [f"{indent}{key}:", *_dump(item, indent)]
        else:
            lines.append(f"{indent}{key}: {_plain(item)}")
    return lines


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    safe = PLAIN.fullmatch(value) and ": " not in value and not value.endswith((":", " "))
    if safe and value not in LITERALS and not value.replace(".", "").isdigit():
        return value
    return json.dumps(value)
