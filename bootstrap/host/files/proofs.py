"""The proofs of clusters: found, kept, and forgotten."""

import json
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bootstrap.core.model.gate import Proof
from bootstrap.core.values.codec import from_plain, to_plain
from bootstrap.host.files import own
from bootstrap.host.files.disk import disk_errors, write_text
from bootstrap.host.files.places import Places
from bootstrap.kubeconfig.private import read_private


def read_proof(path: Path) -> tuple[Proof | None, float]:
    """With its age in seconds. None: there is none, or none that this kboot understands."""
    try:
        proof = from_plain(Proof, json.loads(own.read(path)))
        then = datetime.fromisoformat(proof.proven_at)
        return proof, time.time() - then.timestamp()
    except (OSError, ValueError, OverflowError, RecursionError):
        return None, 0.0


def keep_proof(path: Path, proof: Proof) -> None:
    """Whole or not at all. Raises KbootError (40, 41) when the disk refuses."""
    following = path.with_name(f"{path.name}.new")
    with disk_errors(path.parent, "the proof that the cluster works"):
        own.make(path.parent)
        following.unlink(missing_ok=True)
        write_text(following, json.dumps(to_plain(proof), indent=2) + "\n")
        following.replace(path)


def note_new(places: Places, cluster: str) -> None:
    """It is about to be made, and until it was ready once, nothing of anybody's is in it."""
    place = places.never_ready(cluster)
    with disk_errors(place.parent, "the note of a new cluster"):
        own.make(place.parent)
        place.touch(mode=0o600)


def note_ready(places: Places, cluster: str) -> None:
    with disk_errors(places.never_ready(cluster), "the note of a new cluster"):
        places.never_ready(cluster).unlink(missing_ok=True)


def forget_proofs(places: Places, cluster: str) -> None:
    """Of all profiles: of a cluster that was changed, or failed a gate, nothing is known any more.

    Raises KbootError (41) where the disk refuses.
    """
    folder = places.proofs(cluster)
    with disk_errors(folder, "what was proven of the cluster"), suppress(FileNotFoundError):
        for proof in folder.iterdir():
            proof.unlink(missing_ok=True)


def forget_proofs_at(places: Places, server: str) -> None:
    """Of the clusters that kboot reaches at that address."""
    for folder in (places.state / "clusters").glob("*"):
        with suppress(OSError, ValueError):
            connection = read_private(places.kubeconfig(folder.name))
            if connection is not None and connection.server == server:
                forget_proofs(places, folder.name)
