"""The profile as frozen data: what a piece of work asks of a machine."""

import re
import shlex
from enum import StrEnum
from typing import NamedTuple

from bootstrap.core.values.version import Constraint

_BARE = re.compile(
    r"\bkboot (up|plan|doctor|verify|down|exec|env)"
    r"((?: --[a-z][a-z-]*(?: (?!--)[^\s,]+)?)*)"
    r"(?=\s\s|,|$| -- )"
)
"""A kboot command that names no profile: at the end, before a comma, a gap or `--`."""


class Policy(StrEnum):
    """What a wrong version means: make it so, say so and go on, or stop."""

    INSTALL = "install"
    WARN = "warn"
    REQUIRE = "require"


class Requirement(NamedTuple):
    """What the profile asks of one tool."""

    tool: str
    version: str
    policy: Policy

    @property
    def constraint(self) -> Constraint:
        return Constraint(self.version)


class ClusterSpec(NamedTuple):
    """The cluster that the work runs on. None means: neither passed to minikube nor compared."""

    name: str
    drivers: tuple[str, ...]
    kubernetes: str | None = None
    bootstrapper: str | None = None
    cpus: int | None = None
    memory_mib: int | None = None
    disk_mib: int | None = None


class VerifySpec(NamedTuple):
    """Which gates must pass, and how long all of them may take together."""

    gates: tuple[str, ...]
    timeout_seconds: float


class Profile(NamedTuple):
    """One profile file, checked. `id` tells apart two files that carry the same name."""

    name: str
    description: str
    requirements: tuple[Requirement, ...]
    cluster: ClusterSpec | None
    verify: VerifySpec
    id: str = ""
    source: str = ""
    argument: str = ""
    """How the person named it, to be repeated in the commands that kboot suggests."""
    program: str = "kboot"
    """How the person calls kboot itself, likewise: one word, a name or a path."""

    def requirement(self, tool: str) -> Requirement | None:
        return next((each for each in self.requirements if each.tool == tool), None)

    def command_line(self, command: str, *flags: str) -> str:
        """The kboot command that a person types for this profile."""
        argument = (shlex.quote(self.argument),) if self.argument else ()
        return " ".join((shlex.quote(self.program), command, *flags, *argument))

    def addressed(self, advice: str) -> str:
        """`advice` with this profile in every bare kboot command, as this person types it.

        Rooms that know no profile write `kboot up`; followed to the letter, that would act on
        another profile's cluster.
        """
        return _BARE.sub(lambda found: self.command_line(found[1], *found[2].split()), advice)
