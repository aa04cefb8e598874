"""The person's kubeconfigs as they were before kboot's changes: listed, and put back."""

import time
from pathlib import Path

from bootstrap.core.model.state import Backup
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.lock import hold
from bootstrap.host.files.places import claim
from bootstrap.host.yours import user_file
from bootstrap.host.yours.backups import Kept, kept
from bootstrap.host.yours.kubeconfigs import shown
from bootstrap.run.session import Session
from bootstrap.ui.layout import paragraph

LOCK_SECONDS = 60.0


def backups(session: Session) -> tuple[Backup, ...]:
    """The oldest first."""
    return tuple(_told(session, each) for each in _kept(session))


def put_back(session: Session, number: int | None) -> tuple[Backup, Backup | None]:
    """That one, by default the newest; and where what stood there is now, if anything did.

    Raises KbootError: 2 for a number that there is not, else as a merge does. The file is then as
    it was.
    """
    places = session.around.places
    claim(places)

    def waiting(holder: str) -> None:
        session.screen.talk(paragraph(f"waiting for {holder}"))

    with hold(places.lock("kubeconfig"), timeout=LOCK_SECONDS, waiting=waiting):
        chosen = _chosen(session, number)
        before = {each.number for each in _kept(session)}
        try:
            _replace(session, chosen)
        except KbootError as error:
            error.with_state(f"{shown(chosen.of, places)} is as it was")
            raise
        new = [each for each in _kept(session) if each.number not in before]
    return _told(session, chosen), _told(session, new[-1]) if new else None


def _replace(session: Session, chosen: Kept) -> None:
    file = chosen.of
    try:
        content = chosen.file.read_bytes()
        there, seen = user_file.read(file)
        if there != content:
            user_file.replace(file, seen, content, session.around.places)
    except user_file.Changed as error:
        raise KbootError(
            Exit.LOCK_TIMEOUT,
            f"another program wrote {file} at the same moment",
            next=session.profile.command_line("config", "restore", str(chosen.number)),
        ) from error
    except OSError as error:
        raise _unreadable(error, file) from error


def _kept(session: Session) -> list[Kept]:
    folder = session.around.places.backups
    try:
        return kept(session.around.places)
    except OSError as error:
        raise _unreadable(error, folder) from error


def _chosen(session: Session, number: int | None) -> Kept:
    wanted = [each for each in _kept(session) if number in (None, each.number)]
    if wanted:
        return wanted[-1]
    raise KbootError(
        Exit.USAGE,
        "there is no backup" + (f" {number}" if number is not None else ""),
        why="kboot keeps what stood in your kubeconfig before each of its changes",
        state="nothing was changed",
        next=session.profile.command_line("config", "backups"),
    )


def _told(session: Session, each: Kept) -> Backup:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.strptime(each.at, "%Y%m%dT%H%M%SZ"))
    file = shown(each.of, session.around.places)
    return Backup(each.number, file, at, str(each.file), each.first)


def _unreadable(error: OSError, file: Path) -> KbootError:
    return KbootError(
        Exit.PERMISSION,
        "kboot cannot read a file",
        why=f"{error.filename or file}: {error.strerror or error}",
        state="nothing was changed",
        next="make it readable for you",
    )
