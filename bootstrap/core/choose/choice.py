"""Which version of each tool the profile's work will run with: the one there, or one to install."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bootstrap.core.choose.by_hand import by_hand
from bootstrap.core.choose.offer import offer_for
from bootstrap.core.choose.packages import Offer
from bootstrap.core.model.catalogue import TRUST_LEVELS, Artifact, Catalogue
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Policy, Profile, Requirement
from bootstrap.core.model.state import HostState, StoredArtifact, ToolState
from bootstrap.core.model.tool import Tool
from bootstrap.core.values.version import Version, find_version, parse_version
from bootstrap.errors import Exit

WEAKEST = TRUST_LEVELS[-1]
_ELSEWHERE = "use another machine"


class Refusal(NamedTuple):
    """Why kboot does not install what is declared, and what would help."""

    why: str
    fix: str
    blocks: Exit = Exit.POLICY_DENIES


class Choice(NamedTuple):
    """For one tool. `artifact` or `offer` set: kboot installs it, or has it installed."""

    tool: Tool
    state: ToolState
    requirement: Requirement | None
    artifact: Artifact | None = None
    offer: Offer | None = None
    refusal: Refusal | None = None
    """Why nothing is installed although the policy is `install` and something is missing."""
    by_hand: str = ""
    """What a person can do where kboot does nothing."""
    distrusted: str = ""
    """Of what kboot installed before: why it is not verified as far as is asked now."""
    undriven: str = ""
    """Of the minikube that is there: why kboot makes no cluster with it."""

    @property
    def satisfied(self) -> bool:
        """Present, understood, verified as asked, of an accepted version, and the profile's own."""
        if self.state.path is None or self.state.failure or self.state.release is None:
            return False
        if self.distrusted or self.undriven:
            return False
        if self.requirement is None:
            return True
        if self.state.borrowed and self.requirement.policy is Policy.INSTALL:
            return False
        return self.requirement.constraint.accepts(self.state.release)

    @property
    def version(self) -> Version | None:
        """The version in use once the plan is carried out; None: none, or not known."""
        if self.artifact is not None:
            return parse_version(self.artifact.version)
        if self.offer is not None and self.offer.packages:
            return find_version(self.offer.version)
        return None if self.state.failure else self.state.release


Choices = Mapping[str, Choice]


def choose(
    profile: Profile, state: HostState, knowledge: Knowledge, trust: str = WEAKEST
) -> Choices:
    """A tool on PATH that satisfies the profile is adopted, never replaced.

    `trust`: the weakest level that the person accepts for what kboot installs or has installed. A
    tool of the person's own is theirs to trust.
    """
    return {
        tool.name: _choose_one(tool, profile, state, knowledge, trust)
        for tool in knowledge.tools_of(profile)
    }


def _choose_one(
    tool: Tool, profile: Profile, state: HostState, knowledge: Knowledge, trust: str
) -> Choice:
    requirement = profile.requirement(tool.name)
    seen = state.tools.get(tool.name, ToolState(tool.name, failure="it was not looked at"))
    if seen.path is not None and not seen.failure and seen.release is None:
        seen = seen._replace(failure="it names no version")
    distrusted = _distrusted(seen, state.platform, knowledge.catalogue, trust)
    undriven = _undriven(seen, profile, knowledge.catalogue)
    choice = Choice(tool, seen, requirement, distrusted=distrusted, undriven=undriven)
    if not choice.satisfied:
        advice = by_hand(tool, requirement, state.platform, knowledge.catalogue)
        choice = choice._replace(by_hand=advice)
    # What kboot installed before and is damaged now, kboot mends.
    wants_install = requirement is not None and (
        requirement.policy is Policy.INSTALL or bool(seen.damaged)
    )
    if requirement is None or not wants_install or seen.failure:
        return choice
    if tool.source == "package":
        offer, why = offer_for(tool, seen, requirement, state, satisfied=choice.satisfied)
        refusal = Refusal(why, choice.by_hand or tool.by_hand, Exit.NOT_OFFERED) if why else None
        return choice._replace(offer=offer, refusal=refusal)
    if choice.satisfied:
        return choice
    artifact = resolve(requirement, state.platform, knowledge.catalogue, trust)
    if artifact is None:
        refusal = _refusal(requirement, state.platform, knowledge.catalogue, trust)
        return choice._replace(refusal=refusal)
    return choice._replace(artifact=artifact)


def resolve(
    requirement: Requirement, platform: str, catalogue: Catalogue, trust: str
) -> Artifact | None:
    """The highest fitting release with a shipped digest, else the highest that `trust` allows."""
    tool, constraint = requirement.tool, requirement.constraint
    versions = [str(each) for each in catalogue.versions(tool) if constraint.accepts(each)]
    if constraint.is_exact and not versions:
        # Not listed, but the publisher may have it, and its checksum file beside it.
        versions = [str(parse_version(requirement.version))]
    found = [catalogue.artifact(tool, version, platform) for version in versions]
    for level in TRUST_LEVELS[: TRUST_LEVELS.index(trust) + 1]:
        for artifact in found:
            if artifact is not None and artifact.trust == level:
                return artifact
    return None


def _distrusted(seen: ToolState, platform: str, catalogue: Catalogue, trust: str) -> str:
    if not seen.managed:
        return ""
    if seen.stored is None:
        return "kboot installed it, and there is no receipt that says how it was verified"
    if _is_enough(seen.stored.trust, trust):
        return ""
    now = catalogue.artifact(seen.name, seen.stored.version, platform)
    if now and _is_enough(now.trust, trust) and now.sha256 == seen.stored.sha256:
        return ""  # verified less far at that time, and these are the very bytes
    return f"kboot installed it at level {seen.stored.trust}, and --trust {trust} asks for more"


def _undriven(seen: ToolState, profile: Profile, catalogue: Catalogue) -> str:
    first, release = catalogue.first_driven, seen.release
    if seen.name != "minikube" or profile.cluster is None or release is None or release >= first:
        return ""
    # Before 0.19 it knows no --profile, and would take the person's own cluster for this one.
    return f"kboot makes no cluster with a minikube before {first}"


def _is_enough(level: str, trust: str) -> bool:
    return level in TRUST_LEVELS[: TRUST_LEVELS.index(trust) + 1]


def in_store(artifact: Artifact, stored: Iterable[StoredArtifact]) -> bool:
    """Whether it can be used without a download.

    Of a file whose digest is not known yet, the one that was verified at its level before.
    """
    same = (s for s in stored if (s.tool, s.version) == (artifact.tool, artifact.version))
    if artifact.sha256:
        return any(each.sha256 == artifact.sha256 for each in same)
    return any(each.trust == artifact.trust for each in same)


def _refusal(requirement: Requirement, platform: str, catalogue: Catalogue, trust: str) -> Refusal:
    """Why nothing can be installed, and what would help."""
    tool, version = requirement.tool, requirement.version
    weaker = resolve(requirement, platform, catalogue, WEAKEST)
    if weaker is not None:
        return Refusal(
            f"{tool} {weaker.version} can be verified at level {weaker.trust} only "
            f"({weaker.origin}), and --trust {trust} asks for more",
            f"--trust {weaker.trust}, or declare one of {_offered(tool, platform, catalogue)}",
        )
    first = catalogue.first_release(tool, platform)
    if first is None:
        return Refusal(f"there is no {tool} for {platform}", _ELSEWHERE, Exit.HOST_UNFIT)
    if _is_before(requirement, first, catalogue):
        return _too_old(requirement, platform, first, catalogue)
    return Refusal(
        f"kboot's catalogue has no digest of {tool} {version} for {platform}, and its publisher "
        "vouches for it with SHA-1 or MD5 at most",
        f"declare one of {_offered(tool, platform, catalogue)}",
    )


def _is_before(requirement: Requirement, first: str, catalogue: Catalogue) -> bool:
    """Whether all that the profile accepts is older than `first`, as far as can be told."""
    if requirement.constraint.accepts(parse_version(first)):
        return False
    known = [v for v in catalogue.versions(requirement.tool) if requirement.constraint.accepts(v)]
    named = None if requirement.constraint.has_operator else find_version(requirement.version)
    candidates = known or ([named] if named else [])
    return bool(candidates) and all(each < parse_version(first) for each in candidates)


def _too_old(requirement: Requirement, platform: str, first: str, catalogue: Catalogue) -> Refusal:
    tool, version = requirement.tool, requirement.version
    declare = f'declare {tool} = "{first}" or later'
    begins = catalogue.begins_with(tool)
    if begins == first:
        # Older ones may well have been published: nobody looked.
        return Refusal(f"kboot's catalogue of {tool} begins with {first}, after {version}", declare)
    return Refusal(
        f"{tool} {version} was never published for {platform}, or without a checksum; the first "
        f"that was is {first}",
        f"{declare}, or {_ELSEWHERE}",
        Exit.HOST_UNFIT,
    )


def _offered(tool: str, platform: str, catalogue: Catalogue) -> str:
    """The versions whose digests are shipped, the latest first."""
    artifacts = (catalogue.artifact(tool, str(each), platform) for each in catalogue.versions(tool))
    named = [each.version for each in artifacts if each and each.trust == TRUST_LEVELS[0]]
    return ", ".join(named[:4]) + (", …" if len(named) > 4 else "")
