"""Waiting for one thing of a trial's, and why it has not come yet."""

import time
from collections.abc import Callable
from contextlib import suppress

from bootstrap.api.failure import ApiFailure
from bootstrap.gates.look import Look
from bootstrap.gates.why.trouble import Trouble

_ASK_WHY = 1.0
"""Seconds between two looks at why something does not come."""


class Waiting:
    """`failed`: makes the look of a message and a trouble."""

    def __init__(self, failed: Callable[[str, Trouble], Look], subject: str) -> None:
        self._failed = failed
        self._subject = subject
        self._trouble = Trouble("not-there-yet", "")
        self._asked = time.monotonic()

    def look(self, find: Callable[[], Trouble], progress: str) -> Look:
        """`find` costs requests, so it is asked once a second, and `progress` says the rest."""
        now = time.monotonic()
        if now - self._asked >= _ASK_WHY:
            self._asked = now
            with suppress(ApiFailure):
                self._trouble = find()
        return self._failed(f"{self._subject}: {progress or 'not there yet'}", self._trouble)
