"""What a download costs beside `curl` and `sha256sum`, from the same server, in pairs.

The server is another process on loopback, with TLS. Of kboot the fetching is measured (request to
verified file on the disk), not the start of Python, which `scripts/bench` measures. Ratios are
medians over the rounds.
"""

import argparse
import hashlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from tests.helpers.places import ROOT

MEGABYTE = 1_000_000
RATE = 20 * MEGABYTE
"""Bytes a second of each connection, where several files are fetched at once."""
LIMITS = {"against curl": 1.0, "in parallel": 0.7, "memory": 1.1}


class Served(NamedTuple):
    """A file of `size` bytes on the server, and its digest."""

    url: str
    ca: Path
    size: int
    sha256: str


@contextmanager
def serving(folder: Path, megabytes: int, rate: int = 0) -> Iterator[Served]:
    folder.mkdir()
    file = folder / "file"
    digest, block = hashlib.sha256(), os.urandom(MEGABYTE)
    with file.open("wb") as filling:  # never whole in memory: children would inherit its peak
        for _ in range(megabytes):
            digest.update(block)
            filling.write(block)
    told, ca = folder / "url", folder / "ca"
    options = ("--url-file", told, "--ca-file", ca, "--log", folder / "log", "--rate", rate)
    argv = (
        sys.executable,
        "-m",
        "tests.helpers.serving.mirror",
        "--serve",
        f"/file={file}",
        *map(str, options),
    )
    with subprocess.Popen(argv, cwd=ROOT) as server:
        try:
            while not told.exists():
                time.sleep(0.02)
            url = f"{told.read_text().strip()}/file"
            yield Served(url, ca, megabytes * MEGABYTE, digest.hexdigest())
        finally:
            server.send_signal(signal.SIGTERM)


def fetch(served: Served, count: int) -> tuple[float, int]:
    """Seconds, without the interpreter's start, and the largest resident set in KiB."""
    with tempfile.TemporaryDirectory() as home:
        given = (home, str(served.ca), str(served.size), served.sha256, *[served.url] * count)
        argv = (sys.executable, "-m", "tests.bench.fetch", *given)
        done = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
        seconds, memory = done.stdout.split()
        return float(seconds), int(memory)


def curl(served: Served) -> float:
    with tempfile.TemporaryDirectory() as folder:
        get = shlex.join(("curl", "-sf", "--cacert", str(served.ca), "-o", "f", served.url))
        check = f'echo "{served.sha256}  f" | sha256sum -c --quiet'
        began = time.perf_counter()
        subprocess.run(("/bin/sh", "-c", f"{get} && {check}"), cwd=folder, check=True)
        return time.perf_counter() - began


def tell(name: str, ratios: list[float], figures: str) -> bool:
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    good = middle <= LIMITS[name]
    kept = "kept" if good else "EXCEEDED"
    print(
        f"{name:14} {middle:.2f} ({low:.2f}-{high:.2f}); limit {LIMITS[name]:g}: {kept}  {figures}"
    )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench downloads", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--check", action="store_true", help="exit 1 where a limit is exceeded")
    given = parser.parse_args()
    rounds = range(given.rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder / "60", 60) as served:
            fetch(served, 1)
            pairs = [(fetch(served, 1), curl(served)) for _ in rounds]
        with serving(folder / "240", 240) as served:
            large = [fetch(served, 1)[1] for _ in range(2)]
        with serving(folder / "slow", 20, RATE) as served:
            several = [
                (fetch(served, 3)[0], sum(fetch(served, 1)[0] for _ in "123")) for _ in "123"
            ]
    ours, theirs = (median(part) for part in zip(*((own[0], c) for own, c in pairs), strict=True))
    small = median(own[1] for own, _ in pairs)
    print(f"{given.rounds} rounds, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    good = [
        tell(
            "against curl", [own[0] / c for own, c in pairs], f"60 MB: {ours:.2f} s, {theirs:.2f} s"
        ),
        tell(
            "memory", [each / small for each in large], f"{small} KiB of 60 MB, {large} of 240 MB"
        ),
        tell("in parallel", [a / b for a, b in several], "three files, against one after another"),
    ]
    return 0 if all(good) or not given.check else 1


if __name__ == "__main__":
    sys.exit(main())
