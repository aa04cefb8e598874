"""What is in the store: the receipts beside the installed files. Every run reads them."""

import json
from pathlib import Path
from typing import NamedTuple

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.state import StoredArtifact
from bootstrap.core.values.codec import from_plain
from bootstrap.host.files.places import Places

RECEIPT = "receipt.json"


class Receipt(NamedTuple):
    """Written last into an artifact's folder: without it the folder is not installed."""

    tool: str
    version: str
    platform: str
    url: str
    """Where it came from, credentials masked."""
    sha256: str
    """Of the downloaded file."""
    origin: str
    """Where the expected digest was from."""
    trust: str
    size: int
    """Bytes downloaded."""
    member: str
    executable_sha256: str
    """Of the installed file; the same as `sha256` unless it was unpacked."""
    installed_at: str
    kboot: str
    """The version of kboot that installed it."""


def place_of(places: Places, artifact: Artifact) -> Path:
    """The content-named folder of that artifact, whether it is installed or not."""
    platform = artifact.platform.replace("/", "-")
    name = f"{artifact.version}-{platform}-{artifact.sha256[:12]}"
    return places.artifacts / artifact.tool / name


def executable_of(places: Places, artifact: Artifact) -> Path:
    """The file that the links of a profile lead to."""
    return place_of(places, artifact) / artifact.tool


def read_receipt(folder: Path) -> Receipt | None:
    """None: nothing is installed there, or nothing that this kboot understands."""
    try:
        return from_plain(Receipt, json.loads((folder / RECEIPT).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return None


def stored_at(executable: Path) -> StoredArtifact | None:
    """What the receipt beside an installed file says; None where there is none.

    `executable`: that file, or a link to it.
    """
    receipt = read_receipt(executable.resolve().parent)
    return _stored(receipt) if receipt else None


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


def inventory(places: Places) -> tuple[StoredArtifact, ...]:
    """Every installed artifact, by its receipt; what is no receipt is passed over.

    The files themselves are not read: `commit.install` hashes one before it is used again.
    """
    receipts = [
        receipt
        for path in sorted(places.artifacts.glob(f"*/*/{RECEIPT}"))
        if (receipt := read_receipt(path.parent)) and (path.parent / receipt.tool).is_file()
    ]
    return tuple(map(_stored, receipts))


def _stored(receipt: Receipt) -> StoredArtifact:
    return StoredArtifact(receipt.tool, receipt.version, receipt.sha256, receipt.trust)
