"""What is never shown: users, passwords, signatures, tokens and keys, however they are spelled.

Rather too much than too little: whatever stands before the last `@` of an address may be a
password, with `/`, `#`, `?` or another `@` in it.
"""

import re
from itertools import pairwise
from typing import Any

MASK = "***"
_NEXT = r"[=,](?=[a-zA-Z][\w+.-]*://)"
"""Between the two addresses of a mirror, or the addresses of a list."""
_ADDRESS = r"([a-zA-Z][\w+.-]*://)((?:(?!\W[a-zA-Z][\w+.-]*://)\S)*)"
"""An address ends at a blank, or where the next begins."""
_HOST = r"(?i)(localhost|\[[\da-f:]+\]|[\w.-]*\.[a-z][a-z\d-]+|\d+(\.\d+){3})([:/?#]|$)"
_PRIVATE_KEY = r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)"
_HEADER = r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']+"
_SCHEME = r"\b((?i:bearer|basic)\s+)(?=\S*[\dA-Z=])[\w.~+/=-]{8,}"
_JWT = r"\beyJ[\w-]{10,}\.[\w.-]+"
_NAMED = (
    r"(?i)((?:password|client-secret|client-key-data|api[-_]?key)[\"']?\s*[:=]\s*[\"']?"
    r"|token[\"']?\s*[:=]\s*[\"']?(?=\S*\d))[^\s\"',;&]{4,}"
)
_MARKS = ("authorization", "bearer", "basic", "token", "password", "secret", "key", "eyj")
_SHORTEST = 16
"""Characters of a part of an address's path that may be a token."""


def mask(text: str) -> str:
    """`text`, of whatever kind, with all that may be secret in it hidden."""
    if "://" in text:
        text = re.sub(_ADDRESS, _masked_address, text)
    lower = text.lower()
    if any(mark in lower for mark in _MARKS):
        text = re.sub(_PRIVATE_KEY, MASK, text)
        for pattern in (_HEADER, _SCHEME, _NAMED):
            text = re.sub(pattern, rf"\g<1>{MASK}", text)
        text = re.sub(_JWT, MASK, text)
    return text


def mask_value(value: str) -> str:
    """`value`, which is one address as a whole, one without a scheme, or a mirror's FROM=TO.

    Blanks and quotes may be part of a password there.
    """
    starts = [0, *(found.end() for found in re.finditer(_NEXT, value)), len(value)]
    return "".join(_masked_value(value[start:end]) for start, end in pairwise(starts))


def masked(plain: Any) -> Any:
    """JSON data with all texts in it masked, but the names of members."""
    if isinstance(plain, str):
        return mask(plain)
    if isinstance(plain, dict):
        return {name: masked(each) for name, each in plain.items()}
    return [masked(each) for each in plain] if isinstance(plain, (list, tuple)) else plain


def mask_word(word: str) -> str:
    """A word of a command line, as it was typed. An image may have an `@`, and is no address."""
    return mask_value(word) if "://" in word else mask(word)


def mask_words(text: str, words: list[str]) -> str:
    """`text`, in which words of a command line may stand."""
    for word in words:
        text = text.replace(word, mask_word(word)) if "://" in word else text
    return mask(text)


def _masked_value(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator:
        scheme, rest = "", value
    if rest.startswith("/"):  # of a socket, or a path
        return value
    _, at, tail = rest.rpartition("@")
    shown = f"{MASK + at if at else ''}{tail}"
    if not separator:  # a proxy, mostly
        return mask(f"http://{shown}").removeprefix("http://")
    return mask(f"{scheme}{separator}{shown}")


def _masked_address(match: re.Match[str]) -> str:
    scheme, run = match[1], match[2]
    user = run[: run.rfind("@") + 1] if _has_user(run) else ""
    rest, *after = re.split(r"(?=[\s'\"<>])", run[len(user) :], maxsplit=1)
    place, query, _ = rest.partition("?")
    place, fragment, _ = place.partition("#")
    hidden = "?…" if query else "#…" if fragment else ""
    if scheme.lower().startswith("http"):
        host, slash, path = place.partition("/")
        place = host + slash + re.sub(r"[^/.:;=&,@]+", _masked_part, path)
    return f"{scheme}{MASK + '@' if user else ''}{place}{hidden}{''.join(after)}"


def _has_user(run: str) -> bool:
    """Not of an `@` in a path, as before a version: but of one behind a `:`, or before a host."""
    _, at, after = run.rpartition("@")
    authority = re.split("[/?#]", run, maxsplit=1)[0]
    return bool(at) and (":" in authority or "@" in authority or bool(re.match(_HOST, after)))


def _masked_part(match: re.Match[str]) -> str:
    """A token changes between letters, capitals and digits at every other character; names not."""
    part = re.sub(r"[^A-Za-z0-9]", "", match[0])
    kinds = [(each.isdigit(), each.isupper()) for each in part]
    changes = sum(one != other for one, other in pairwise(kinds))
    return "…" if len(part) >= _SHORTEST and changes * 4 >= len(part) else match[0]
