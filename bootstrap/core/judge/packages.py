"""What a package costs: the step that installs it, and the right to run that step."""

import shlex

from bootstrap.core.choose.case import Case
from bootstrap.core.choose.choice import Choice
from bootstrap.core.choose.packages import MANAGERS, command_lines
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.step import RunPackages
from bootstrap.errors import Exit


def run_packages(choice: Choice, case: Case) -> RunPackages:
    """The step for a choice that has an offer."""
    offer = choice.offer
    assert offer is not None and choice.requirement is not None
    seen = choice.state
    because = "not found"
    if seen.path is not None:
        because = "does not run" if choice.satisfied else f"{seen.release} on PATH is not it"
    return RunPackages(
        tool=choice.tool.name,
        manager=offer.manager,
        packages=offer.packages,
        version=offer.version,
        accepts=choice.requirement.version,
        because=because,
        service=offer.service,
        sudo=_needs_root(choice) and not case.state.root and case.request.allow_sudo,
    )


def privilege_findings(case: Case) -> tuple[Finding, ...]:
    """One blocker for all that needs root, when kboot is not root and may not use sudo."""
    if case.state.root or case.request.allow_sudo:
        return ()
    wanting = [choice for choice in case.choices.values() if choice.offer and _needs_root(choice)]
    if not wanting:
        return ()
    lines = [
        shlex.join(line) for choice in wanting for line in command_lines(run_packages(choice, case))
    ]
    names = ", ".join(choice.tool.name for choice in wanting)
    return (
        Finding(
            Group.TOOLS,
            "privilege",
            Status.FAIL,
            "packages-need-root",
            f"is not root, and {names} can only be installed or started by root",
            fix=f"as root: {' && '.join(dict.fromkeys(lines))}   "
            f"or, with sudo: {case.profile.command_line('up', '--allow-sudo')}",
            blocks=Exit.NEEDS_PRIVILEGE,
            blocks_tools=True,
        ),
    )


def _needs_root(choice: Choice) -> bool:
    assert choice.offer is not None
    # Starting a service is systemd's, whatever the manager is called.
    return bool(choice.offer.service) or MANAGERS[choice.offer.manager].needs_root
