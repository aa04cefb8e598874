"""`kboot up` with nothing to do, piped: what it starts and writes while it looks at a real API."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from bootstrap.core.model.gate import LIVE_GATES
from tests.bench.ready import Ready, kboot, ready_machine
from tests.helpers.house import HEAVY, USELESS
from tests.helpers.places import PARTS, ROOT

pytestmark = pytest.mark.real

TRACED = "trace=%file,execve,clone,clone3,fork,vfork,ftruncate,fchmod,fchown"
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+|\?)")
CREATING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")
LOOKING = {"access", "faccessat", "faccessat2", "chdir", "execve", "getcwd", "lstat", "newfstatat"}
LOOKING |= {"readlink", "readlinkat", "stat", "statfs", "statx", "listxattr", "getxattr"}


class Trace(NamedTuple):
    """One run: its output, the programs it started, and the paths it wrote to or changed."""

    out: str
    err: str
    programs: list[str]
    processes: int
    written: list[str]


@pytest.fixture(scope="module")
def ready(kubernetes_binaries: Path, kubectl_1_20: Path) -> Iterator[Ready]:
    subprocess.run((PARTS / "packages", "strace"), check=True)
    with ready_machine(kubernetes_binaries, kubectl_1_20) as machine:
        subprocess.run(
            (*kboot(), "up", machine.profile), env=machine.env, capture_output=True, check=True
        )
        yield machine


def traced(ready: Ready, *words: str) -> Trace:
    file = ready.home / "trace"
    command = ("strace", "-f", "-qq", "-s", "4096", "-e", TRACED, "-o", str(file), *kboot(), *words)
    done = subprocess.run(
        command, env=ready.env, capture_output=True, text=True, check=True, cwd=ready.home
    )
    return Trace(done.stdout, done.stderr, *read(file.read_text()))


def read(trace: str) -> tuple[list[str], int, list[str]]:
    programs, processes, written = [], 0, []
    for line in whole(trace.splitlines()):
        found = CALL.match(line)
        if found is None or found[3].startswith("-"):
            continue  # a signal, an exit, or a call that did nothing
        name, arguments = found[1], found[2]
        paths = re.findall(r'"([^"]*)"', arguments)
        if name == "execve":
            programs.append(paths[0])
        elif name in ("clone", "clone3", "fork", "vfork"):
            processes += "CLONE_THREAD" not in arguments
        elif name in ("open", "openat"):
            written += paths if CREATING.search(arguments) else []
        elif name not in LOOKING:
            written += paths or [line]
    return programs, processes, written


def whole(lines: list[str]) -> Iterator[str]:
    """Calls that another process' call came between are joined again."""
    begun: dict[str, str] = {}
    for line in lines:
        process = line.split()[0]
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>")
        elif "resumed>" in line:
            yield begun.pop(process, "") + line.partition("resumed>")[2]
        else:
            yield line


def test_nothing_is_loaded_that_such_a_run_does_not_need(ready: Ready) -> None:
    python = (sys.executable, "-X", "importtime", "-m", "bootstrap", "up", ready.profile)
    done = subprocess.run(
        python, env=ready.env, capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "httptools" in loaded
    assert {each.partition(".")[0] for each in loaded} & (HEAVY | USELESS) == set()


def test_one_connection_serves_the_look_and_the_gates(ready: Ready) -> None:
    file = ready.home / "connections"
    command = ("strace", "-f", "-qq", "-e", "trace=connect", "-o", str(file), *kboot(), "up")
    subprocess.run((*command, ready.profile), env=ready.env, capture_output=True, check=True)
    made = [line for line in file.read_text().splitlines() if "AF_INET" in line]
    assert len(made) == 1, made


@pytest.mark.parametrize("output", ["text", "json"])
def test_nothing_is_written_outside_the_cache_and_at_most_one_program_is_started(
    ready: Ready, output: str
) -> None:
    seen = traced(ready, "up", "--output", output, ready.profile)
    assert outside(ready, seen) == []
    _, *children = seen.programs
    # Of a program the version is remembered; where no compiler made one, the script is asked.
    script = (ready.bin / "minikube").is_symlink()
    assert children == ([str(ready.bin / "minikube")] if script else [])
    assert seen.processes == len(children)
    assert seen.err == ""


def test_the_gates_are_passed_live(ready: Ready) -> None:
    done = traced(ready, "up", "--output", "json", ready.profile)
    report = json.loads(done.out)
    assert (report["exit_code"], report["plan"]["steps"]) == (0, [])
    assert [(each["gate"], each["status"]) for each in report["gates"]] == [
        (gate.id, "passed") for gate in LIVE_GATES
    ]
    assert all(each["seconds"] > 0 for each in report["gates"])


def test_a_write_outside_the_cache_would_be_seen(ready: Ready) -> None:
    events = str(ready.home / "events")
    assert events in outside(ready, traced(ready, "up", "--events", events, ready.profile))


def outside(ready: Ready, seen: Trace) -> list[str]:
    """What was written to that is not in kboot's cache."""
    kept = (str(ready.cache), "/dev/null")
    return [path for path in seen.written if not path.startswith(kept)]
