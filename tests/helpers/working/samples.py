"""One small artifact, the folders of one user, and what may never be true of them."""

import hashlib
from pathlib import Path

from bootstrap.core.model.catalogue import Artifact
from bootstrap.host.files.places import Places, find_places

BODY = bytes(range(251)) * 2600
"""More than the server's and the downloader's blocks, and not a multiple of them."""
PATH = "/release/v1.2.3/bin/linux/amd64/kubectl"
PUBLISHER = "https://publisher.example"


def artifact(body: bytes = BODY, *, version: str = "1.2.3", member: str = "") -> Artifact:
    return Artifact(
        tool="kubectl",
        version=version,
        platform="linux/amd64",
        url=PUBLISHER + PATH,
        sha256=hashlib.sha256(body).hexdigest(),
        origin="made by the test",
        size=len(body),
        member=member,
    )


def places_in(home: Path) -> Places:
    places = find_places({"HOME": str(home)})
    places.data.mkdir(parents=True, exist_ok=True)
    places.state.mkdir(parents=True, exist_ok=True)
    return places


def executables(root: Path) -> list[Path]:
    """Every regular file below that anybody may execute."""
    files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if path.stat().st_mode & 0o111]
