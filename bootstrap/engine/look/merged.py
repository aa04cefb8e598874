"""What kboot put into the person's own kubeconfig earlier, by its record."""

import json
from pathlib import Path

from bootstrap.host.files import own
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.yours.kubeconfigs import user_files
from bootstrap.kubeconfig.entries import Entries, from_json


def files_for(cluster: str, around: Surroundings) -> tuple[Path, ...]:
    """The person's own kubeconfig files, as far as this cluster is concerned."""
    earlier = read_record(around.places.merged(cluster))[1]
    return user_files(around.environ, around.places, earlier)


def read_record(file: Path) -> tuple[Entries | None, tuple[Path, ...]]:
    """What kboot put where, earlier; nothing where that is not known."""
    try:
        plain = json.loads(own.read(file))
        return from_json(plain["entries"]), tuple(Path(str(each)) for each in plain["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, ()
