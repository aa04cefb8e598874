"""Look at every byte of the store. Changes nothing."""

from pathlib import Path

from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.state import StoredPlace
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.store.keep.intact import Known, examine
from bootstrap.store.keep.inventory import places_in_use


def look_at_store(knowledge: Knowledge, around: Surroundings) -> tuple[StoredPlace, ...]:
    """Each place, hashed whether or not it seems to have been touched."""
    known = Known(around.places, knowledge.catalogue, thorough=True)
    return tuple(_look(place, known) for place in places_in_use(around.places))


def _look(place: Path, known: Known) -> StoredPlace:
    kept = examine(place, known)
    receipt = kept.receipt
    name = f"{receipt.tool} {receipt.version}" if receipt else ""
    return StoredPlace(str(place), name, kept.damage, kept.differs)
