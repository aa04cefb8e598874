"""One context of the person's own kubeconfig files, and how its API server can be reached.

Loads PyYAML: only a run for which the person named a context imports it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bootstrap.kubeconfig.document import is_blank, parse
from bootstrap.kubeconfig.edit import entry
from bootstrap.kubeconfig.entries import FILES, KEYS, Body
from bootstrap.kubeconfig.private import Connection, Unsupported, connection_of, content_of, select


class Target(NamedTuple):
    """The API server of one context.

    `needs_kubectl`: why kboot cannot reach it itself, in words; empty: it can, and `connection` is
    complete. Else `connection` has the server's address alone.
    """

    context: str
    connection: Connection
    needs_kubectl: str = ""


class NoContext(ValueError):
    """There is none of that name. `names`: those that there are."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__("no such context")
        self.names = names


def find(files: tuple[Path, ...], context: str) -> Target:
    """As kubectl merges files: what the first of them says of a name holds, whole.

    A file that is not there counts for nothing. Raises NoContext; ValueError, saying which and why,
    for a file that is no kubeconfig, and for a context that leads nowhere.
    """
    merged = _merged(files)
    if context not in merged["context"]:
        raise NoContext(tuple(merged["context"]))
    document: dict[str, Any] = {
        f"{kind}s": [{"name": name, kind: body} for name, body in found.items()]
        for kind, found in merged.items()
    }
    link = merged["context"][context]
    cluster = merged["cluster"].get(str(link.get("cluster") or ""))
    if cluster is None or not cluster.get("server"):
        raise ValueError(f"context {context!r} names no cluster that has a server")
    try:
        return Target(context, connection_of(select(document, context), Path("/")))
    except Unsupported as error:
        return Target(context, Connection(str(cluster["server"])), str(error))


def _merged(files: tuple[Path, ...]) -> dict[str, dict[str, Body]]:
    found: dict[str, dict[str, Body]] = {kind: {} for kind in KEYS}
    for file in files:
        try:
            document = _read(file)
            for kind, known in found.items():
                for name in _names(document, kind):
                    known.setdefault(name, _anywhere(entry(document, kind, name) or {}, file))
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error
    return found


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = b"" if str(file) == os.devnull else content_of(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    return {} if is_blank(content.decode(errors="replace")) else parse(content)


def _names(document: Mapping[str, Any], kind: str) -> list[str]:
    named = (each.get("name") for each in document.get(f"{kind}s") or () if isinstance(each, dict))
    return [name for name in named if isinstance(name, str)]


def _anywhere(body: Body, file: Path) -> Body:
    """Relative file names are relative to the kubeconfig that holds them."""
    return {
        key: str(file.parent / value)
        if key in FILES and value and isinstance(value, str)
        else value
        for key, value in body.items()
    }
