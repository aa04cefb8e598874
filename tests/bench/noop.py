"""`kboot up` with nothing to do, beside what a person would run in its place.

The script asks versions, `minikube status` and `kubectl get nodes`; `mise install` finds its tools
there and looks at no cluster. minikube is a stand-in in all of them, behind a program of its own:
of a program, as of the real minikube, kboot remembers the version; the stand-in answers the script
faster than the real one would.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.everything import Case, measure, ratio, report
from tests.bench.ready import CLUSTER, Ready, kboot, ready_machine
from tests.helpers.places import PARTS

MISE = "2026.9.15"
SCRIPT = f"""\
set -e
minikube version
kubectl version --client
minikube status --profile {CLUSTER}
kubectl get nodes
"""
NOOP, PYTHON, SCRIPTED, INSTALLED = "kboot up", "python3 -c pass", "shell script", "mise install"
MISE_TOML = '[tools]\nkubectl = "1.20.0"\nminikube = "1.19.0"\n'


def cases(ready: Ready, mise: Path | None) -> tuple[Case, ...]:
    script = ready.home / "status.sh"
    script.write_text(SCRIPT, encoding="utf-8")
    table = [
        Case(PYTHON, (sys.executable, "-c", "pass")),
        Case(SCRIPTED, ("/bin/sh", str(script))),
        Case(NOOP, (*kboot(), "up", ready.profile), against=SCRIPTED, limit=0.5),
    ]
    if mise is not None:
        folder = str(satisfied(ready, mise))
        table.append(Case(INSTALLED, (str(mise), "-C", folder, "install")))
    return tuple(table)


def satisfied(ready: Ready, mise: Path) -> Path:
    """A folder whose mise.toml asks for the two tools that mise has already."""
    folder = ready.home / "mise-project"
    folder.mkdir()
    (folder / "mise.toml").write_text(MISE_TOML, encoding="utf-8")
    tools = ready.home / "mise-tools"
    (tools / "bin").mkdir(parents=True)
    for program in ready.bin.iterdir():
        (tools / "bin" / program.name).symlink_to(program)
    for words in (
        ("trust",),
        ("link", "kubectl@1.20.0", tools),
        ("link", "minikube@1.19.0", tools),
    ):
        argv = [str(mise), "-C", str(folder), *map(str, words)]
        subprocess.run(argv, env=ready.env, capture_output=True, check=True)
    return folder


def fetch_mise() -> Path | None:
    """mise as its npm package has it, fetched once; None where there is no npm."""
    cache = os.environ.get("KBOOT_TEST_CACHE") or Path.home() / ".cache" / "kboot-tests"
    folder = Path(cache, f"mise-{MISE}")
    program = folder / "node_modules/@jdxcode/mise-linux-x64/bin/mise"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None or os.uname().machine != "x86_64":
            return None
        package = f"@jdxcode/mise-linux-x64@{MISE}"
        argv = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), package]
        subprocess.run(argv, stdout=sys.stderr, check=True)
    return program


def output(script: str, *words: str) -> Path:
    argv = [str(PARTS / script), *words]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip().splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench noop", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    parser.add_argument("--check", action="store_true", help="exit 1 where a limit is exceeded")
    arguments = parser.parse_args()
    if arguments.rounds < 2:
        parser.error("--rounds: a median needs at least 2")
    mise = fetch_mise()
    with ready_machine(output("build-kubernetes-1.20"), output("fetch-kubectl", "1.20.0")) as ready:
        ready.env["MISE_OFFLINE"] = "1"  # otherwise a busy or missing network would count
        table = cases(ready, mise)
        costs = measure(table, arguments.rounds, ready.env)
    print(f"{arguments.rounds} rounds, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    good = report(table, costs)
    own = [cost.wall for cost in costs[NOOP]]
    for name in (PYTHON, INSTALLED):
        if name in costs:
            low, middle, high = ratio(own, [cost.wall for cost in costs[name]])
            print(f"{NOOP} is {middle:.2f} ({low:.2f}-{high:.2f}) of {name}")
    if mise is None:
        print("not compared with mise: it comes as an npm package, and there is no npm")
    return 0 if good or not arguments.check else 1


if __name__ == "__main__":
    sys.exit(main())
