"""Where programs are looked for, by kboot and by the programs that it runs."""

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from bootstrap.core.model.state import Ground, LinkFolder
from bootstrap.host.files import own
from bootstrap.host.files.places import Places
from bootstrap.regular import is_file, is_folder


def search_path(environ: Mapping[str, str], links: Path) -> tuple[str, ...]:
    """The folder of the profile's links, then the user's PATH, each folder once.

    Left out of the user's PATH: empty and relative entries, what is no folder, the links of other
    profiles (this may be the shell of one), and every folder that others may write to or replace.
    The sticky bit redeems none: in `/tmp` nobody can replace my `kubectl`, but anybody can put one
    there. It redeems those above: nobody can put another folder into the place of mine.
    Folders of another owner or writable by a group stay: `/usr/local/bin` (Debian, Homebrew) and a
    team's `/opt/tools/bin` are like that on purpose.
    """
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    modes: dict[str, int] = {}
    trusted = (
        entry
        for entry in entries
        if entry.startswith("/")
        and not _is_another(entry, links)
        and _untrusted(entry, modes) == ""
    )
    return tuple(dict.fromkeys((str(links), *trusted)))


def _is_another(folder: str, links: Path) -> bool:
    """Whether it is the links of a profile, and not of this one."""
    path = Path(folder)
    alike = path.name == links.name and path.parent.parent == links.parent.parent
    return alike and path != links


def own_name(environ: Mapping[str, str], called: str) -> str:
    """What this person types for this very kboot: `kboot` where PATH leads to it, else its path.

    `called` is the process's own name for itself. A wrapper says its name in KBOOT_COMMAND.
    """
    given = environ.get("KBOOT_COMMAND")
    if given or Path(called).name != "kboot":  # `python -m bootstrap` is a developer's
        return given or "kboot"
    found = candidates("kboot", environ.get("PATH", os.defpath).split(os.pathsep))
    same = bool(found) and os.path.realpath(found[0]) == os.path.realpath(called)
    return "kboot" if same else str(Path(called).absolute())


def rehearsal_beside(program: str) -> str:
    """scripts/rehearse of the checkout whose kboot a person calls so.

    Empty: it is of none, or this is no machine for it, which wants Debian's packages on amd64.
    """
    beside = str(Path(program).with_name("rehearse")) if "/" in program else ""
    fits = os.uname().machine == "x86_64" and os.access("/usr/bin/apt-get", os.X_OK)
    return beside if fits and os.access(beside, os.X_OK) else ""


def candidates(executable: str, folders: Iterable[str]) -> tuple[str, ...]:
    """Every program of that name, in the order of `folders`; the first is the one that runs.

    Without those that others may write to or replace, of which `unsafe` tells. One file is named
    once, by the first path that leads to it (`/bin` is `/usr/bin` on a merged system).
    """
    found: dict[str, str] = {}
    modes: dict[str, int] = {}
    for folder in folders:
        file = Path(folder, executable)
        if is_program(file) and not _replaceable(str(file), modes):
            found.setdefault(os.path.realpath(file), str(file))
    return tuple(found.values())


def are_there(names: Iterable[str], folders: tuple[str, ...]) -> dict[str, bool]:
    """Of programs by their name and files by their whole path: whether they are there."""
    return {
        name: os.access(name, os.F_OK) if name.startswith("/") else bool(candidates(name, folders))
        for name in names
    }


def unsafe(executable: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The programs of that name on the user's PATH that are not run, each with the reason."""
    modes: dict[str, int] = {}
    found: dict[str, str] = {}
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        file = f"{folder}/{executable}"
        if folder.startswith("/") and os.access(file, os.X_OK) and is_program(Path(file)):
            why = _untrusted(folder, modes) or _replaceable(file, modes)
            found |= {file: why} if why else {}
    return found


def is_program(file: Path) -> bool:
    """Whether it is a regular file that this user may execute."""
    return is_file(file) and os.access(file, os.X_OK)


def _untrusted(folder: str, modes: dict[str, int]) -> str | None:
    """Why nothing in `folder` is run: others may write to it or replace it. None: it is none.

    `modes`: of folders that were looked at, since those of a PATH lie below the same few.
    """
    try:
        mode = os.stat(folder).st_mode  # noqa: PTH116 (several times a run, for all of PATH)
        if not stat.S_ISDIR(mode):
            return None
        return f"everybody may write to {folder}" if mode & stat.S_IWOTH else _open(folder, modes)
    except (OSError, ValueError):
        return None


def _replaceable(file: str, modes: dict[str, int]) -> str:
    """Why a program in a trusted folder is not run; it may be a link to where others write."""
    try:
        if os.stat(file).st_mode & stat.S_IWOTH:  # noqa: PTH116
            return "everybody may write to it"
        return _open(file, modes)
    except OSError as error:
        return error.strerror or str(error)


def _open(path: str, modes: dict[str, int]) -> str:
    """Which folder above lets everybody put something else in its place; empty: none does."""
    linked = ".." in path
    way = path
    while True:
        mode = modes.get(way)
        if mode is None:
            mode = modes[way] = os.lstat(way).st_mode
        linked |= stat.S_ISLNK(mode)
        if way != path and mode & stat.S_IWOTH and not (mode & stat.S_ISVTX or stat.S_ISLNK(mode)):
            return f"everybody may write to {way}"
        if way in ("/", "//"):
            return _open(os.path.realpath(path), modes) if linked else ""
        way = os.path.dirname(way)  # noqa: PTH120


def is_in_store(file: str, places: Places) -> bool:
    """Whether this is one of the files that kboot installed, by whatever links it was found."""
    return os.path.realpath(file).startswith(os.path.realpath(places.artifacts) + os.sep)


def profile_of_link(link: Path, places: Places, name: str = "") -> str:
    """The id of the profile to whose `name` this link leads; empty: kboot did not make it.

    `name` is usually the link's own.

    It is judged by its text, so that a link whose profile is gone is still known for kboot's.
    """
    try:
        target = link.readlink()
    except OSError:
        return ""
    profile = target.parent.parent
    if (target.name, target.parent.name) != (name or link.name, places.links("").name):
        return ""
    is_ours = os.path.realpath(profile.parent) == os.path.realpath(places.profile("x").parent)
    return profile.name if target.is_absolute() and is_ours else ""


def look_at_links(
    folder: str, executables: Iterable[str], environ: Mapping[str, str], places: Places
) -> LinkFolder:
    """What lies in `folder` under these names, and whether links can be put there."""
    names = tuple(executables)
    ground, obstacle, why = _ground(folder)
    entries = [each for each in environ.get("PATH", os.defpath).split(os.pathsep) if each]
    real = os.path.realpath(folder)
    on_path = [os.path.realpath(each) == real for each in entries]
    before = entries[: on_path.index(True)] if True in on_path else []
    links = {name: Path(folder, name) for name in names if os.path.lexists(Path(folder, name))}
    ours = {name: profile_of_link(link, places) for name, link in links.items()}
    return LinkFolder(
        folder,
        ground,
        obstacle,
        why,
        on_path=True in on_path,
        ours={name: profile for name, profile in ours.items() if profile},
        taken={name: _kind(link) for name, link in links.items() if not ours[name]},
        hidden={name: first for name in names if (first := _first(name, before, places))},
    )


def _first(name: str, folders: Iterable[str], places: Places) -> str:
    """The links of a profile are on PATH only in shells that asked for it."""
    found = (Path(each, name) for each in folders if not is_in_store(f"{each}/{name}", places))
    return next((str(file) for file in found if is_program(file)), "")


def _ground(folder: str) -> tuple[Ground, str, str]:
    """Judged by the nearest thing that is there: the folder, or one above it; with the reason."""
    wanted = Path(folder)
    nearest = next(each for each in (wanted, *wanted.parents) if os.path.lexists(each))
    try:
        if not nearest.is_dir():
            return Ground.NO_FOLDER, str(nearest), ""
    except OSError:  # a link to where this user may not look
        return Ground.NOT_WRITABLE, str(nearest), ""
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Ground.NOT_WRITABLE, str(nearest), ""
    if nearest == wanted and (why := own.others_write(nearest.stat())):
        return Ground.NOT_YOURS, str(nearest), why
    way, why = own.way_trouble(wanted)
    if why:
        return Ground.NOT_YOURS, str(way), why
    return (Ground.THERE if nearest == wanted else Ground.MISSING), "", ""


def _kind(path: Path) -> str:
    with suppress(OSError):
        return f"a link to {path.readlink()}"
    return "a folder" if is_folder(path) else "a file"
