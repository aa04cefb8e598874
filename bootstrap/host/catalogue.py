"""Read the release data that are shipped with kboot."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from bootstrap.core.catalogue import Catalogue
from bootstrap.host.cache import Cache
from bootstrap.host.toml import parse_toml

FOLDER = Path(__file__).parent.parent / "catalogue"


def read_catalogue(cache: Cache) -> Catalogue:
    """The catalogue, parsed once for exactly these files' content."""
    files = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.toml"))}
    key = {name: sha256(content).hexdigest() for name, content in files.items()}
    return Catalogue(cache.remember("catalogue", key, lambda: _parse(files)))


def _parse(files: Mapping[str, bytes]) -> dict[str, Any]:
    return {name: parse_toml(content.decode()) for name, content in files.items()}
