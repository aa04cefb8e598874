"""A kubeconfig's bytes, read as YAML. Loads PyYAML, so only lazily loaded modules import this."""

from collections.abc import Mapping
from typing import Any

import yaml

from bootstrap.kubeconfig.private import SIZE_LIMIT

# libyaml's parser is several times faster, and absent from a PyYAML built without it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(content: bytes | str) -> Mapping[str, Any]:
    """The mapping that it holds. Raises ValueError, saying why, when it is none."""
    if len(content) > SIZE_LIMIT:
        raise ValueError(f"it is larger than {SIZE_LIMIT} bytes")
    try:
        document = yaml.load(content, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # PyYAML lets ValueError out of its constructors, for a date like 2018-13-45.
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(document, dict):
        raise ValueError("it is empty or not a mapping")
    return document


def is_blank(text: str) -> bool:
    """Whether it holds nothing, comments apart: for kubectl a kubeconfig without entries."""
    return all(not line.strip() or line.startswith("#") for line in text.splitlines())
