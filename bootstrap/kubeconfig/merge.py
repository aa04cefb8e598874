"""Which of the person's kubeconfig files must change, and how, so that a cluster is in them.

Loads PyYAML: imported where a file is not as it was last seen, and where it is to be changed.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bootstrap.kubeconfig.document import is_blank, parse
from bootstrap.kubeconfig.edit import Change, edit, entry
from bootstrap.kubeconfig.entries import KEYS, Body, Entries, belongs, renewed, same

Texts = Mapping[Path, str]
"""The files' content in the order in which they hold; empty for a file that is not there."""


_AS_LONG: Body = {"server": "x" * 4096}
"""As what minikube writes of a cluster; of a user with its keys inside it is half as much."""


class Merge(NamedTuple):
    """What merging comes to. `conflict` set: nothing may be done, since that entry is another's."""

    changes: Mapping[Path, Change]
    current_context: str
    """As it is now; empty: none is set."""
    conflict: str = ""
    found: Mapping[str, Path] = MappingProxyType({})
    """Kind → the file that has, or gets, the cluster's entry."""


class Unreadable(ValueError):
    """A file that is no kubeconfig; says which and why."""


class Owner(NamedTuple):
    """By what kboot knows its own: minikube's home, and what it recorded of an earlier merge."""

    minikube_home: Path
    recorded: Entries | None = None

    def owns(self, kind: str, theirs: Body, entries: Entries | None) -> bool:
        known = tuple(each.named[kind][1] for each in (entries, self.recorded) if each)
        return belongs(kind, theirs, known, self.minikube_home)


def merging(
    texts: Texts,
    entries: Entries,
    owner: Owner,
    *,
    new_file: Path,
    switch: bool,
    show: Callable[[Path], str] = str,
) -> Merge:
    """How the entries get into the files. Raises Unreadable."""
    documents = _documents(texts)
    current = _current(documents)
    puts: dict[Path, dict[str, tuple[str, Body]]] = {}
    found: dict[str, Path] = {}
    for kind, (name, ours) in entries.named.items():
        file, theirs = _first(documents, kind, name)
        found[kind] = file or new_file
        if file is None or theirs is None:
            puts.setdefault(new_file, {})[kind] = (name, ours)
        elif not same(kind, theirs, ours):
            if not owner.owns(kind, theirs, entries):
                return Merge({}, current, _not_ours(kind, name, theirs, show(file)))
            puts.setdefault(file, {})[kind] = (name, renewed(kind, theirs, ours))
    changes = {file: Change(put=put) for file, put in puts.items()}
    if current != entries.context and (switch or not current):
        changes[new_file] = Change(put=puts.get(new_file, {}), current=entries.context)
    return Merge(changes, current, found=found)


def before_start(
    texts: Texts, name: str, owner: Owner, *, new_file: Path, show: Callable[[Path], str] = str
) -> Merge:
    """What can be told before the cluster is there: whose the entries of its name are.

    `changes` are to be tried only: the files are those that will change, the entries are not.
    """
    documents = _documents(texts)
    current = _current(documents)
    puts: dict[Path, dict[str, tuple[str, Body]]] = {}
    for kind in KEYS:
        file, theirs = _first(documents, kind, name)
        strange = theirs is not None and not owner.owns(kind, theirs, None)
        if file and theirs is not None and strange and kind != "context":
            return Merge({}, current, _not_ours(kind, name, theirs, show(file)))
        puts.setdefault(file or new_file, {})[kind] = (name, _AS_LONG)
    return Merge({file: Change(put=put) for file, put in puts.items()}, current)


def removing(texts: Texts, owner: Owner) -> Mapping[Path, Change]:
    """How what kboot recorded gets out of the files; what is not its own any more stays."""
    assert owner.recorded is not None
    changes = {}
    for file, document in _documents(texts).items():
        drop = {}
        for kind, (name, _) in owner.recorded.named.items():
            theirs = entry(document, kind, name)
            if theirs is not None and owner.owns(kind, theirs, None):
                drop[kind] = name
        current = str(document.get("current-context") or "")
        gone = "context" in drop and current == drop["context"]
        changes[file] = Change(drop=drop, current="" if gone else None)
    return {file: change for file, change in changes.items() if change}


def changed(file: Path, text: str, change: Change) -> str:
    """The file's new text. Raises Unreadable."""
    try:
        return edit(text, change)
    except ValueError as error:
        raise Unreadable(f"{file}: {error}") from error


def _documents(texts: Texts) -> Mapping[Path, Mapping[str, object]]:
    documents = {}
    for file, text in texts.items():
        try:
            documents[file] = {} if is_blank(text) else parse(text, once=True)
        except ValueError as error:
            raise Unreadable(f"{file}: {error}") from error
    return documents


def _current(documents: Mapping[Path, Mapping[str, object]]) -> str:
    found = (str(each.get("current-context") or "") for each in documents.values())
    return next(filter(None, found), "")


def _first(
    documents: Mapping[Path, Mapping[str, object]], kind: str, name: str
) -> tuple[Path | None, Body | None]:
    for file, document in documents.items():
        body = entry(document, kind, name)
        if body is not None:
            return file, body
    return None, None


def _not_ours(kind: str, name: str, theirs: Body, file: str) -> str:
    at = f" at {theirs['server']}" if theirs.get("server") else ""
    return f"{file} has another {kind} named {name}{at}"
