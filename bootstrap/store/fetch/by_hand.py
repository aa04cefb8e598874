"""Take a file that a person put into the drop folder: verified like one from the network."""

import os
from pathlib import Path

from bootstrap.core.model.catalogue import Artifact
from bootstrap.host.files.places import Places
from bootstrap.regular import is_file, open_regular
from bootstrap.store.fetch import failures
from bootstrap.store.fetch.download import Received
from bootstrap.store.fetch.partial import Partial

_BLOCK = 1 << 20


def find(artifact: Artifact, places: Places) -> Path | None:
    """The file of the artifact's digest, whatever is in it."""
    path = places.downloads / artifact.digest
    return path if artifact.digest and is_file(path) else None


def take(artifact: Artifact, path: Path, destination: Path) -> Received:
    """Write the verified copy to `destination` (new, mode 0600, on the disk).

    Raises KbootError (30) for another file than it should be, OSError as the disk does.
    """
    algorithms = ("sha256", "sha512") if artifact.sha512 else ("sha256",)
    with os.fdopen(open_regular(path), "rb") as source, Partial(destination, algorithms) as partial:
        partial.open()
        while block := source.read(_BLOCK):
            partial.append(block)
        found = partial.digests()[algorithms[-1]]
        if found != artifact.digest:
            raise failures.wrong_by_hand(artifact, path, algorithms[-1], found, artifact.digest)
        partial.keep()
        return Received(partial.size, partial.digests()["sha256"])
