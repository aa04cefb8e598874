"""Installs and links: `python -m tests.helpers.working.installer JSON`."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.events import Event
from bootstrap.core.values.codec import from_plain
from bootstrap.errors import KbootError
from bootstrap.host.files.lock import hold
from bootstrap.store.keep.commit import Delivery, install
from bootstrap.store.keep.generation import link
from tests.helpers.working.samples import places_in

CHANGES = {
    "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "os.truncate",
    "fcntl.flock", "shutil.rmtree", "tempfile.mkdtemp",
}  # fmt: skip


class Order(NamedTuple):
    home: str
    artifact: Artifact
    url: str
    ca: str
    kill_at: int = 0
    """Before the change of this number SIGKILL arrives."""
    fill: bool = False
    """Fill the disk when all of the file has come and is written."""


def say(text: str) -> None:
    print(text, flush=True)


def work(order: Order) -> None:
    places = places_in(Path(order.home))
    delivery = Delivery(order.url, Path(order.ca), "2026-01-02T03:04:05Z")
    changes = [0]
    if order.kill_at:
        sys.addaudithook(lambda event, given: on_change(event, given, changes, order.kill_at))

    def emit(event: Event) -> None:
        say("bytes")
        written = [each.stat().st_size for each in places.staging.rglob("*") if each.is_file()]
        if order.fill and order.artifact.size in written:
            fill(places.data)

    with hold(places.store_lock, timeout=20, waiting=lambda text: None):
        path = install(order.artifact, places, delivery, emit)
        link(places, "p", {"kubectl": path})
    print("changes", changes[0])


def on_change(event: str, given: tuple[Any, ...], changes: list[int], kill_at: int) -> None:
    writes = event == "open" and given[2] & (os.O_WRONLY | os.O_RDWR)
    if writes or event in CHANGES:
        changes[0] += 1
        if changes[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def fill(folder: Path) -> None:
    with (folder / "filler").open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


if __name__ == "__main__":
    try:
        work(from_plain(Order, json.loads(sys.argv[1])))
    except KbootError as error:
        say(json.dumps(error.as_dict()))
        sys.exit(int(error.code))
