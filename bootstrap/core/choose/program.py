"""The programs that gates run: where each is, or why there is none and what that means."""

from bootstrap.core.choose.choice import Choices
from bootstrap.core.model.gate import Lack
from bootstrap.core.model.profile import Policy


def program(choices: Choices, tool: str) -> str | Lack:
    """The path of the profile's `tool`."""
    choice = choices.get(tool)
    if choice is not None and choice.state.path:
        return choice.state.path
    if choice is None or choice.requirement is None:
        return Lack(f"the profile declares no {tool}")
    if choice.requirement.policy is Policy.WARN:
        return Lack(f"{tool} is not found, and the profile only warns of that")
    if choice.artifact is not None or choice.offer is not None:
        return Lack(f"{tool} is not found", "kboot up --tools-only")
    return Lack(f"{tool} is not found", choice.by_hand or choice.tool.by_hand)
