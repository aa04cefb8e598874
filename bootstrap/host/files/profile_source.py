"""Find the profile file that a person means, and turn it into a profile."""

import os
from binascii import crc32
from collections.abc import Mapping
from pathlib import Path

from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Profile
from bootstrap.core.values.codec import from_plain, to_plain
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.cache import Cache
from bootstrap.regular import is_file, read_regular

LONGEST = 64 * 1024
"""Bytes: a profile is a page of text; more is a mistake or an attack."""

DEFAULT = "default"
FILE_NAME = "kboot.toml"


def load(argument: str | None, *, knowledge: Knowledge, home: Path, cache: Cache) -> Profile:
    """The profile that `argument` names: a path, a shipped name, or None for what is found.

    Raises KbootError (10, 41) with what is wrong with the file.
    """
    path, shipped = _locate(argument, home)
    text = _read(path, argument or str(path))
    profile = _parse(text, str(path) if argument is None else argument, knowledge, cache)
    identity = profile.name
    if not shipped:
        identity += f"-{crc32(os.fsencode(os.path.realpath(path))):08x}"
    return profile._replace(id=identity, source=str(path), argument=argument or "")


def shipped_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _shipped_folder().glob("*.toml")))


def _locate(argument: str | None, home: Path) -> tuple[Path, bool]:
    """The file, and whether it is one that kboot ships."""
    if argument is None:
        found = _search(Path.cwd(), home)
        return (found, False) if found else (_shipped_folder() / f"{DEFAULT}.toml", True)
    if "/" in argument or argument.endswith(".toml"):
        return Path(argument), False
    path = _shipped_folder() / f"{argument}.toml"
    if not is_file(path):
        raise KbootError(
            Exit.PROFILE_INVALID,
            f"there is no shipped profile {argument!r}",
            why=f"shipped are {', '.join(shipped_names())}; a file is named by a path or *.toml",
            state="nothing was changed",
            next=f"kboot doctor ./{argument}.toml",
        )
    return path, True


def _shipped_folder() -> Path:
    """`_profiles` in an installed kboot, `profiles` in a checkout."""
    package = Path(__file__).parents[2]
    packed = package / "_profiles"
    return packed if packed.is_dir() else package.parent / "profiles"


def _search(start: Path, home: Path) -> Path | None:
    """`kboot.toml` here or above; stops at HOME and at a file system's border."""
    device = start.stat().st_dev
    for folder in (start, *start.parents):
        if folder.stat().st_dev != device:
            return None
        path = folder / FILE_NAME
        if is_file(path):
            return _trusted(path)
        if folder == home:
            return None
    return None


def _trusted(path: Path) -> Path:
    """A file that was merely found decides what is installed, so its owner must be this user."""
    owner = path.stat().st_uid
    if owner not in (os.geteuid(), 0):
        raise KbootError(
            Exit.PERMISSION,
            f"{path} belongs to another user",
            why=f"it was found, not named, and its owner is user {owner}",
            state="nothing was changed",
            next=f"kboot … {path}   (naming it says that you trust it)",
        )
    return path


def _read(path: Path, shown: str) -> str:
    try:
        data = read_regular(path, LONGEST)
    except OSError as error:
        raise _unreadable(shown, error.strerror or str(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _unreadable(shown, f"it is not UTF-8 (line {line})") from error


def _unreadable(shown: str, why: str) -> KbootError:
    return KbootError(
        Exit.PROFILE_INVALID,
        f"profile {shown} cannot be read",
        why=why,
        state="nothing was changed",
        next=f"kboot doctor PROFILE   (a file, or one of {', '.join(shipped_names())})",
    )


def _parse(text: str, source: str, knowledge: Knowledge, cache: Cache) -> Profile:
    """From the cache where this very text was parsed before: pydantic costs more than a probe."""
    key = {"text": text, "tools": [tool.name for tool in knowledge.tools]}
    # A checksum is enough for a name: the kept text itself is compared.
    name = f"profile-{crc32(text.encode()):08x}"
    kept = cache.read(name, key)
    if isinstance(kept, Mapping):
        try:
            return from_plain(Profile, kept)
        except ValueError:
            pass  # written by another kboot; parse anew
    from bootstrap.core.reading import profile as profile_file

    profile = profile_file.parse(text, source=source, knowledge=knowledge)
    cache.write(name, key, to_plain(profile))
    return profile
