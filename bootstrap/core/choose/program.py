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
    if choice.state.path:
        # One that does not tell its version may be the declared one: using it tells more.
        seen = choice.state.release
        if wanted is None or wanted.policy is Policy.WARN or seen is None:
            return choice.state.path
        if wanted.constraint.accepts(seen):
            return choice.state.path
        words = f"{tool} {seen} is not the declared {wanted.version}"
        return Lack(words, "kboot up --tools-only")
    if wanted is None:
        return Lack(f"the profile declares no {tool}")
    if choice.state.damaged:
        return Lack(f"{tool} is damaged: {choice.state.damaged}", "kboot up --tools-only")
    if wanted.policy is Policy.WARN:
        return Lack(f"{tool} is not found, and the profile only warns of that")
    if choice.artifact is not None or choice.offer is not None:
        return Lack(f"{tool} is not found", "kboot up --tools-only")
    return Lack(f"{tool} is not found", choice.by_hand or choice.tool.by_hand)
