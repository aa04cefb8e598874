"""The person's own files as they were before kboot's changes: the first state, and the last few.

Each has a number, which is never used again, in two files: `0007.path` says of which file it is,
`0007-20261127T101112Z-config` is what stood in it. They are readable for this user only, since
kubeconfigs hold keys. The caller holds kboot's own lock of kubeconfigs.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

from bootstrap.host.files import own
from bootstrap.host.files.disk import create, sync_folders, write_text
from bootstrap.host.files.places import Places

KEPT = 5
"""Of each file, beside the first, which stays for ever."""


class Kept(NamedTuple):
    """One state of one file."""

    number: int
    of: Path
    at: str
    """When it was kept, in UTC: `20261127T101112Z`."""
    file: Path
    first: bool = False


def keep(real: Path, places: Places) -> None:
    """What stands in the file now. Raises OSError."""
    try:
        content = real.read_bytes()
    except FileNotFoundError:
        return
    if not content:
        return
    folder = places.backups
    own.make(folder)
    there = kept(places)
    number = max((_number(each) for each in folder.iterdir()), default=0) + 1
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    write_text(_path_file(folder, number), os.fsdecode(real))
    name = f"{number:04}-{stamp}-{real.name[:100]}"
    for left in folder.glob(".*"):  # by a kboot that was killed right here
        left.unlink(missing_ok=True)
    with create(folder / f".{name}") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    (folder / f".{name}").replace(folder / name)
    sync_folders(folder)
    for old in [each for each in there if each.of == real][1 : 1 - KEPT]:
        old.file.unlink(missing_ok=True)
        _path_file(folder, old.number).unlink(missing_ok=True)


def kept(places: Places) -> list[Kept]:
    """The oldest first. What a killed kboot left half done counts for nothing. Raises OSError."""
    found: list[Kept] = []
    for file in sorted(places.backups.glob("[0-9]*-*"), key=_number):
        number, at = _number(file), file.name.split("-")[1]
        try:
            of = Path(os.fsdecode(_path_file(file.parent, number).read_bytes()))
        except FileNotFoundError:
            continue
        found.append(Kept(number, of, at, file, first=of not in {each.of for each in found}))
    return found


def _path_file(folder: Path, number: int) -> Path:
    return folder / f"{number:04}.path"


def _number(file: Path) -> int:
    """0 for what has none."""
    digits = file.name.lstrip(".").partition("-")[0].partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
