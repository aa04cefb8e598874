"""The programs that gates run: where each is, or why there is none and what that means."""

from bootstrap.core.choose.choice import Choices
from bootstrap.core.model.gate import Lack
from bootstrap.core.model.profile import Policy


def program(choices: Choices, tool: str) -> str | Lack:
    """The path of the profile's `tool`."""
    choice = choices.get(tool)
    if choice is None:
        return Lack(f"the profile declares no {tool}")
    wanted = choice.requirement
    if choice.state.path and (choice.satisfied or wanted is None or wanted.policy is Policy.WARN):
        return choice.state.path
    if wanted is None:
        return Lack(f"the profile declares no {tool}")
    if choice.state.path:
        there = f"{tool} {choice.state.release or 'of no known version'}"
        return Lack(f"{there} is not the declared {wanted.version}", "kboot up --tools-only")
    if choice.state.damaged:
        return Lack(f"{tool} is damaged: {choice.state.damaged}", "kboot up --tools-only")
    if wanted.policy is Policy.WARN:
        return Lack(f"{tool} is not found, and the profile only warns of that")
    if choice.artifact is not None or choice.offer is not None:
        return Lack(f"{tool} is not found", "kboot up --tools-only")
    return Lack(f"{tool} is not found", choice.by_hand or choice.tool.by_hand)
