"""What kboot costs, beside what it replaces: pairs in one run, so that a busy machine slows both.

Every round runs each case once; a ratio is the median over the rounds of case / reference. The
absolute figures are this machine's; only ratios are gates.
"""

import argparse
import json
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from tests.helpers.places import TRANSCRIPTS
from tests.standins import minikube

RECORDED = {
    "kubectl": ("kubectl-v1.36.4", "version-client-json"),
    "docker": ("docker-28.2.2-upstream", "down-version-json"),
    "VBoxManage": ("vboxmanage-7.2.22", "version-no-module"),
}
VERSIONS = (
    ("minikube", "version"),
    ("kubectl", "version", "--client", "-o", "json"),
    ("docker", "version", "--format", "{{json .}}"),
    ("VBoxManage", "--version"),
)
"""What doctor asks of the tools of the profile `tutorial`, in its order."""


@dataclass(frozen=True)
class Case:
    """Something to run; `against` names the case that it is compared with."""

    name: str
    argv: tuple[str, ...]
    exit_codes: frozenset[int] = frozenset((0,))
    against: str = ""
    limit: float | None = None
    """The largest ratio of wall-clock times that `--check` lets pass."""


class Cost(NamedTuple):
    """Seconds; `cpu` is user and system time of the program and of all it waited for."""

    wall: float
    cpu: float


def cases(folder: Path) -> tuple[Case, ...]:
    program = Path(sys.executable).parent / "kboot"
    kboot = (str(program),) if program.exists() else (sys.executable, "-m", "bootstrap")
    script = folder / "versions.sh"
    lines = (f"{shlex.join(words)} >/dev/null 2>&1" for words in VERSIONS)
    script.write_text("\n".join((*lines, "exit 0", "")), encoding="utf-8")
    looked = frozenset((0, 1, 60))
    versions = "versions in sequence"
    return (
        Case("python -c pass", (sys.executable, "-c", "pass")),
        Case("kboot --version", (*kboot, "--version"), against="python -c pass"),
        Case(versions, ("/bin/sh", str(script))),
        Case("kboot doctor", (*kboot, "doctor", "tutorial"), looked, versions, limit=1.5),
        Case("kboot plan", (*kboot, "plan", "tutorial"), looked, versions),
    )


def furnish(folder: Path) -> tuple[str, ...]:
    """Put the four tools into `folder`: this machine's, else what says their recorded answer.

    Returns which of them are recorded. A script's version is never cached, so a recorded minikube
    costs doctor what it costs the shell script; of a real one doctor remembers the version.
    """
    folder.mkdir()
    recorded = []
    for program, *_ in VERSIONS:
        real = shutil.which(program)
        if real is not None:
            (folder / program).symlink_to(os.path.realpath(real))
            continue
        recorded.append(program)
        if program == "minikube":
            minikube.install(folder, version="0.25.0", log=False)
        else:
            replay(folder / program, *RECORDED[program])
    return tuple(recorded)


def replay(file: Path, name: str, case: str) -> None:
    """A program that prints what was recorded, whatever it is asked."""
    record = json.loads((TRANSCRIPTS / f"{name}.json").read_text())[case]
    file.with_suffix(".out").write_text(record["out"])
    file.write_text(f'#!/bin/sh\ncat "$0.out"\nexit {record["rc"]}\n')
    file.chmod(0o755)


def run(case: Case, environ: Mapping[str, str]) -> Cost:
    """One run, without terminal, its output thrown away."""
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    began = time.perf_counter()
    child = os.posix_spawn(case.argv[0], case.argv, environ, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    if code not in case.exit_codes:
        raise SystemExit(f"bench: {case.name} ended with {code}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def measure(
    table: Sequence[Case], rounds: int, environ: Mapping[str, str]
) -> dict[str, list[Cost]]:
    """Costs by case and round. A round of warming up is thrown away."""
    costs: dict[str, list[Cost]] = {case.name: [] for case in table}
    for turn in range(rounds + 1):
        start = turn % len(table)  # nobody always runs first
        for case in (*table[start:], *table[:start]):
            costs[case.name].append(run(case, environ))
    return {name: found[1:] for name, found in costs.items()}


def ratio(own: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile of the per-round ratios."""
    each = [mine / theirs for mine, theirs in zip(own, other, strict=True)]
    low, middle, high = quantiles(each, n=4, method="inclusive")
    return low, middle, high


def report(table: Sequence[Case], costs: Mapping[str, Sequence[Cost]]) -> bool:
    """Print the figures. Whether every ratio is within its limit."""
    print(f"{'':22} {'wall ms':>8} {'CPU ms':>7}   {'wall ratio (quartiles)':24} CPU ratio")
    good = True
    for case in table:
        wall, cpu = ([cost[part] for cost in costs[case.name]] for part in (0, 1))
        print(f"{case.name:22} {median(wall) * 1e3:8.1f} {median(cpu) * 1e3:7.1f}", end="")
        if case.against:
            other = costs[case.against]
            low, middle, high = ratio(wall, [cost.wall for cost in other])
            middle_cpu = ratio(cpu, [cost.cpu for cost in other])[1]
            good = good and within(case, middle)
            print(f"   {f'{middle:.2f} ({low:.2f}-{high:.2f})':24} {middle_cpu:<9.2f}", end="")
            print(f" of {case.against}{verdict(case, middle)}", end="")
        print()
    return good


def within(case: Case, found: float) -> bool:
    return case.limit is None or found <= case.limit


def verdict(case: Case, found: float) -> str:
    if case.limit is None:
        return ""
    return f"; limit {case.limit:g}: {'kept' if within(case, found) else 'EXCEEDED'}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    parser.add_argument("--check", action="store_true", help="exit 1 where a limit is exceeded")
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("--rounds: a median needs at least 2")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        recorded = furnish(home / "bin")
        environ = {"HOME": str(home), "PATH": f"{home / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8"}
        table = cases(home)
        costs = measure(table, arguments.rounds, environ)
    print(
        f"{arguments.rounds} rounds, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f};", end=""
    )
    print(f" recorded answers stand in for {', '.join(recorded) or 'nothing'}")
    good = report(table, costs)
    return 0 if good or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
