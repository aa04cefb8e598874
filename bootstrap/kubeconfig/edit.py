"""A kubeconfig's text with some entries put in or taken out, and not another character changed.

PyYAML says where each value stands; the text is changed there and read again. Where that does not
give what is wanted (flow style, aliases), the whole is written anew: all data, without comments.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from bootstrap.kubeconfig.document import compose, is_blank, parse
from bootstrap.kubeconfig.entries import Body
from bootstrap.kubeconfig.written import as_read, as_yaml, lines_of


class Change(NamedTuple):
    """What one file is to be like. Per kind (`cluster`, `user`, `context`) one entry's name."""

    put: Mapping[str, tuple[str, Body]] = MappingProxyType({})
    """Replaces the entry of that name, or is put behind the others."""
    drop: Mapping[str, str] = MappingProxyType({})
    current: str | None = None
    """The current context; None leaves it. Empty: none."""

    def __bool__(self) -> bool:
        return bool(self.put or self.drop) or self.current is not None


def edit(text: str, change: Change) -> str:
    """The new text. Raises ValueError, saying why, for a text that is no kubeconfig."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    if is_blank(text):
        return mark + (text.rstrip() + "\n").lstrip("\n") + _new(change)
    expected = _applied(parse(text, once=True), change)
    why = "something in it would be lost"
    for way in (_in_json, _in_place, _anew):
        try:
            changed = way(text, change)
            if parse(changed, once=True) == expected:
                return mark + changed
        except (ValueError, yaml.YAMLError) as error:
            why = str(error)
    raise ValueError(f"kboot cannot change it: {why}")


def entry(document: Mapping[str, Any], kind: str, name: str) -> Body | None:
    """The entry's body; None when there is none of that name."""
    for each in _entries(document, kind):
        if isinstance(each, dict) and each.get("name") == name:
            body = each.get(kind)
            return body if isinstance(body, dict) else {}
    return None


def _entries(document: Mapping[str, Any], kind: str) -> list[Any]:
    found = document.get(f"{kind}s") or []
    if not isinstance(found, list):
        raise ValueError(f"its {kind}s are not a list")
    return found


def _applied(document: Mapping[str, Any], change: Change) -> dict[str, Any]:
    changed: dict[str, Any] = deepcopy(dict(document))
    for kind, name in change.drop.items():
        kept = [e for e in _entries(changed, kind) if not _named(e, name)]
        changed[f"{kind}s"] = kept
    for kind, (name, body) in change.put.items():
        item, there = {"name": name, kind: dict(body)}, _entries(changed, kind)
        if any(_named(each, name) for each in there):
            changed[f"{kind}s"] = [item if _named(each, name) else each for each in there]
        else:
            changed[f"{kind}s"] = [*there, item]
    if change.current is not None:
        changed["current-context"] = change.current
    return changed


def _named(item: Any, name: str) -> bool:
    return isinstance(item, dict) and item.get("name") == name


def _new(change: Change) -> str:
    document = _applied({"apiVersion": "v1", "kind": "Config"}, change)
    return as_yaml(document)


def _in_json(text: str, change: Change) -> str:
    """Raises ValueError where the text is not JSON."""
    document = json.loads(text)
    lines = text.splitlines()
    indent = len(lines[1]) - len(lines[1].lstrip(" ")) if len(lines) > 1 else 0
    changed = json.dumps(_applied(document, change), indent=indent or None, ensure_ascii=False)
    return changed + text[len(text.rstrip()) :]


def _anew(text: str, change: Change) -> str:
    """From the nodes, which keep how each value was written; from the data only what is put."""
    root = _root(text)
    applied = _applied(parse(text), change)
    changed = [f"{kind}s" for kind in (*change.put, *change.drop)]
    changed += ["current-context"] if change.current is not None else []
    for key in dict.fromkeys(changed):
        value = compose(as_yaml(applied[key]))
        kept = [(k, v) for k, v in root.value if k.value != key]
        root.value = [*kept, (yaml.ScalarNode("tag:yaml.org,2002:str", key), value)]
    return as_read(root)


def _root(text: str) -> yaml.MappingNode:
    root = compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("it is not a mapping")
    return root


def _in_place(text: str, change: Change) -> str:
    """One change after the other, the text read anew before each: the places move."""
    for kind, name in change.drop.items():
        text = _dropped(text, kind, name)
    for kind, (name, body) in change.put.items():
        text = _put(text, kind, name, body)
    if change.current is not None:
        text = _with_current(text, change.current)
    return text


def _put(text: str, kind: str, name: str, body: Body) -> str:
    root = _root(text)
    key, items = _found(root, f"{kind}s")
    if key is None or items is None:
        listed = [f"{kind}s:", *_item(kind, name, body, 0)]
        return _below(text, _end(root), listed, root.start_mark.column)
    if not isinstance(items, yaml.SequenceNode) or not items.value:
        behind = text[: items.start_mark.index].rstrip(" ") + text[items.end_mark.index :]
        place = len(text[: items.start_mark.index].rstrip(" "))
        return _below(behind, place, _item(kind, name, body, 0), key.start_mark.column)
    for item in items.value:
        if _name(item) == name:
            lines = _entry_lines(kind, name, body)
            margin = _break(text) + " " * item.start_mark.column
            start, end = item.start_mark.index, _end(item)
            return f"{text[:start]}{margin.join(lines)}{text[end:]}"
    first = items.value[0]
    offset = first.start_mark.column - items.start_mark.column
    lines = _item(kind, name, body, offset)
    return _below(text, _end(items), lines, items.start_mark.column)


def _dropped(text: str, kind: str, name: str) -> str:
    key, items = _found(_root(text), f"{kind}s")
    if key is None or not isinstance(items, yaml.SequenceNode):
        return text
    for item in items.value:
        if _name(item) == name:
            start = text.rindex("-", 0, item.start_mark.index)
            start = text.rfind("\n", 0, start) + 1
            end = _next_line(text, _end(item))
            if len(items.value) == 1:
                colon = text.index(":", key.end_mark.index) + 1
                return f"{text[:colon]} []{text[colon:start]}{text[end:]}"
            return text[:start] + text[end:]
    return text


def _with_current(text: str, name: str) -> str:
    root = _root(text)
    key, value = _found(root, "current-context")
    (written,) = lines_of(name)
    if key is None or value is None:
        return _below(text, _end(root), [f"current-context: {written}"], root.start_mark.column)
    start, end = value.start_mark.index, value.end_mark.index
    space = "" if text[:start].endswith(" ") else " "
    return text[:start] + space + written + text[end:]


def _found(root: yaml.MappingNode, key: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    found = [(k, v) for k, v in root.value if k.value == key]
    if len(found) > 1:
        raise ValueError(f"it has {key} twice")
    return found[0] if found else (None, None)


def _name(item: yaml.Node) -> str:
    pairs = item.value if isinstance(item, yaml.MappingNode) else ()
    return next((str(v.value) for k, v in pairs if k.value == "name"), "")


def _entry_lines(kind: str, name: str, body: Body) -> list[str]:
    return lines_of({kind: dict(body), "name": name})


def _item(kind: str, name: str, body: Body, offset: int) -> list[str]:
    """As kubectl writes it; `offset` columns from the dash to what is behind it."""
    offset = max(offset, 2)
    first, *rest = _entry_lines(kind, name, body)
    return [f"-{' ' * (offset - 1)}{first}", *(" " * offset + line for line in rest)]


def _below(text: str, place: int, lines: list[str], column: int) -> str:
    """The lines after the line in which `place` is; a block scalar ends before a line begins."""
    begins = place > 0 and text[place - 1] == "\n"
    at = place if begins else _next_line(text, place)
    newline = _break(text)
    before = "" if at == 0 or text[at - 1] == "\n" else newline
    return text[:at] + before + "".join(" " * column + line + newline for line in lines) + text[at:]


def _next_line(text: str, place: int) -> int:
    if place > 0 and text[place - 1] == "\n":
        return place
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _end(node: yaml.Node) -> int:
    """Where the last value in it ends. A block's own mark stands behind the comments after it."""
    return max(_ends(node))


def _ends(node: yaml.Node) -> Iterator[int]:
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        for part in node.value:
            yield from map(_end, part if isinstance(part, tuple) else (part,))
    else:
        yield node.end_mark.index
