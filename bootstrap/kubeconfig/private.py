"""kboot's private kubeconfig of one cluster, and what it says about reaching the API server.

kboot keeps it as JSON: kubectl and minikube read JSON as the YAML that it is, and kboot reads it
back without importing a YAML parser. `normalise` turns minikube's file into this form.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bootstrap.regular import read_regular

SIZE_LIMIT = 1 << 20
"""Bytes of a kubeconfig that are read. minikube's are below 20 KiB, certificates included."""

_CLUSTER_KEYS = ("server", "certificate-authority", "certificate-authority-data")
_USER_KEYS = (
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
)
_CONTEXT_KEYS = ("cluster", "user", "namespace")
_IGNORED_KEYS = ("extensions", "disable-compression")
_NOT_RUN = {
    "exec": "gets its credentials from a program (exec), which kboot does not run",
    "auth-provider": "gets its credentials from an auth-provider, which kboot does not run",
}


class Unsupported(ValueError):
    """A kubeconfig that asks for what kboot does not do itself: says what."""


class Connection(NamedTuple):
    """How to reach one API server. Files are absolute paths; of file and PEM at most one is set."""

    server: str
    """`https://host[:port][/prefix]`."""
    ca_file: str | None = None
    ca_pem: str | None = None
    certificate_file: str | None = None
    certificate_pem: str | None = None
    key_file: str | None = None
    key_pem: str | None = None
    token: str | None = None
    socket: str | None = None
    """Of a `kubectl proxy`, which does all the rest: TLS, credentials, the way there."""

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"Connection({self.server!r})"


def content_of(path: Path) -> bytes:
    """Of a regular file; a pipe would keep kboot waiting. Raises OSError, also past the limit."""
    return read_regular(path, SIZE_LIMIT)


def read_private(path: Path) -> Connection | None:
    """The connection of the file's current context; None when there is no such file.

    Raises ValueError, saying why, when the file is not what `normalise` writes.
    """
    try:
        content = content_of(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON") from error
    if not isinstance(document, dict):
        raise ValueError(f"{path} is not a kubeconfig")
    chosen = select(document, str(document.get("current-context", "")))
    return connection_of(chosen, path.parent)


def select(document: Mapping[str, Any], context: str) -> Mapping[str, Any]:
    """A kubeconfig with that context, its cluster and its user, and nothing else.

    Relative file names in it stay relative to the folder of the file that holds it, as for
    kubectl. Raises ValueError for a context that is not there, and its kind Unsupported for one
    that needs what kboot does not do: running a program for credentials, proxies, unverified TLS,
    the system's CAs, coming without credentials.
    """
    link = _keep(_entry(document, "context", context), "context", context, _CONTEXT_KEYS)
    cluster_name, user_name = link.get("cluster", ""), link.get("user", "")
    cluster = _keep(
        _entry(document, "cluster", cluster_name), "cluster", cluster_name, _CLUSTER_KEYS
    )
    user = _keep(_entry(document, "user", user_name), "user", user_name, _USER_KEYS)
    _check_complete(cluster, user, context)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster_name, "cluster": cluster}],
        "users": [{"name": user_name, "user": user}],
        "contexts": [{"name": context, "context": link}],
        "current-context": context,
    }


def _entry(document: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    entries = document.get(f"{kind}s")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name:
            body = entry.get(kind)
            if isinstance(body, dict):
                return body
    raise ValueError(f"the kubeconfig has no {kind} {name!r}")


def _keep(body: Mapping[str, Any], kind: str, name: str, keys: Iterable[str]) -> dict[str, str]:
    """The entries kboot understands. Any other that says something is refused, not overlooked."""
    kept = {}
    for key, value in body.items():
        if key in _NOT_RUN:
            raise Unsupported(f"{kind} {name!r} {_NOT_RUN[key]}")
        if key in _IGNORED_KEYS or not value:
            continue
        if key not in keys or not isinstance(value, str):
            raise Unsupported(f"{kind} {name!r} has {key}, which kboot does not use")
        kept[str(key)] = value
    return kept


def _check_complete(cluster: Mapping[str, str], user: Mapping[str, str], context: str) -> None:
    def has(body: Mapping[str, str], key: str) -> bool:
        return key in body or f"{key}-data" in body

    missing = []
    if "server" not in cluster:
        missing.append("server")
    if not has(cluster, "certificate-authority"):
        missing.append("certificate-authority")
    if "token" not in user and not (has(user, "client-certificate") and has(user, "client-key")):
        missing.append("client certificate with its key, or token")
    if missing:
        raise Unsupported(f"context {context!r} has no {', no '.join(missing)}")


def connection_of(chosen: Mapping[str, Any], folder: Path) -> Connection:
    """What `select` chose. Relative file names are relative to `folder`.

    Raises ValueError, Unsupported for a server that does not speak https.
    """
    cluster = chosen["clusters"][0]["cluster"]
    user = chosen["users"][0]["user"]
    server = cluster["server"]
    address = urlsplit(server)
    if address.scheme != "https" or not address.hostname or address.port == 0:
        raise Unsupported(f"server {server!r} is not an https address")
    token = user.get("token", "").strip()
    if not (token.isascii() and token.isprintable()):
        raise ValueError("the token has characters that no token has")
    return Connection(
        server,
        *_source(cluster, "certificate-authority", folder),
        *_source(user, "client-certificate", folder),
        *_source(user, "client-key", folder),
        token=token or None,
    )


def _source(body: Mapping[str, str], key: str, folder: Path) -> tuple[str | None, str | None]:
    """File and PEM text of one entry. Data win over a file, as in client-go's clientcmd."""
    if f"{key}-data" in body:
        return None, base64.b64decode(body[f"{key}-data"], validate=True).decode("ascii")
    if key in body:
        return str(folder / body[key]), None
    return None, None
