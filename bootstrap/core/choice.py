"""Which version of each tool the profile's work will run with: the one there, or one to install."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bootstrap.core.catalogue import Artifact
from bootstrap.core.knowledge import Knowledge
from bootstrap.core.offer import offer_for
from bootstrap.core.packages import Offer
from bootstrap.core.profile import Policy, Profile, Requirement
from bootstrap.core.state import HostState, ToolState
from bootstrap.core.tool import Tool
from bootstrap.core.version import Version, find_version, parse_version


@dataclass(frozen=True)
class Choice:
    """For one tool. `artifact` or `offer` set: kboot installs it, or has it installed."""

    tool: Tool
    state: ToolState
    requirement: Requirement | None
    artifact: Artifact | None = None
    offer: Offer | None = None
    refusal: str = ""
    """Why nothing is installed although the policy is `install` and something is missing."""

    @property
    def satisfied(self) -> bool:
        """Present, understood, and of a version that the profile accepts."""
        if self.state.path is None or self.state.failure or self.state.release is None:
            return False
        return self.requirement is None or self.requirement.constraint.accepts(self.state.release)

    @property
    def version(self) -> Version | None:
        """The version in use once the plan is carried out; None: none, or not known."""
        if self.artifact is not None:
            return parse_version(self.artifact.version)
        if self.offer is not None and self.offer.packages:
            return find_version(self.offer.version)
        return None if self.state.failure else self.state.release


Choices = Mapping[str, Choice]


def choose(profile: Profile, state: HostState, knowledge: Knowledge) -> Choices:
    """A tool on PATH that satisfies the profile is adopted, never replaced."""
    return {
        tool.name: _choose_one(tool, profile.requirement(tool.name), state, knowledge)
        for tool in knowledge.tools_of(profile)
    }


def _choose_one(
    tool: Tool,
    requirement: Requirement | None,
    state: HostState,
    knowledge: Knowledge,
) -> Choice:
    seen = state.tools.get(tool.name, ToolState(tool.name, failure="it was not looked at"))
    if seen.path is not None and not seen.failure and seen.release is None:
        seen = replace(seen, failure="it names no version")
    choice = Choice(tool, seen, requirement)
    wants_install = requirement is not None and requirement.policy is Policy.INSTALL
    if requirement is None or not wants_install or seen.failure:
        return choice
    if tool.source == "package":
        offer, refusal = offer_for(tool, seen, requirement, state, satisfied=choice.satisfied)
        return replace(choice, offer=offer, refusal=refusal)
    if choice.satisfied:
        return choice
    artifact = resolve(requirement, state.platform, knowledge)
    if artifact is None:
        return Choice(
            tool, seen, requirement, refusal=_no_artifact(requirement, state.platform, knowledge)
        )
    return Choice(tool, seen, requirement, artifact)


def resolve(requirement: Requirement, platform: str, knowledge: Knowledge) -> Artifact | None:
    """The highest release that the constraint accepts and whose digest is shipped, or None."""
    catalogue = knowledge.catalogue
    for version in catalogue.versions(requirement.tool):
        if requirement.constraint.accepts(version):
            artifact = catalogue.artifact(requirement.tool, str(version), platform)
            if artifact is not None:
                return artifact
    return None


def _no_artifact(requirement: Requirement, platform: str, knowledge: Knowledge) -> str:
    catalogue = knowledge.catalogue
    offered = [
        str(version)
        for version in catalogue.versions(requirement.tool)
        if catalogue.artifact(requirement.tool, str(version), platform)
    ]
    some = ", ".join(offered[:4]) + (", …" if len(offered) > 4 else "")
    return (
        f"kboot's catalogue has no digest of {requirement.tool} {requirement.version} "
        f"for {platform}" + (f"; it has {some}" if some else "")
    )
