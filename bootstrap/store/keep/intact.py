"""Whether a stored file is still the one that was verified. Nothing is run or linked before.

A file that is, to inode, size and times, what its receipt recorded was not written to since; any
other is hashed (60 MB: 0.04 s), and where that was well it is remembered in the cache.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

from bootstrap.core.model.catalogue import Artifact, Catalogue
from bootstrap.host.files import own
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.places import Places
from bootstrap.store.keep.receipt import Receipt, place_of, read_receipt, seal

LARGEST = 1 << 30
"""Bytes of a tool. What is larger is hashed by nobody."""
_RACY_SECONDS = 2.0
"""As in `host.programs.elf`: on kernels before 6.13 a second change may bear the same time."""


class Known(NamedTuple):
    """What a stored file is held against. `cache` None: each that was touched is hashed."""

    places: Places
    catalogue: Catalogue | None = None
    cache: Cache | None = None
    thorough: bool = False
    """Hash what bears its seal, too."""
    seen: dict[Path, "Kept"] | None = None
    """What was found in each place by this look."""


class Kept(NamedTuple):
    """One place in the store. `damage` empty: its file is the one that was verified."""

    receipt: Receipt | None
    damage: str = ""
    """Why it is not run."""
    differs: bool = False
    """Its bytes are others than those that were verified; else that is not known."""


def examine(place: Path, known: Known) -> Kept:
    """What lies in `place`, a folder of the store. Raises nothing."""
    if known.seen is None:
        return _examine(place, known)
    if place not in known.seen:
        known.seen[place] = _examine(place, known)
    return known.seen[place]


def _examine(place: Path, known: Known) -> Kept:
    for folder in (known.places.artifacts, place.parent, place):
        if why := own.trouble(folder):
            return Kept(None, f"{folder}: {why}")
    if not os.path.lexists(place):
        return Kept(None, "it is gone from kboot's store")
    receipt = read_receipt(place)
    if receipt is None:
        return Kept(None, "there is no receipt that says which bytes it must have")
    if place_of(known.places, receipt) != place:
        return Kept(receipt, "the receipt beside it is of another file")
    if why := _contradicted(receipt, known.catalogue):
        return Kept(receipt, why)
    return _examine_file(place / receipt.tool, receipt, known)


def linked(link: Path, known: Known) -> Kept | None:
    """What a link of a profile's leads to. None: there is no such link."""
    if not os.path.lexists(link):
        return None
    file, artifacts = os.path.realpath(link), os.path.realpath(known.places.artifacts)
    *_, tool, place, _ = ("", "", *Path(file).parts)
    if file != str(Path(artifacts, tool, place, tool)):
        return Kept(None, f"{link} does not lead to a file of kboot's store")
    return examine(known.places.artifacts / tool / place, known)


def damaged_links(folder: Path, known: Known) -> dict[str, str]:
    """Of all that a profile's folder for PATH would have a shell run: what is damaged, and why."""
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return {}
    looked = ((link.name, linked(link, known)) for link in links)
    return {name: kept.damage for name, kept in looked if kept and kept.damage}


def is_intact(place: Path, artifact: Artifact, places: Places) -> bool:
    """Whether the artifact is installed there and its file is still the one that was verified."""
    kept = examine(place, Known(places))
    return not kept.damage and kept.receipt is not None and kept.receipt.sha256 == artifact.sha256


def _contradicted(receipt: Receipt, catalogue: Catalogue | None) -> str:
    """File and receipt may have been put there together: the catalogue is out of their reach."""
    if not receipt.member and receipt.executable_sha256 != receipt.sha256:
        return "the receipt beside it contradicts itself"
    if catalogue is None:
        return ""
    sha256, member = catalogue.shipped(receipt.tool, receipt.version, receipt.platform)
    if not sha256 or (sha256, member) == (receipt.sha256, receipt.member):
        return ""
    return "the receipt beside it has another digest than kboot's catalogue"


def _examine_file(file: Path, receipt: Receipt, known: Known) -> Kept:
    try:
        descriptor = own.open_file(file)
    except OSError as error:
        return Kept(receipt, own.reason(error))
    try:
        status = os.fstat(descriptor)
        differs = _differs(descriptor, status, receipt, known)
    except OSError as error:
        return Kept(receipt, own.reason(error))
    finally:
        os.close(descriptor)
    if differs:
        return Kept(receipt, differs, differs=True)
    if status.st_mode & 0o555 != 0o555:
        return Kept(receipt, "it may not be executed any more")
    return Kept(receipt)


def _differs(descriptor: int, status: os.stat_result, receipt: Receipt, known: Known) -> str:
    """In words; empty: it is the file that was verified. Raises OSError."""
    if seal(status) == receipt.seal and not known.thorough:
        return ""
    size = receipt.seal[1] if len(receipt.seal) > 1 else None if receipt.member else receipt.size
    if size not in (None, status.st_size):
        return f"it has {status.st_size:,} bytes, and {size:,} were verified"
    if status.st_size > LARGEST:
        return f"it has {status.st_size:,} bytes, and no tool has"
    key = [status.st_dev, *seal(status), receipt.executable_sha256]
    name = f"stored-{receipt.sha256[:12]}"
    cache = None if known.thorough else known.cache
    if cache is not None and cache.read(name, key):
        return ""
    # A lazy point: nearly every file bears its seal, and this costs a tenth of a short run.
    import hashlib

    with os.fdopen(os.dup(descriptor), "rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != receipt.executable_sha256:
        return "its bytes are not those that were verified"
    if cache is not None and time.time() - status.st_ctime >= _RACY_SECONDS:
        cache.write(name, key, True)
    return ""
