"""What a run costs before it does anything: modules loaded, programs started, files written."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from bootstrap.errors import Exit
from tests.helpers.house import HEAVY, USELESS
from tests.helpers.places import ROOT, TRANSCRIPTS
from tests.standins import minikube

RUN = """\
import json, sys

started = []

def hear(event, arguments):
    if event in ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"):
        started.append(event)

sys.addaudithook(hear)
import bootstrap.cli
code = bootstrap.cli.main(sys.argv[1:]) if len(sys.argv) > 1 else 0
print()
print(json.dumps([code, started, sorted(sys.modules)]))
"""

PLAIN = """\
name = "plain"

[tools]
minikube   = "0.25"
kubectl    = "1.9.3"
docker     = "18.02"
virtualbox = "5.2"

[cluster]
name       = "minikube"
driver     = "virtualbox"
kubernetes = "1.9.0"
"""
OPERATOR = PLAIN.replace('"5.2"', '">=5.2,<5.3"').replace("plain", "operator")
PROGRAMS = {
    "kubectl": ("kubectl-v1.9.3-with-kubernetes-1.9", "version-client-json"),
    "docker": ("docker-28.2.2-upstream", "down-version-json"),
    "VBoxManage": ("vboxmanage-7.2.22", "version-no-module"),
}


LOOKED = {Exit.CONVERGED, Exit.NOT_CONVERGED, Exit.HOST_UNFIT}
"""With any other exit code kboot did not come as far as looking, and the test would see nothing."""


class Run(NamedTuple):
    code: int
    children: int
    modules: set[str]

    @property
    def packages(self) -> set[str]:
        return {name.partition(".")[0] for name in self.modules}


class Person:
    """Somebody with the four tools, a HOME, and a profile in another folder."""

    def __init__(self, folder: Path) -> None:
        self.home, self.bin, self.work = (folder / name for name in ("home", "bin", "work"))
        for made in (self.home / ".kube", self.home / ".cache", self.bin, self.work):
            made.mkdir(parents=True)
        (self.home / ".kube" / "config").write_text("apiVersion: v1\nkind: Config\n")
        for program, (name, case) in PROGRAMS.items():
            record = json.loads((TRANSCRIPTS / f"{name}.json").read_text())[case]
            replay(self.bin / program, record["out"], record["err"], record["rc"])
        minikube.install(self.bin, version="0.25.0")
        self.environ = {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/bin:/bin"}

    def profile(self, text: str) -> str:
        file = self.work / "profile.toml"
        file.write_text(text, encoding="utf-8")
        return str(file)

    def run(self, *words: str) -> Run:
        """One run in an interpreter of its own, without terminal."""
        run = subprocess.run(
            (sys.executable, "-c", RUN, *words),
            env={**self.environ, "PYTHONPATH": str(ROOT)},
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        code, started, modules = json.loads(run.stdout.splitlines()[-1])
        assert code in LOOKED, run.stderr
        return Run(code, len(started), set(modules))


def replay(program: Path, out: str, err: str, code: int) -> None:
    program.with_suffix(".out").write_text(out)
    program.with_suffix(".err").write_text(err)
    program.write_text(f'#!/bin/sh\ncat "$0.out"\ncat "$0.err" >&2\nexit {code}\n')
    program.chmod(0o755)


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Mode, time of change and digest of everything below `folder`, by its relative path."""
    seen = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        status = path.lstat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        seen[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, digest)
    return seen


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_importing_the_command_line_loads_nothing_heavy(person: Person) -> None:
    run = person.run()
    assert "bootstrap.cli" in run.modules
    assert run.packages & (HEAVY | USELESS | {"subprocess", "argparse", "tomllib"}) == set()


def test_the_version_is_printed_without_loading_more(person: Person) -> None:
    run = person.run("--version")
    assert (run.code, run.children) == (0, 0)
    assert run.packages & (HEAVY | USELESS | {"subprocess", "argparse", "tomllib"}) == set()
    assert {name for name in run.modules if name.startswith("bootstrap.")} == {
        "bootstrap.cli",
        "bootstrap.errors",
    }


@pytest.mark.parametrize(("command", "output"), [("doctor", "text"), ("plan", "json")])
def test_with_warm_caches_a_look_loads_nothing_heavy(
    command: str, output: str, person: Person
) -> None:
    words = (command, "--output", output, person.profile(PLAIN))
    cold, warm = person.run(*words), person.run(*words)
    assert cold.packages & HEAVY == {"pydantic"}
    assert warm.packages & (HEAVY | USELESS) == set()
    assert "bootstrap.engine.carry.execute" not in cold.modules | warm.modules


def test_plain_bounds_cost_nothing_and_other_operators_packaging_alone(person: Person) -> None:
    bounds = ("doctor", person.profile(OPERATOR))
    person.run(*bounds)
    assert person.run(*bounds).packages & HEAVY == set()
    compatible = ("doctor", person.profile(OPERATOR.replace(">=5.2,<5.3", "~=5.2.0")))
    person.run(*compatible)
    assert person.run(*compatible).packages & HEAVY == {"packaging"}


@pytest.mark.parametrize("command", ["doctor", "plan"])
def test_a_look_starts_one_program_for_each_tool_that_is_there(
    command: str, person: Person
) -> None:
    words = (command, person.profile(PLAIN))
    assert person.run(*words).children == 4
    assert person.run(*words).children == 4  # scripts: their version is never remembered
    (person.bin / "VBoxManage").unlink()
    assert person.run(*words).children == 3
    assert [call["argv"] for call in minikube.calls(person.bin)] == [["version"]] * 3


@pytest.mark.parametrize("tools", ["none", "stand-in", "minikube 1"])
def test_plan_changes_nothing_in_home(tools: str, person: Person, tmp_path: Path) -> None:
    if tools == "none":
        person.environ["PATH"] = "/usr/bin:/bin"
    if tools == "minikube 1":  # its `version` makes folders, 0.25's does not
        program = '#!/bin/sh\nmkdir -p "${MINIKUBE_HOME:-$HOME}/.minikube/logs"\n'
        (person.bin / "minikube").write_text(f"{program}echo minikube version: v1.38.1\n")
    person.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    before = tree(person.home)
    for command in ("plan", "doctor", "plan"):
        person.run(command, person.profile(PLAIN))
        assert tree(person.home) == before
    assert (tmp_path / "cache" / "kboot").is_dir()


def test_what_kboot_keeps_in_home_after_a_look_is_its_cache(person: Person) -> None:
    before = tree(person.home)
    person.run("plan", person.profile(PLAIN))
    after = tree(person.home)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    assert changed - {".cache"} == {path for path in after if path.startswith(".cache/kboot")}
    assert {path.partition("-")[0] for path in changed} == {
        ".cache",
        ".cache/kboot",
        ".cache/kboot/catalogue.json",
        ".cache/kboot/profile",
    }
    assert all(after[path][0] & 0o077 == 0 for path in changed - {".cache"})
