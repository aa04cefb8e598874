"""Read the release data that are shipped with kboot."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bootstrap.core.model.catalogue import Catalogue
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.toml import parse_toml

FOLDER = Path(__file__).parents[2] / "catalogue"


def read_catalogue(cache: Cache) -> Catalogue:
    """The catalogue, parsed once for exactly these files."""
    files = sorted(FOLDER.glob("*.toml"))
    key = {str(path): _stamp(path) for path in files}
    return Catalogue(cache.remember("catalogue", key, lambda: _parse(files)))


def _stamp(path: Path) -> list[int]:
    """What changes with the file. ctime too: mtime can be set back, as archives do."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _parse(files: Iterable[Path]) -> dict[str, Any]:
    return {path.stem: parse_toml(path.read_text(encoding="utf-8")) for path in files}
