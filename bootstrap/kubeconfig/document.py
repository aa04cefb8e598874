"""A kubeconfig's bytes, read as client-go reads them, or not at all.

client-go reads YAML with go-yaml 2 (sigs.k8s.io/yaml), which takes `y` for a truth value, `72225e2`
for a number and a date for words. What it refuses is refused here, and some more that nobody
writes: tags, a second document, a merge key that does not come first. Loads PyYAML, so only lazily
loaded modules import this.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from bootstrap.kubeconfig.private import SIZE_LIMIT
from bootstrap.kubeconfig.schema import check

VALUES = 50_000
"""More than a thousand clusters with all that belongs to them."""
ALIASED = 900
"""As many again by aliases. go-yaml minds them from 1,000 on (allowedAliasRatio in decode.go)."""
DEPTH = 64

_TAG = "tag:yaml.org,2002:"
_INT = r"0_*[xX][0-9a-fA-F_]+|0_*[oO][0-7_]+|0_*[bB][01_]+"
_FLOAT = r"(?:\._*[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE]_*[-+]?_*[0-9][0-9_]*)?"
_NOT_IN_GO = {
    # libyaml since 0.2.1 knows JSON's; PyYAML's own scanner lets halves of a pair pass.
    '"': re.compile(r"(?s)(?:[^\\]|\\.)*?\\(?:/|(?:u|U0000)[dD][89a-fA-F])"),
    # libyaml since 0.2.2 takes it for a part of a word, also in a list in flow style.
    "": re.compile(r"(?s).*\?"),
}
"""By the style of a scalar: what begins as no scalar of go-yaml's does."""


class Resolver(BaseResolver):
    """What a plain scalar is, by go-yaml's resolve.go: everything else is words."""


def _resolves(name: str, pattern: str, first: str) -> None:
    Resolver.add_implicit_resolver(_TAG + name, re.compile(rf"(?:{pattern})\Z"), [*first])


_TRUE = "y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON"
_FALSE = "n|N|no|No|NO|false|False|FALSE|off|Off|OFF"
_resolves("bool", f"{_TRUE}|{_FALSE}", "yYnNtTfFoO")
_resolves("null", "~|null|Null|NULL|", "~nN")
Resolver.add_implicit_resolver(f"{_TAG}null", re.compile(r"\Z"), [""])
_resolves("float", rf"[-+]?_*(?:{_INT}|{_FLOAT})", "-+.0123456789")
_resolves("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+.")
_resolves("merge", "<<", "<")


class _Bounded(Composer):
    """Neither a deep nor a large document takes more than a moment."""

    depth = values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth, self.values = self.depth + 1, self.values + 1
        if self.depth > DEPTH:
            raise ValueError(f"it is nested more than {DEPTH} deep")
        if self.values > VALUES:
            raise ValueError(f"it has more than {VALUES} values")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class InPython(_Bounded, Reader, Scanner, Parser, Resolver):
    """Of a PyYAML that was built without libyaml."""

    def __init__(self, stream: bytes | str) -> None:
        for part in (Reader, Scanner, Parser, Composer, Resolver):
            part.__init__(self, *((stream,) if part is Reader else ()))


_Loader: Any = InPython
if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class InC(_Bounded, CParser, Resolver):
        """Several times faster."""

        def __init__(self, stream: bytes | str) -> None:
            CParser.__init__(self, stream)
            Composer.__init__(self)
            Resolver.__init__(self)

    _Loader = InC


class Twice(ValueError):
    """A key stands twice in one mapping, of which kubectl silently reads the last."""


def parse(content: bytes | str, *, once: bool = False) -> Mapping[str, Any]:
    """The mapping that it holds. Raises ValueError, saying why, when it is no kubeconfig.

    `once`: raises Twice for a key that stands twice. kubectl reads the last one only, and whatever
    writes the file would have to choose what of it is lost.
    """
    text = _text(content)
    node, values = _composed(text)
    document = _Building(text, once=once, values=values + ALIASED).value(node)
    if not isinstance(document, dict):
        raise ValueError("it is empty or not a mapping")
    check(document)
    return document


def compose(text: str) -> yaml.Node | None:
    """Its nodes, which know where they stand. Raises ValueError, saying why."""
    return _composed(text)[0]


def _composed(text: str) -> tuple[yaml.Node | None, int]:
    """And how many they are."""
    if re.search(r"^%", text, re.M):
        raise ValueError("it has a line that begins with %, as for another version of YAML")
    try:
        loader = _Loader(text)
        node: yaml.Node | None = loader.get_single_node()
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {_problem(error)}") from error
    return node, loader.values


def _problem(error: yaml.YAMLError) -> str:
    """Without the line of the text, which may hold a key, and which PyYAML's own scanner shows."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    return f"{problem}, in line {mark.line + 1}" if mark else str(problem)


def _text(content: bytes | str) -> str:
    """client-go reads UTF-16, too, where a mark at the beginning says so."""
    if len(content) > SIZE_LIMIT:
        raise ValueError(f"it is larger than {SIZE_LIMIT} bytes")
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    try:
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error


def is_blank(text: str) -> bool:
    """Whether it holds nothing, comments apart: for kubectl a kubeconfig without entries."""
    return all(not line.strip(" \r") or line.startswith("#") for line in text.split("\n"))


class _Building:
    """From nodes to data: strings, numbers, truth values, None, lists and mappings."""

    def __init__(self, text: str, *, once: bool, values: int) -> None:
        self.text, self.once, self.most = text, once, values
        self.depth = self.values = 0

    def value(self, node: yaml.Node | None, *, flow: bool = False) -> Any:
        """Counts anew, since an alias is a node that others hold, too, or even itself.

        `flow`: whether it stands in a list or mapping in flow style.
        """
        self.depth, self.values = self.depth + 1, self.values + 1
        if self.depth > DEPTH or self.values > self.most:
            raise ValueError(f"its aliases stand for more than {ALIASED} values, or for themselves")
        built = self._built(node, flow)
        self.depth -= 1
        return built

    def _built(self, node: yaml.Node | None, flow: bool) -> Any:
        if node is None:
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, flow)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(each, flow=bool(node.flow_style)) for each in node.value]
        raise _at(node, f"it has the tag {node.tag}")

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        built: dict[str, Any] = {}
        seen, flow = set(), bool(node.flow_style)
        for place, (key, value) in enumerate(node.value):
            if key.tag == f"{_TAG}merge":
                if place > 0:
                    raise _at(key, "its merge key << does not come first")
                built.update(self._merged(value))
                continue
            name = self._key(key, flow)
            if name in seen and self.once:
                raise Twice(f"{name} stands twice in one mapping, again in line {_line(key)}")
            seen.add(name)
            built[name] = self.value(value, flow=flow)
        return built

    def _merged(self, node: yaml.Node) -> dict[str, Any]:
        """One mapping. Of a list of them go-yaml takes those in flow style only."""
        if not isinstance(node, yaml.MappingNode):
            raise _at(node, "its merge key << names no mapping")
        merged: dict[str, Any] = self.value(node)
        return merged

    def _key(self, node: yaml.Node, flow: bool) -> str:
        """JSON knows no other keys than words."""
        key = self._scalar(node, flow) if isinstance(node, yaml.ScalarNode) else None
        if key is None:
            raise _at(node, "a key in it is no word")
        return key if isinstance(key, str) else json.dumps(key)

    def _scalar(self, node: yaml.ScalarNode, flow: bool) -> Any:
        raw = self.text[node.start_mark.index : node.end_mark.index]
        style = node.style or ""
        if (flow or style) and style in _NOT_IN_GO and _NOT_IN_GO[style].match(raw):
            raise _at(node, "it has what only newer YAML knows")
        tag, words = node.tag.removeprefix(_TAG), node.value
        if tag == "str":
            return words
        plain = Resolver().resolve(yaml.ScalarNode, words, (True, False))  # type: ignore[no-untyped-call]
        if tag == "merge" or plain != node.tag:
            raise _at(node, f"it has the tag {node.tag}")
        if tag == "null":
            return None
        if tag == "bool":
            return words in _TRUE.split("|")
        return _number(node, words.replace("_", ""))


def _number(node: yaml.Node, text: str) -> Any:
    if text.strip("+-")[:2].lower() in (".i", ".n"):
        raise _at(node, f"{text} is no number that JSON has")
    for base in (0, 8):
        try:
            return int(text, base)
        except ValueError:
            continue
    number = float(text) if re.fullmatch(rf"[-+]?{_FLOAT}", text) else math.inf
    return text if math.isinf(number) else number  # as Go, for which 1e400 is words


def _at(node: yaml.Node, what: str) -> ValueError:
    return ValueError(f"{what}, in line {_line(node)}")


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line + 1
    return line
