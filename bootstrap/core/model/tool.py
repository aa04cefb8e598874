"""The shape of a `tools/` module: how a tool is asked, how its answer is read, how it is got."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ToolState
from bootstrap.core.values.version import printed_version

_NONE: Mapping[str, Any] = MappingProxyType({})


class Answer(NamedTuple):
    """What came back from asking a tool once."""

    exit_code: int
    out: str
    err: str
    files: Mapping[str, bool] = _NONE
    """For each path in `Tool.files`: whether it exists on this machine."""
    system: str = "linux"
    """`linux` or `darwin`: what a file that is missing means."""

    def texts(self, name: str) -> Mapping[str, str]:
        """The text members of the object called `name` in the JSON on stdout; else none."""
        try:
            seen = json.loads(self.out)
        except (ValueError, RecursionError):
            return {}
        part = seen.get(name) if isinstance(seen, dict) else None
        members = part.items() if isinstance(part, dict) else ()
        return {key: text for key, text in members if isinstance(text, str)}

    @property
    def printed(self) -> str:
        """For `Reading.failure`: what was printed instead of a version, its first 60 characters."""
        words = " ".join((self.out if self.out.strip() else self.err).split())
        return f"it printed {words[:60]!r}" if words else f"it printed nothing ({self.exit_code})"


class Reading(NamedTuple):
    """What an answer says. `failure` set means: could not tell, and why."""

    version: str = ""
    facts: Mapping[str, str] = _NONE
    failure: str = ""


def reading_of(version: object, answer: Answer) -> Reading:
    """Of the text that should be the tool's version; `answer` is what it stands in."""
    if not isinstance(version, str) or not version:
        return Reading(failure=answer.printed)
    if printed_version(version) is None:
        return Reading(failure=f"it calls its version {version!r:.60}")
    return Reading(version.removeprefix("v"))


class Verdict(NamedTuple):
    """What a tool's own module says of its state, beyond the version.

    `usable` False means present but of no use to a driver that needs it.
    """

    reason: str
    message: str
    fix: str
    usable: bool = True
    startable: bool = False
    """True: starting the tool's service mends it."""


class Tool(NamedTuple):
    """One tool. `parse` and `judge` are pure; nothing here runs anything."""

    name: str
    executable: str
    version_args: tuple[str, ...]
    parse: Callable[[Answer], Reading]
    source: Literal["artifact", "package"]
    """`artifact`: kboot downloads a file of the catalogue; `package`: the system installs it."""
    default_policy: Policy
    by_hand: str
    """What a person does to get it where kboot cannot: a sentence or a command line."""
    packages: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Package manager → what it calls the tool."""
    service: str = ""
    """The systemd service that the packages bring, without which the tool is of no use."""
    afterwards: str = ""
    """What an installed package still needs of a person."""
    files: tuple[str, ...] = ()
    version_is_of_the_file: bool = False
    """True when the answer depends on the executable's bytes alone, so that it may be cached."""
    judge: Callable[[ToolState], tuple[Verdict, ...]] = lambda state: ()
    detail: Callable[[ToolState], str] = lambda state: ""
    """One line for people: what of the facts belongs beside the version."""
