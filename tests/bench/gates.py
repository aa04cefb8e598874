"""What waiting for a cluster costs: how soon a gate is noticed, and CPU meanwhile.

The server is in this process, with TLS, so the instant from which a gate holds is known; kboot is
another process. With --cluster also all gates on a whole Kubernetes in a container (Docker engine).
"""

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from threading import Event
from typing import NamedTuple

from tests.helpers.places import PARTS, ROOT
from tests.helpers.serving.apiserver import as_json, healthy_1_9, new_identity, serving

NODES = "/api/v1/nodes"
LIMITS = {"noticed after, ms": 60.0, "of a core, %": 3.0, "all gates, CPU-s": 1.0}
TOOLS = """[tools]
kubectl = "1.20.0"
docker = ">=20"
"""
IN_CONTAINER = """
import json, os, subprocess, sys, time
began = time.monotonic()
argv = [sys.executable, "-m", "bootstrap", "verify", "--output", "json", "/profile/kboot.toml"]
run = subprocess.Popen(argv, stdout=subprocess.PIPE)
said = run.stdout.read()
_, status, used = os.wait4(run.pid, 0)
wall = time.monotonic() - began
gates = json.loads(said)["gates"]
gates = {each["gate"]: [each["status"], each["seconds"]] for each in gates}
print(json.dumps([status, used.ru_utime + used.ru_stime, wall, gates]))
"""


class Waited(NamedTuple):
    """`late`: seconds from when the gate held to when kboot said so."""

    late: float
    cpu: float
    seconds: float


def wait_once(folder: Path, seconds: float) -> Waited:
    """The node becomes Ready `seconds` after kboot has first looked."""
    identity = new_identity(folder)
    with serving(identity.server_tls()) as server:
        healthy = healthy_1_9()
        server.documents = healthy | {NODES: as_json({"items": []})}
        given = json.dumps(identity.connection(server.url)._asdict())
        argv = (sys.executable, "-m", "tests.bench.wait_for_nodes", given)
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
            while not server.requests:
                time.sleep(0.005)
            Event().wait(seconds)
            server.documents[NODES] = healthy[NODES]
            held = time.monotonic()
            said, _ = run.communicate()
    passed, cpu, waited = map(float, said.split())
    return Waited(passed - held, cpu, waited)


def tell(name: str, figures: list[float], more: str = "") -> bool:
    low, middle, high = quantiles(figures, n=4, method="inclusive")
    good = middle <= LIMITS[name]
    kept = "kept" if good else "EXCEEDED"
    print(f"{name:18} {middle:.2f} ({low:.2f}-{high:.2f}); limit {LIMITS[name]:g}: {kept}  {more}")
    return good


def on_a_cluster(rounds: int) -> bool:
    """Of kboot's process and all that it starts."""
    from tests.helpers.hosts.engine import docker, path_from, running_engine
    from tests.helpers.hosts.full_cluster import PROFILE, FullCluster

    inside = f"cd /kboot && PYTHONPATH=/dependencies python3 -Bc {shlex.quote(IN_CONTAINER)}"
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (folder := Path(name, "cluster")).mkdir()
        profile = PROFILE.replace("[tools]", TOOLS)
        with running_engine(Path(name, "engine")), FullCluster.running(folder, profile) as cluster:
            kubectl = path_from(sys.executable, PARTS / "fetch-kubectl", "1.20.0")
            docker("cp", str(kubectl), f"{cluster.name}:/usr/local/bin/kubectl")
            code, report = cluster.kboot("up")
            assert code == 0, report
            runs = [json.loads(cluster.sh(inside)) for _ in range(rounds)]
    assert all(status == 0 for status, *_ in runs), runs
    cpus, walls = [each[1] for each in runs], [each[2] for each in runs]
    share = 100 * (1 - median(cpus) / median(walls))
    print(f"wall {median(walls):.1f} s, of which {share:.0f} % is Kubernetes' and its pods'")
    for gate, (status, seconds) in runs[-1][3].items():
        print(f"  {gate:15} {status:15} {seconds:6.2f} s")
    return tell("all gates, CPU-s", cpus)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench gates", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, metavar="N")
    parser.add_argument("--cluster", type=int, default=0, metavar="N", help="rounds of all gates")
    parser.add_argument("--check", action="store_true", help="exit 1 where a limit is exceeded")
    given = parser.parse_args()
    print(f"{given.rounds} rounds, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    chosen = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        # Not less than half a second: kboot has its first answer, and waits as in a long wait.
        waits = [wait_once(Path(name), 0.5 + chosen.random() / 2) for _ in range(given.rounds)]
        long = [wait_once(Path(name), 5.0) for _ in "123"]
    good = [
        tell("noticed after, ms", [1000 * each.late for each in waits]),
        tell("of a core, %", [100 * each.cpu / each.seconds for each in long], "over 5 s"),
    ]
    if given.cluster:
        good.append(on_a_cluster(given.cluster))
    return 0 if all(good) or not given.check else 1


if __name__ == "__main__":
    sys.exit(main())
