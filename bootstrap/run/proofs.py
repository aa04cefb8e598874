"""Keep and find the proof of one cluster and profile."""

import json
from pathlib import Path

from bootstrap.core.result.proof import Proof
from bootstrap.core.values.codec import from_plain, to_plain
from bootstrap.host.files.disk import disk_errors, write_text


def read_proof(path: Path) -> Proof | None:
    """None: there is none, or none that this kboot understands."""
    try:
        return from_plain(Proof, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return None


def keep_proof(path: Path, proof: Proof) -> None:
    """Whole or not at all. Raises KbootError (40, 41) when the disk refuses."""
    following = path.with_name(f"{path.name}.new")
    with disk_errors(path.parent, "the proof that the cluster works"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        following.unlink(missing_ok=True)
        write_text(following, json.dumps(to_plain(proof), indent=2) + "\n")
        following.replace(path)
