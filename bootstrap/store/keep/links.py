"""Links to a profile's tools outside kboot's own folders, never over what kboot did not make."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap.core.model.step import LinkTools
from bootstrap.errors import Exit, KbootError, refused
from bootstrap.host.files import own
from bootstrap.host.files.disk import sync_folders
from bootstrap.host.files.places import Places
from bootstrap.host.programs.path import profile_of_link


def put_links(places: Places, step: LinkTools) -> None:
    """Each link leads to the profile's `current`, so a later change of version needs no new one.

    The caller holds the store lock. All that is in the way is found before the first is made.
    Raises KbootError (74) for what kboot did not make, (41) when the folder refuses.
    """
    folder = Path(step.folder)
    with _folder_errors(folder):
        if not folder.is_dir():
            own.make(folder, 0o755)
        present = {name: os.path.lexists(folder / name) for name in step.names}
        for name in step.names:
            if present[name] and not profile_of_link(folder / name, places):
                raise _in_the_way(folder / name)
        for name in step.names:
            target = places.links(step.profile) / name
            if present[name]:
                _replace(folder / name, target, places)
            else:
                # Fails where a file appeared meanwhile, and never writes over it.
                _make(folder / name, target)
        sync_folders(folder)


def _make(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target)
    except FileExistsError as error:
        raise _in_the_way(link) from error


def _replace(link: Path, target: Path, places: Places) -> None:
    """One rename: whoever looks finds the old link or the new one."""
    following = link.with_name(f".{link.name}.kboot")
    if os.path.lexists(following):  # left by a run that was killed
        if not profile_of_link(following, places, link.name):
            raise _in_the_way(following)
        following.unlink()
    _make(following, target)
    following.replace(link)


def _in_the_way(path: Path) -> KbootError:
    return KbootError(
        Exit.CONFLICT,
        f"{path} is there, and kboot did not make it",
        why="kboot replaces no file of yours",
        next=f"{shlex.join(('mv', '-i', str(path), f'{path}.mine'))}   and the same command again",
    )


@contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        failure = refused(error, f"no links can be put into {folder}", str(folder))
        if failure.code is Exit.PERMISSION:
            failure.next = "kboot up --link FOLDER, where FOLDER is one that you may write to"
        raise failure from error
