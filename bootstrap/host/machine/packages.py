"""The package manager of this machine, what it offers, and what systemd knows. Changes nothing."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from bootstrap.core.choose.packages import MANAGERS, Manager
from bootstrap.host.programs.path import candidates
from bootstrap.host.programs.probe import Question, ask_all
from bootstrap.regular import is_folder, is_there

ASK_SECONDS = 20.0
"""`brew info` takes seconds; apt and dnf answer from their lists on disk."""
_APT_LISTS = Path("/var/lib/apt/lists")
_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def find_manager(folders: Iterable[str]) -> str:
    """The first of the managers that is there, or empty."""
    searched = tuple(folders)
    found = (name for name, each in MANAGERS.items() if candidates(each.program, searched))
    return next(found, "")


def offers(
    manager: Manager,
    packages: Mapping[str, tuple[str, ...]],
    folders: tuple[str, ...],
    env: Mapping[str, str],
) -> dict[str, str]:
    """For each tool in `packages`, the version that the manager would install; empty: none.

    A tool that is missing in the result: the manager did not say, or has no lists to say it from.
    """
    program = candidates(manager.ask[0], folders)
    if not program or (manager.name == "apt" and not _apt_has_lists()):
        return {}
    questions = {
        tool: Question((program[0], *manager.ask[1:], names[0]), ASK_SECONDS)
        for tool, names in packages.items()
    }
    told = ask_all(questions, {**env, "LC_ALL": "C", "LANGUAGE": ""})
    read = {
        tool: manager.offered(each.exit_code, each.out, each.err)
        for tool, each in told.items()
        if each.exit_code is not None
    }
    return {tool: version for tool, version in read.items() if version is not None}


def _apt_has_lists() -> bool:
    """A fresh image has none, and then `apt-cache` knows of no package at all."""
    with suppress(OSError):
        return any(_APT_LISTS.glob("*_Packages*"))
    return False


def has_systemd() -> bool:
    """As sd_booted(3) tells it."""
    return is_folder("/run/systemd/system")


def has_service(name: str) -> bool:
    return any(is_there(f"{folder}/{name}.service") for folder in _UNITS)
