"""Where files come from: mirrors, which addresses are allowed, and how they are shown."""

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from bootstrap.core.values.masking import mask, mask_value
from bootstrap.errors import Exit, KbootError

Mirrors = tuple[tuple[str, str], ...]
"""(FROM, TO) URL prefixes without a final slash, in the order in which they are tried."""

_PAIR = re.compile(r"(?P<source>https?://[^=\s]+)=(?P<target>https?://\S+)")
_LOOPBACK = re.compile(r"localhost|::1|127(\.\d{1,3}){3}")


def parse_mirrors(texts: Iterable[str]) -> Mirrors:
    """From `FROM=TO` texts, earlier ones first. Raises KbootError: 2 malformed, 13 not https."""
    return tuple(_parse_mirror(text) for text in texts)


def _parse_mirror(text: str) -> tuple[str, str]:
    match = _PAIR.fullmatch(text)
    if match is None or not all(host(each) for each in match.groups()):
        raise KbootError(
            Exit.USAGE,
            f"a mirror is given as FROM=TO, not as {mask_value(text)!r}",
            why="FROM and TO are the beginnings of two URLs",
            state="nothing was changed",
            next="kboot up --mirror https://dl.k8s.io=https://mirror.example/k8s",
        )
    check_allowed(match["target"])
    return match["source"].rstrip("/"), match["target"].rstrip("/")


def mirrored(url: str, mirrors: Mirrors) -> str:
    """`url` with the first FROM that it begins with replaced by its TO.

    Raises KbootError (13) when the result is not https and not on this machine.
    """
    for source, target in mirrors:
        if url == source or url.startswith(source + "/"):
            url = target + url[len(source) :]
            break
    return check_allowed(url)


def redirected(url: str, location: str) -> str:
    """Where an answer from `url` leads. Raises KbootError (13) when that is not allowed."""
    try:
        target = urljoin(url, location)
        leaves = urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https"
    except ValueError as error:
        raise _not_https(location, f"{mask(url)} redirects to it: {error}") from error
    if leaves:
        raise _not_https(target, f"{mask(url)} redirects from https to it")
    return check_allowed(target)


def check_allowed(url: str) -> str:
    """`url` itself when it is https or on this machine. Raises KbootError (13)."""
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and is_loopback(host(url))):
        return url
    raise _not_https(url, "only https may leave this machine, whatever a mirror or a server says")


def _not_https(url: str, why: str) -> KbootError:
    return KbootError(
        Exit.POLICY_DENIES,
        f"kboot does not download from {mask_value(url)}",
        why=why,
        next="kboot up --mirror FROM=https://…   (an address that serves https itself)",
    )


def host(url: str) -> str:
    """The host's name or address; empty when there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Only what is loopback by its spelling: a name that resolves there today may not tomorrow."""
    return _LOOPBACK.fullmatch(name) is not None


def origin(url: str) -> str:
    """Scheme and host, as a mirror's FROM is written."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
