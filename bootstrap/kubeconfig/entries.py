"""The three entries of one cluster in a kubeconfig, and whose entries of its name are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

Body = Mapping[str, Any]

KEYS = {
    "cluster": ("server", "certificate-authority", "certificate-authority-data"),
    "user": (
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "token",
    ),
    "context": ("cluster", "user"),
}
"""Per kind what makes an entry be about this cluster. The rest (a namespace, a proxy) is taste."""
FILES = ("certificate-authority", "client-certificate", "client-key")


class Entries(NamedTuple):
    """Per kind (`cluster`, `user`, `context`) the entry's name and body, valid in any folder."""

    named: Mapping[str, tuple[str, Body]]

    @property
    def context(self) -> str:
        return self.named["context"][0]


def entries_of(content: bytes, folder: Path) -> Entries:
    """Of kboot's private kubeconfig, which stands in `folder`. Raises ValueError if it is none."""
    try:
        document = json.loads(content)
        found = {kind: document[f"{kind}s"][0] for kind in KEYS}
        named = {kind: (str(each["name"]), dict(each[kind])) for kind, each in found.items()}
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise ValueError("kboot's own kubeconfig of it cannot be read") from error
    return Entries({kind: (name, _anywhere(body, folder)) for kind, (name, body) in named.items()})


def as_json(entries: Entries) -> Any:
    return {kind: list(pair) for kind, pair in entries.named.items()}


def from_json(plain: Any) -> Entries:
    """What `as_json` gave. Raises ValueError on anything else."""
    try:
        return Entries({kind: (str(plain[kind][0]), dict(plain[kind][1])) for kind in KEYS})
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError("not entries of a kubeconfig") from error


def same(kind: str, theirs: Body, ours: Body) -> bool:
    """Whether an entry that is there leads where kboot's would."""
    return all((theirs.get(key) or None) == (ours.get(key) or None) for key in KEYS[kind])


def renewed(kind: str, theirs: Body, ours: Body) -> Body:
    """The entry as it must be, with what a person may have added to it kept."""
    if kind == "user":
        return ours
    dropped = (*KEYS[kind], "insecure-skip-tls-verify")  # client-go refuses it beside a CA
    return {**{k: v for k, v in theirs.items() if k not in dropped}, **_essential(kind, ours)}


def belongs(kind: str, theirs: Body, known: tuple[Body, ...], minikube_home: Path) -> bool:
    """Whether an entry of the cluster's name is about this very cluster, whoever wrote it.

    `known`: the bodies that kboot has or once had of it. What minikube wrote of a cluster of this
    name under the same home is of this cluster too: it names its files, or itself.
    """
    if kind == "context":
        return any(same(kind, theirs, ours) for ours in known)
    if any(_shares(kind, theirs, ours) for ours in known):
        return True
    files = [Path(str(theirs[key])) for key in FILES if theirs.get(key)]
    if files:
        return all(file.is_relative_to(minikube_home) for file in files)
    return _says_minikube(theirs)


def _anywhere(body: Body, folder: Path) -> Body:
    """Relative file names are relative to the kubeconfig that holds them."""
    return {key: str(folder / value) if key in FILES else value for key, value in body.items()}


def _essential(kind: str, ours: Body) -> Body:
    return {key: ours[key] for key in KEYS[kind] if key in ours}


def _shares(kind: str, theirs: Body, ours: Body) -> bool:
    return any(theirs.get(key) and theirs.get(key) == ours.get(key) for key in KEYS[kind])


def _says_minikube(theirs: Body) -> bool:
    """minikube since 1.16 signs what it writes (pkg/minikube/kubeconfig/extension.go)."""
    extensions = theirs.get("extensions")
    for each in extensions if isinstance(extensions, list) else ():
        told = each.get("extension") if isinstance(each, dict) else None
        if isinstance(told, dict) and told.get("provider") == "minikube.sigs.k8s.io":
            return True
    return False
