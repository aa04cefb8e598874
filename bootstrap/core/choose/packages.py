"""Package managers: what each is asked, how its answer reads, and the lines that it runs.

apt is tried on Debian; dnf and brew are written from their documentation and untried.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bootstrap.core.model.step import CommandLines, RunPackages

_CANDIDATE = re.compile(r"^ {2}Candidate: (?P<version>\S+)$", re.MULTILINE)


class Offer(NamedTuple):
    """What a manager would install for a tool, and what else is to be done for it."""

    manager: str
    packages: tuple[str, ...]
    """Empty: it is installed, and its service is only to be started."""
    version: str = ""
    """Empty: not known before the manager's lists are fetched."""
    service: str = ""
    """Enabled and started afterwards; empty where there is none, or no systemd."""


class Manager(NamedTuple):
    """One package manager. `offered` reads the answer to `ask`: None means could not tell."""

    name: str
    program: str
    ask: tuple[str, ...]
    offered: Callable[[int, str, str], str | None]
    """Exit code, stdout and stderr → the version that it would install, "" for none."""
    refresh: CommandLines
    install: tuple[str, ...]
    needs_root: bool = True


def apt_offers(exit_code: int, out: str, err: str) -> str | None:
    """Of `apt-cache policy NAME`: the candidate; nothing is printed of a name unknown to it."""
    if exit_code != 0:
        return None
    found = _CANDIDATE.search(out)
    return found["version"] if found and found["version"] != "(none)" else ""


def dnf_offers(exit_code: int, out: str, err: str) -> str | None:
    """Of `dnf -q -C list --available NAME`: `name.arch version repository`, the last one."""
    if exit_code != 0:
        return "" if "No matching" in err else None
    rows = [line.split() for line in out.splitlines()]
    versions = [row[1] for row in rows if len(row) == 3 and "." in row[0]]
    return versions[-1] if versions else ""


def brew_offers(exit_code: int, out: str, err: str) -> str | None:
    """Of `brew info --json=v2 --cask NAME`: `casks[0].version`."""
    if exit_code != 0:
        return "" if "No available" in err or "No Cask" in err else None
    try:
        version = json.loads(out)["casks"][0]["version"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return version if isinstance(version, str) else None


MANAGERS: Mapping[str, Manager] = {
    each.name: each
    for each in (
        Manager(
            "apt",
            "apt-get",
            ("apt-cache", "policy"),
            apt_offers,
            refresh=(("apt-get", "update"),),
            # --install-recommends: docker.io of Debian 13 only recommends its client, docker-cli,
            # which Debian 12 does not have; and an image may have switched recommendations off.
            # --no-remove: another publisher's engine is never thrown out to make room.
            install=("apt-get", "install", "-y", "--install-recommends", "--no-remove"),
        ),
        Manager(
            "dnf",
            "dnf",
            ("dnf", "-q", "-C", "list", "--available"),
            dnf_offers,
            refresh=(("dnf", "makecache"),),
            install=("dnf", "install", "-y"),
        ),
        Manager(
            "brew",
            "brew",
            ("brew", "info", "--json=v2", "--cask"),
            brew_offers,
            refresh=(("brew", "update"),),
            install=("brew", "install", "--cask"),
            needs_root=False,
        ),
    )
}
"""In the order in which they are looked for."""


def refresh_lines(step: RunPackages) -> CommandLines:
    """What is run first, so that the manager knows what it offers."""
    refresh = MANAGERS[step.manager].refresh if step.packages else ()
    return _with_sudo(refresh, step)


def install_lines(step: RunPackages) -> CommandLines:
    """What is run once the manager is known to offer a version that fits."""
    install = ((*MANAGERS[step.manager].install, *step.packages),) if step.packages else ()
    start = (("systemctl", "enable", "--now", step.service),) if step.service else ()
    return _with_sudo((*install, *start), step)


def command_lines(step: RunPackages) -> CommandLines:
    """All that the step runs, in order."""
    return (*refresh_lines(step), *install_lines(step))


def _with_sudo(lines: CommandLines, step: RunPackages) -> CommandLines:
    return tuple(("sudo", "-n", *line) for line in lines) if step.sudo else lines
