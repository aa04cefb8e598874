"""Values as kboot writes them into YAML: words in quotes, so that no reader takes them for others.

Without, `72225e2` is a number for kubectl, `y` true for one reader and a word for the next, and
`2018-01-02` a day.
"""

import re
from typing import Any

import yaml

from bootstrap.kubeconfig.document import Resolver

_WORD_OF_ALL = re.compile(r"(?!(?:yes|off|true|false|null)\Z)[a-z][A-Za-z]{2,}(?:-[a-z]+)*\Z")
"""A key that no version of YAML takes for anything but a word: `name`, `client-key-data`."""


_WIDE = 1 << 20
"""No line is folded."""


class _Dumper(yaml.SafeDumper):
    def represent_str(self, words: str) -> yaml.ScalarNode:
        # Single quotes hold all but what needs an escape; a line break in them would be folded.
        style = "'" if words.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", words, style=style)

    def represent_mapping(
        self, tag: str, mapping: Any, flow_style: bool | None = None
    ) -> yaml.MappingNode:
        node: yaml.MappingNode = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if _WORD_OF_ALL.match(key.value):
                key.style = None
        return node

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _AsRead(yaml.BaseDumper, Resolver):
    """Plain stays plain where client-go takes it for the same."""


_Dumper.add_representer(str, _Dumper.represent_str)


def as_yaml(value: Any) -> str:
    """In lines that are as long as they must be."""
    text = str(yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=_WIDE))
    return text.removesuffix("...\n")


def lines_of(value: Any) -> list[str]:
    return as_yaml(value).rstrip("\n").split("\n")


def as_read(root: yaml.Node) -> str:
    """Of nodes, with how each value was written, and without comments."""
    return str(yaml.serialize(root, Dumper=_AsRead, allow_unicode=True, width=_WIDE))
