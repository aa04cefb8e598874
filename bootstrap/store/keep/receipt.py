"""The receipt beside an installed file: what it is, and how that was verified."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.values.codec import from_plain
from bootstrap.host.files import own
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
    seal: tuple[int, ...] = ()
    """Of the installed file, when it was verified; empty: a kboot before seals wrote this."""


def seal(status: os.stat_result) -> tuple[int, ...]:
    """What changes with a file's bytes. No device: its number may be another after each boot."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def place_of(places: Places, artifact: Artifact | Receipt) -> Path:
    """The content-named folder of that artifact, whether it is installed or not."""
    platform = artifact.platform.replace("/", "-")
    name = f"{artifact.version}-{platform}-{artifact.sha256[:12]}"
    return places.artifacts / artifact.tool / name


def executable_of(places: Places, artifact: Artifact) -> Path:
    """The file that the links of a profile lead to."""
    return place_of(places, artifact) / artifact.tool


def read_receipt(folder: Path) -> Receipt | None:
    """None: nothing is installed there, or nothing that this kboot understands.

    Keys that only a newer kboot knows are passed over.
    """
    try:
        plain = json.loads(own.read(folder / RECEIPT))
        known = {key: plain[key] for key in Receipt._fields if key in plain}
        return from_plain(Receipt, known)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
