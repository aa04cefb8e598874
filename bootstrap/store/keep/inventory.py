"""What is in the store: the receipts beside the installed files. Every run reads them."""

from pathlib import Path

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.state import StoredArtifact
from bootstrap.host.files.places import Places
from bootstrap.store.keep.intact import Known, examine
from bootstrap.store.keep.receipt import RECEIPT, Receipt, read_receipt


def installed(places: Places, artifact: Artifact) -> Receipt | None:
    """The receipt of that release, installed before at the same level, whatever its digest."""
    wanted = (artifact.version, artifact.platform, artifact.trust)
    folder = places.artifacts / artifact.tool
    receipts = (read_receipt(path.parent) for path in sorted(folder.glob(f"*/{RECEIPT}")))
    fitting = (r for r in receipts if r and (r.version, r.platform, r.trust) == wanted)
    return next(fitting, None)


def brought(places: Places) -> tuple[str, ...]:
    """Names of what was put into the drop folder by hand; not verified before it is used."""
    try:
        return tuple(sorted(each.name for each in places.downloads.iterdir()))
    except OSError:
        return ()


def places_in_use(places: Places) -> tuple[Path, ...]:
    """Every folder of the store that should hold an installed file."""
    return tuple(sorted(places.artifacts.glob("*/*")))


def inventory(known: Known) -> tuple[StoredArtifact, ...]:
    """Every installed artifact whose file is the one that was verified."""
    found = (
        examine(path.parent, known)
        for path in sorted(known.places.artifacts.glob(f"*/*/{RECEIPT}"))
    )
    return tuple(stored(each.receipt) for each in found if each.receipt and not each.damage)


def stored(receipt: Receipt) -> StoredArtifact:
    """What a state says of it."""
    return StoredArtifact(receipt.tool, receipt.version, receipt.sha256, receipt.trust)
