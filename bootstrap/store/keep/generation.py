"""The links of one profile: complete sets of them, and one rename that switches."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from bootstrap.host.files import own
from bootstrap.host.files.disk import disk_errors, sync_folders
from bootstrap.host.files.places import Places

_PREFIX = "gen-"


def link(places: Places, profile_id: str, links: Mapping[str, Path]) -> Path:
    """Make `links` (name → file in the store) part of the profile's links; the folder for PATH.

    The profile's other links stay. The caller holds the store lock. Whenever this is killed, the
    old set or the new one is in place, whole. Raises KbootError (40, 41) when the disk refuses.
    """
    profile, current = places.profile(profile_id), places.links(profile_id)
    with disk_errors(places.data, f"the links of profile {profile_id}"):
        own.make(profile)
        previous = _target(current)
        # Every generation lies equally deep, so a relative target is right in all of them.
        wanted = _read(current) | {
            name: os.path.relpath(path, profile / _PREFIX) for name, path in links.items()
        }
        if previous is None or wanted != _read(current):
            generation = _write_generation(profile, wanted)
            _switch(current, generation)
            _remove_others(profile, keep={generation.name, previous})
    return current


def _target(current: Path) -> str | None:
    """The name of the generation in use; None: none is."""
    return current.readlink().name if current.is_symlink() else None


def _read(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {each.name: str(each.readlink()) for each in folder.iterdir() if each.is_symlink()}


def _write_generation(profile: Path, links: Mapping[str, str]) -> Path:
    # Numbers of dead runs are not used again: what they left may be half a generation.
    numbers = [_number(each) for each in profile.glob(f"{_PREFIX}*")]
    generation = profile / f"{_PREFIX}{max(numbers, default=0) + 1}"
    generation.mkdir(mode=0o700)
    for name, target in links.items():
        (generation / name).symlink_to(target)
    sync_folders(generation, profile, profile.parent)
    return generation


def _number(folder: Path) -> int:
    digits = folder.name.removeprefix(_PREFIX)
    return int(digits) if digits.isdecimal() else 0


def _switch(current: Path, generation: Path) -> None:
    following = current.with_name("current.new")
    following.unlink(missing_ok=True)
    following.symlink_to(generation.name)
    following.replace(current)
    sync_folders(current.parent)


def _remove_others(profile: Path, keep: set[str | None]) -> None:
    for folder in profile.glob(f"{_PREFIX}*"):
        if folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)
