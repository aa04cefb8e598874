"""How often a healthy cluster is found healthy: every gate, again and again.

    python -m tests.real.steady [--then] [--verifies N] [--restarts N] [--load N]

On Kubernetes 1.35.1, or with --then on 1.20.2. `--restarts`: stop all, start all and `up`
at once. `--load`: so many processes beside it that never rest. Each red run is told with its gate
and why; at the end how many were green, the quartiles of their seconds and the load average.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.helpers.hosts import full_cluster, machine
from tests.helpers.hosts.engine import docker, path_from, running_engine
from tests.helpers.places import PARTS


class Host(Protocol):
    def kboot(self, command: str, *flags: str) -> tuple[int, dict[str, Any]]: ...


@contextmanager
def today(folder: Path) -> Iterator[Host]:
    with machine.Machine.running(folder, machine.PROFILE) as made:
        yield made


@contextmanager
def then(folder: Path) -> Iterator[Host]:
    profile = full_cluster.PROFILE.replace("[tools]\n", full_cluster.TOOLS)
    kubectl = path_from(sys.executable, PARTS / "fetch-kubectl", "1.20.0")
    with (
        running_engine(folder / "engine"),
        full_cluster.FullCluster.running(folder, profile) as made,
    ):
        docker("cp", str(kubectl), f"{made.name}:/usr/local/bin/kubectl")
        yield made


@contextmanager
def busy(processes: int) -> Iterator[None]:
    command = (sys.executable, "-c", "while True: pass")
    started = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield
    finally:
        for each in started:
            each.kill()
            each.wait()


_WELL = ("passed", "not-applicable")


class Tally:
    """What came of the runs so far."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.seconds: list[float] = []
        self.red = 0
        self.load: list[float] = []

    def run(self, host: Host, command: str, *flags: str) -> None:
        began = time.monotonic()
        code, report = host.kboot(command, *flags)
        self.seconds.append(time.monotonic() - began)
        self.load.append(os.getloadavg()[0])
        if code:
            self.red += 1
            wrong = [each for each in report["gates"] if each["status"] not in _WELL]
            print(f"RED {self.what} {len(self.seconds)}: exit {code}", report["error"], *wrong)
        print(".", end="" if len(self.seconds) % 50 else "\n", flush=True)

    def __str__(self) -> str:
        count = len(self.seconds)
        quarters = statistics.quantiles(self.seconds, n=4) if count > 1 else self.seconds
        times = " ".join(f"{each:.1f}" for each in quarters)
        load = f"{min(self.load):.1f} to {max(self.load):.1f}"
        return f"{self.what}: {count - self.red} of {count} green; {times} s; load {load}"


def main() -> int:
    arguments = _arguments()
    with (
        tempfile.TemporaryDirectory() as folder,
        (then if arguments.then else today)(Path(folder)) as host,
    ):
        Path(folder).chmod(0o755)
        code, report = host.kboot("up")
        if code:
            print(report)
            return 1
        verifies, restarts = Tally("verify"), Tally("up after a stop")
        with busy(arguments.load):
            for _ in range(arguments.verifies):
                verifies.run(host, "verify", "--gates", "all")
            for _ in range(arguments.restarts):
                host.kboot("down")
                restarts.run(host, "up")
    ran = [each for each in (verifies, restarts) if each.seconds]
    print(*ran, sep="\n")
    return int(any(each.red for each in ran))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--then", action="store_true", help="Kubernetes 1.20.2")
    for name in ("verifies", "restarts", "load"):
        parser.add_argument(f"--{name}", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
