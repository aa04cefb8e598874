"""Where programs are looked for, by kboot and by the programs that it runs."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path


def search_path(environ: Mapping[str, str], links: Path) -> tuple[str, ...]:
    """The folder of the profile's links, then the user's PATH, each folder once.

    Left out of the user's PATH: empty and relative entries, what is no folder, and every folder
    that others may write to. The sticky bit redeems none: in `/tmp` nobody can replace my
    `kubectl`, but anybody can put one there. Folders of another owner or writable by a group stay:
    `/usr/local/bin` (Debian, Homebrew) and a team's `/opt/tools/bin` are like that on purpose.
    """
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    trusted = (entry for entry in entries if entry.startswith("/") and _is_trusted(entry))
    return tuple(dict.fromkeys((str(links), *trusted)))


def candidates(executable: str, folders: Iterable[str]) -> tuple[str, ...]:
    """Every program of that name, in the order of `folders`; the first is the one that runs.

    One file is named once, by the first path that leads to it (`/bin` is `/usr/bin` on a merged
    system).
    """
    found: dict[str, str] = {}
    for folder in folders:
        file = Path(folder, executable)
        if is_program(file):
            found.setdefault(os.path.realpath(file), str(file))
    return tuple(found.values())


def is_program(file: Path) -> bool:
    """Whether it is a regular file that this user may execute."""
    return file.is_file() and os.access(file, os.X_OK)


def _is_trusted(folder: str) -> bool:
    try:
        mode = Path(folder).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISDIR(mode) and not mode & stat.S_IWOTH
