"""What is handed in from above: the tools, the catalogue, and how a step becomes command lines."""

from collections.abc import Callable
from typing import NamedTuple

from bootstrap.core.model.catalogue import Catalogue
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.step import CommandLines, Step
from bootstrap.core.model.tool import Tool


class Knowledge(NamedTuple):
    """Built by `run/session`; `core` itself knows no tool, no release and no flag of minikube's."""

    tools: tuple[Tool, ...]
    catalogue: Catalogue
    command_lines: Callable[[Step], CommandLines]

    def tool(self, name: str) -> Tool:
        return next(each for each in self.tools if each.name == name)

    def tools_of(self, profile: Profile) -> tuple[Tool, ...]:
        """What to look at for this profile: what it names and what its drivers need."""
        names = {each.tool for each in profile.requirements}
        for driver in profile.cluster.drivers if profile.cluster else ():
            names.update(self.catalogue.drivers[driver].tools)
        return tuple(each for each in self.tools if each.name in names)
