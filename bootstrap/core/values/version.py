"""Find, normalise and compare versions as tools print them.

Vendors decorate release numbers (`18.02.0-ce`, `20.10.24+dfsg1`, `5.2.6r120293`,
`7.2.22_Debianr175245`, `v1.32.4-dispatcher`). Fed raw, `packaging` refuses most of them and reads
`7.0.20r163906` as a post-release, so the release numbers are cut out first.
"""

import operator
import re
from functools import total_ordering
from typing import NamedTuple

_FOUND = re.compile(
    r"(?<![\w.])v?(?P<release>\d{1,6}(?:\.\d{1,6}){1,3})"
    r"(?P<suffix>[^\s,;'\"]*)",
    re.ASCII,
)
_PRINTED = re.compile(
    r"v?(?P<release>\d{1,6}(?:\.\d{1,6}){2})(?P<suffix>([-+~_a-zA-Z][\w.+~-]*)?)", re.A
)
_PRE = re.compile(
    r"^[-._~]?(?P<kind>alpha|beta|rc|a|b)(?![a-z])[-._]?(?P<number>\d{0,6})",
    re.IGNORECASE | re.ASCII,
)
_PRE_KINDS = {"a": "alpha", "b": "beta"}
_EXACT = re.compile(r"^v?\d{1,6}(\.\d{1,6}){2,3}(-(alpha|beta|rc)\.?\d{1,6})?\Z", re.ASCII)
_PREFIX = re.compile(r"^\d{1,6}(\.\d{1,6})?\Z", re.ASCII)
_OPERATORS = re.compile(r"[<>=!~]")
_BOUND = re.compile(r"^\s*(?P<operator>>=|<=|>|<|==|!=)\s*v?(?P<release>\d+(?:\.\d+)*)\s*$", re.A)
_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_LONGEST = 100
"""Characters of a constraint; packaging fails on numbers of more than 4300 digits."""


@total_ordering
class Version:
    """A release: its numbers, an optional pre-release mark (`("rc", 1)`), and how it was printed.

    Equality and order look at `release` and `pre` only; trailing zeros do not matter.
    """

    __slots__ = ("numbers", "pre", "release", "text")

    def __init__(
        self,
        release: tuple[int, ...],
        pre: tuple[str, int] | None = None,
        numbers: str = "",
        text: str = "",
    ) -> None:
        self.release = release
        self.pre = pre
        self.numbers = numbers
        self.text = text

    def __repr__(self) -> str:
        return f"Version({str(self)!r})"

    def __str__(self) -> str:
        numbers = self.numbers or ".".join(map(str, self.release))
        return f"{numbers}-{self.pre[0]}.{self.pre[1]}" if self.pre else numbers

    def _key(self) -> tuple[tuple[int, ...], tuple[str, int]]:
        return (*self.release, 0, 0, 0)[:4], self.pre or ("release", 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: "Version") -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    @property
    def minor(self) -> tuple[int, int]:
        """The first two numbers: what Kubernetes' skew policy counts in."""
        return (self.release[0], self.release[1] if len(self.release) > 1 else 0)


def find_version(text: str) -> Version | None:
    """The first version in `text`, or None. `text` of the result keeps the vendor's decoration."""
    return _version(_FOUND.search(text))


def printed_version(text: str) -> Version | None:
    """The version that a tool gives as its own: three numbers, then a vendor's decoration.

    None for all else. A version in the midst of a text is somebody's, but not the tool's:
    `openshift-clients-4.6.0` is a kubectl of Kubernetes 1.18.
    """
    return _version(_PRINTED.fullmatch(text))


def _version(match: re.Match[str] | None) -> Version | None:
    if match is None:
        return None
    release = tuple(int(part) for part in match["release"].split("."))
    shown = match.group(0).rstrip(".)]}").removeprefix("v")
    return Version(release, _pre_release(match["suffix"]), match["release"], shown)


def _pre_release(suffix: str) -> tuple[str, int] | None:
    match = _PRE.match(suffix)
    if match is None:
        return None
    kind = match["kind"].lower()
    return _PRE_KINDS.get(kind, kind), int(match["number"] or 0)


def parse_version(text: str) -> Version:
    """The version that `text` begins with. Raises ValueError when it does not."""
    match = _FOUND.match(text)
    found = find_version(text)
    if match is None or found is None:
        raise ValueError(f"not a version: {text!r}")
    return found


class Constraint(NamedTuple):
    """What a profile accepts: exact (`1.9.3`), a prefix (`0.25`), or specifiers (`>=5.2,<5.3`)."""

    text: str

    @property
    def is_exact(self) -> bool:
        return bool(_EXACT.match(self.text))

    @property
    def has_operator(self) -> bool:
        return bool(_OPERATORS.search(self.text))

    def accepts(self, version: Version) -> bool:
        if self.has_operator:
            return _specifiers_accept(self.text, version)
        wanted = parse_version(self.text) if self.is_exact else None
        if wanted is not None:
            return wanted == version
        prefix = tuple(int(part) for part in self.text.split("."))
        return version.pre is None and version.release[: len(prefix)] == prefix


def check_constraint(text: str) -> str:
    """Empty when `text` is a constraint, else what is wrong with it."""
    if len(text) > _LONGEST:
        return f"a version has at most {_LONGEST} characters; this one has {len(text)}"
    if _EXACT.match(text) or _PREFIX.match(text):
        return ""
    if not _OPERATORS.search(text):
        return f'{text!r} is not a version like "1.9.3", "1.9" or ">=5.2,<5.3"'
    if "===" in text:
        return f"{text!r} compares text, not versions: write == instead of ==="
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        empty = not list(SpecifierSet(text))
    except InvalidSpecifier as error:
        return f"{text!r} is not a version specifier: {error}"
    return f"{text!r} says nothing" if empty else ""


def _specifiers_accept(text: str, version: Version) -> bool:
    bounds = [_BOUND.match(part) for part in text.split(",")]
    if version.pre is None and all(bounds):
        # packaging takes longer to import than a probe to answer, and on plain release numbers
        # it says the same: a test holds both against each other.
        return all(_within(bound, version) for bound in bounds if bound is not None)
    return _packaging_accepts(text, version)


def _within(bound: re.Match[str], version: Version) -> bool:
    release = tuple(int(part) for part in bound["release"].split("."))
    width = max(len(release), len(version.release))
    wanted, found = _padded(release, width), _padded(version.release, width)
    return bool(_COMPARE[bound["operator"]](found, wanted))


def _padded(release: tuple[int, ...], width: int) -> tuple[int, ...]:
    return release + (0,) * (width - len(release))


def _packaging_accepts(text: str, version: Version) -> bool:
    from packaging.specifiers import SpecifierSet

    # packaging 24 and 26 differ on pre-releases when none is asked for, so it is said here:
    # they match only where a specifier names one itself.
    specifiers = SpecifierSet(text)
    named = any(each.prereleases for each in specifiers)
    numbers = ".".join(map(str, version.release))
    if version.pre is not None:
        numbers += f"{version.pre[0]}{version.pre[1]}"
    return specifiers.contains(numbers, prereleases=named)
