"""Look at the package manager, only where the profile wants something installed that is not."""

from collections.abc import Mapping

from bootstrap.core.choose.by_hand import by_hand
from bootstrap.core.choose.packages import MANAGERS
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Policy, Profile
from bootstrap.core.model.state import HostState, ToolState
from bootstrap.core.model.step import RunPackages
from bootstrap.core.model.tool import Tool
from bootstrap.core.values.version import Constraint, find_version
from bootstrap.errors import Exit, KbootError
from bootstrap.host.machine import hardware, packages
from bootstrap.host.machine.surroundings import Surroundings


def with_packages(
    host: HostState, profile: Profile, knowledge: Knowledge, around: Surroundings
) -> HostState:
    """`host` with its package manager and what that offers of the tools that are wanting."""
    wanting = [tool for tool in knowledge.tools_of(profile) if _is_wanting(tool, profile, host)]
    if not wanting:
        return host
    manager = packages.find_manager(around.folders(profile.id))
    names = {t.name: t.packages[manager] for t in wanting if manager in t.packages}
    return host._replace(
        package_manager=manager,
        offered=offered(manager, names, profile, around) if names else {},
        systemd=packages.has_systemd(),
        services=tuple(t.service for t in wanting if t.service and packages.has_service(t.service)),
    )


def offered(
    manager: str, names: Mapping[str, tuple[str, ...]], profile: Profile, around: Surroundings
) -> dict[str, str]:
    """What the manager says now: tool → version."""
    env = around.for_children(profile.id, {})
    return packages.offers(MANAGERS[manager], names, around.folders(profile.id), env)


def fitting(step: RunPackages, knowledge: Knowledge, profile: Profile, around: Surroundings) -> str:
    """The version on offer now. Raises KbootError (51) for one that the profile does not accept."""
    tool = knowledge.tool(step.tool)
    version = offered(step.manager, {tool.name: step.packages}, profile, around).get(tool.name, "")
    found = find_version(version)
    if found is not None and Constraint(step.accepts).accepts(found):
        return version
    names = " ".join(step.packages)
    platform = "/".join(hardware.system_arch())
    advice = by_hand(tool, profile.requirement(step.tool), platform, knowledge.catalogue)
    raise KbootError(
        Exit.NOT_OFFERED,
        f"{step.manager} does not offer {tool.name} {step.accepts}",
        why=f"it offers {names} {version}" if version else f"it offers no {names}",
        next=f"change the version in the profile, or {advice}",
    )


def _is_wanting(tool: Tool, profile: Profile, host: HostState) -> bool:
    requirement = profile.requirement(tool.name)
    if tool.source != "package" or requirement is None:
        return False
    if requirement.policy is not Policy.INSTALL:
        return False
    seen = host.tools.get(tool.name, ToolState(tool.name))
    fits = seen.release is not None and requirement.constraint.accepts(seen.release)
    return not fits or any(verdict.startable for verdict in tool.judge(seen))
