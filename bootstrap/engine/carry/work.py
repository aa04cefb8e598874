"""What every step is carried out with."""

from collections.abc import Callable
from typing import NamedTuple

from bootstrap.core.model.events import Emit, Event, Happening
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Profile
from bootstrap.core.reading.settings import Settings
from bootstrap.host.machine.surroundings import Surroundings


class Limits(NamedTuple):
    """Seconds that long steps may take."""

    start: float = 1800.0
    packages: float = 1800.0
    stop: float = 300.0
    store_lock: float = 1800.0


class Work(NamedTuple):
    """What every step is carried out with."""

    profile: Profile
    knowledge: Knowledge
    around: Surroundings
    settings: Settings
    limits: Limits
    emit: Emit
    offline: bool = False

    def waiting(self, subject: str) -> Callable[[str], None]:
        """For a lock: says who holds it."""
        return lambda holder: self.emit(Event(Happening.WAITING, subject, f"waiting for {holder}"))
