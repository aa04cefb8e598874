"""Links in a folder of the person's own (`--link`): which are wanted, what is in their way."""

import shlex
from collections.abc import Iterator

from bootstrap.core.choose.case import Case
from bootstrap.core.choose.choice import Choices
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import Ground, LinkFolder
from bootstrap.errors import Exit

SUBJECT = "links"
USABLE = (Ground.THERE, Ground.MISSING)


def link_findings(case: Case) -> Iterator[Finding]:
    """Nothing without --link, nor where every tool is one that kboot did not install."""
    profile, names = case.profile, _installed(case.choices)
    if not case.request.link or not names:
        return
    folder = link_folder(case)
    if folder is None:
        yield _not_looked_at(case.request.link)
        return
    missing = links_to_make(case, folder)
    taken = [name for name in names if name in folder.taken]
    if missing and folder.ground not in USABLE:
        yield _unusable(profile, folder)
        return
    if missing:
        yield _drift(profile, missing, folder)
    elif not taken:
        message = f"{', '.join(names)} in {folder.path}"
        yield Finding(Group.TOOLS, SUBJECT, Status.OK, "linked", message)
    for name in taken:
        yield _taken(profile, name, folder)
    yield from _unreachable(names, folder)


def link_folder(case: Case) -> LinkFolder | None:
    """What is known of the folder asked for; a saved state may hold another, or none."""
    folder, asked = case.state.link_folder, case.request.link
    return folder if folder and asked and folder.path == asked else None


def _installed(choices: Choices) -> tuple[str, ...]:
    """The executables that kboot installed for this profile, or is going to.

    An adopted tool is on PATH already, and of one that does not answer nothing is known.
    """
    return tuple(
        choice.tool.executable
        for choice in choices.values()
        if choice.artifact is not None or (choice.state.managed and not choice.state.failure)
    )


def links_to_make(case: Case, folder: LinkFolder) -> tuple[str, ...]:
    """The names that are missing there, or lead to another profile."""
    return tuple(
        name
        for name in _installed(case.choices)
        if name not in folder.taken and folder.ours.get(name) != case.profile.id
    )


def why_linked(profile: Profile, names: tuple[str, ...], folder: LinkFolder) -> str:
    """What links of those names would change, in words."""
    said = ["asked for with --link"] if any(name not in folder.ours for name in names) else []
    if folder.ground is Ground.MISSING:
        said.append("the folder is made")
    for name in names:
        if name in folder.ours:
            said.append(f"{name}: from profile {folder.ours[name]} to {profile.id}")
    if not folder.on_path:
        said.append("it is not on PATH")
    return "; ".join(said)


def _drift(profile: Profile, names: tuple[str, ...], folder: LinkFolder) -> Finding:
    up = profile.command_line("up", "--link", shlex.quote(folder.path))
    message = f"{', '.join(names)} not in {folder.path} yet"
    because = why_linked(profile, names, folder)
    return Finding(
        Group.TOOLS, SUBJECT, Status.DRIFT, "not-linked", message, detail=because, fix=up
    )


def _taken(profile: Profile, name: str, folder: LinkFolder) -> Finding:
    path = f"{folder.path}/{name}"
    away = shlex.join(("mv", "-i", path, f"{path}.mine"))
    return Finding(
        Group.TOOLS,
        SUBJECT,
        Status.FAIL,
        "not-a-link-of-kboot",
        f"{path} is {folder.taken[name]}, which kboot did not make",
        detail="kboot replaces no file of yours",
        fix=f"{away}   or another folder: {profile.command_line('up', '--link', 'FOLDER')}",
        blocks=Exit.CONFLICT,
        blocks_tools=True,
    )


def _unusable(profile: Profile, folder: LinkFolder) -> Finding:
    no_folder = folder.ground is Ground.NO_FOLDER
    said = {
        Ground.NO_FOLDER: f"{folder.obstacle} is not a folder",
        Ground.NOT_YOURS: f"{folder.obstacle}: {folder.why}",
    }
    return Finding(
        Group.TOOLS,
        SUBJECT,
        Status.FAIL,
        folder.ground.value,
        said.get(folder.ground, f"you may not write to {folder.obstacle}"),
        detail="" if folder.obstacle == folder.path else f"so there can be no {folder.path}",
        fix=f"a folder of yours: {profile.command_line('up', '--link', 'FOLDER')}",
        blocks=Exit.CONFLICT if no_folder else Exit.PERMISSION,
        blocks_tools=True,
    )


def _unreachable(names: tuple[str, ...], folder: LinkFolder) -> Iterator[Finding]:
    """Links that a shell would not find."""
    if not folder.on_path:
        yield Finding(
            Group.TOOLS,
            SUBJECT,
            Status.WARN,
            "not-on-path",
            f"{folder.path} is not on PATH",
            fix=f"export PATH={shlex.quote(folder.path)}:$PATH   in your shell's start file",
        )
    for name in names:
        if name in folder.hidden:
            yield Finding(
                Group.TOOLS,
                SUBJECT,
                Status.WARN,
                "hidden-on-path",
                f"{folder.hidden[name]} comes before {folder.path}/{name} on PATH",
                fix=f"export PATH={shlex.quote(folder.path)}:$PATH   in your shell's start file",
            )


def _not_looked_at(folder: str) -> Finding:
    return Finding(
        Group.TOOLS,
        SUBJECT,
        Status.UNKNOWN,
        "not-looked-at",
        f"what is in {folder} is not part of the saved state",
        no_fix="a state is kept for one --link: the one that it was saved with",
    )
