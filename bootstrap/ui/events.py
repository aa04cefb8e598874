"""What happens, as lines of JSON in a file (docs/events.md), each written as it happens."""

import json
import os
import threading
import time
from datetime import UTC, datetime
from errno import EISDIR, ENOENT, ENOTDIR
from typing import Any

from bootstrap import __version__
from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.profile import Profile
from bootstrap.core.result.report import Report
from bootstrap.core.values.masking import mask
from bootstrap.errors import Exit, KbootError, class_of

SCHEMA = 1
"""Of a line; raised when a key changes its meaning or goes."""

DOWNLOAD_PAUSE = 0.5
"""Seconds between two lines of one download; its last is never left out."""

_NO_PLACE = (ENOENT, ENOTDIR, EISDIR)


class EventFile:
    """One run's events, added to the file's end. Called from worker threads too.

    A line is one write, so runs that share a file mix their lines and never tear them. A file
    that takes no more stops nothing: `take_problem` says so, once.
    """

    def __init__(self, path: str, command: str) -> None:
        """Raises KbootError (2, 40, 41) when the file cannot be written to."""
        self._path = path
        self._command = command
        self._descriptor: int | None = _open(path)
        self._problem = ""
        self._started, self._started_at = time.monotonic(), datetime.now(UTC)
        self._run = os.urandom(6).hex()
        self._begun = False
        self._told: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, profile: Profile | None) -> None:
        """The run's first line, of the moment in which the file was opened.

        `profile` is None where it could not be read.
        """
        self._begun = True
        named = {"name": profile.name, "id": profile.id} if profile else None
        more = {
            "time": _shown(self._started_at),
            "elapsed": 0.0,
            "kboot": __version__,
            "profile": named,
        }
        self._write(Happening.RUN_STARTED, self._command, "", more)

    def event(self, event: Event) -> None:
        """Where a field has nothing to say, its key is left out."""
        fields = {
            "done": event.done,
            "total": event.total,
            "seconds": None if event.seconds is None else round(event.seconds, 3),
            "reason": event.reason or None,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        with self._lock:
            if event.happening is not Happening.DOWNLOAD or self._is_due(event):
                self._write(event.happening, event.subject, event.message, known)

    def end(self, report: Report) -> None:
        """The run's last line."""
        if not self._begun:
            self.begin(report.profile)
        code = report.exit_code
        seconds = round(time.monotonic() - self._started, 3)
        ended = {"exit_code": int(code), "exit_id": code.id, "seconds": seconds}
        self._write(Happening.RUN_ENDED, self._command, _why(report), ended)
        self._close()

    def take_problem(self) -> str:
        """Why the file takes no more, in words; empty when it does, or when that was said."""
        problem, self._problem = self._problem, ""
        return problem

    def _is_due(self, event: Event) -> bool:
        now = time.monotonic()
        last = self._told.get(event.subject)
        if last is not None and now - last < DOWNLOAD_PAUSE and event.done != event.total:
            return False
        self._told[event.subject] = now
        return True

    def _write(
        self, happening: Happening, subject: str, message: str, more: dict[str, Any]
    ) -> None:
        if self._descriptor is None:
            return
        line = {
            "schema": SCHEMA,
            "run": self._run,
            "time": _shown(datetime.now(UTC)),
            "elapsed": round(time.monotonic() - self._started, 3),
            "happening": happening.value,
            "subject": mask(subject),
            "message": mask(message),
            **more,
        }
        data = json.dumps(line).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            why = error.strerror or str(error)
            self._problem = f"no more events are written to {self._path}: {why}"
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _shown(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _why(report: Report) -> str:
    """Why the run ended as it did, where neither a step nor a gate says it."""
    if report.error is not None:
        return report.error.what
    blockers = report.plan.blockers if report.plan else ()
    return "; ".join(f"blocked by {each.subject}: {each.message}" for each in blockers)


def _open(path: str) -> int:
    if path == "-":
        raise KbootError(
            Exit.USAGE,
            "--events takes a file",
            why="stdout is for what the command prints",
            state="nothing was changed",
            next="kboot up --events FILE",
        )
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    except OSError as error:
        code = Exit.USAGE if error.errno in _NO_PLACE else class_of(error)
        raise _cannot_write(path, code, error.strerror or str(error)) from error
    except ValueError as error:  # a NUL in the name
        raise _cannot_write(path, Exit.USAGE, str(error)) from error


def _cannot_write(path: str, code: Exit, why: str) -> KbootError:
    return KbootError(
        code,
        f"events cannot be written to {path}",
        why=why,
        state="nothing was changed",
        next="kboot up --events FILE   (in a folder that is there and yours)",
    )
