"""Whether the system's package manager can give what the profile asks of a tool."""

from bootstrap.core.choose.packages import Offer
from bootstrap.core.model.profile import Requirement
from bootstrap.core.model.state import HostState, ToolState
from bootstrap.core.model.tool import Tool
from bootstrap.core.values.version import find_version


def offer_for(
    tool: Tool, seen: ToolState, requirement: Requirement, state: HostState, *, satisfied: bool
) -> tuple[Offer | None, str]:
    """The offer, or why there is none. Neither: nothing is missing that a package would mend."""
    stopped = any(verdict.startable for verdict in tool.judge(seen))
    if satisfied and not stopped:
        return None, ""
    manager, service = state.package_manager, tool.service if state.systemd else ""
    if satisfied and tool.service in state.services:
        # The package is there. Without systemd, as in a container, there is nothing to start it.
        return (Offer(manager, (), service=service) if service else None), ""
    packages = tool.packages.get(manager, ())
    refusal = _refusal(tool, requirement, state, packages)
    if refusal:
        return None, refusal
    return Offer(manager, packages, state.offered.get(tool.name, ""), service), ""


def _refusal(
    tool: Tool, requirement: Requirement, state: HostState, packages: tuple[str, ...]
) -> str:
    manager = state.package_manager
    if not manager:
        return "kboot found none of the package managers that it knows: apt, dnf, brew"
    if not packages:
        return f"kboot knows no package of {manager} that is {tool.name}"
    names = " ".join(packages)
    offered = state.offered.get(tool.name)
    if offered is None:
        return ""
    version = find_version(offered)
    if version is None:
        return f"{manager} offers no {names}"
    if not requirement.constraint.accepts(version):
        return f"{manager} offers {names} {offered}, and the profile asks for {requirement.version}"
    return ""
