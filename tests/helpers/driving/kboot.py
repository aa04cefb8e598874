"""kboot as a real process, with a HOME, a PATH and an environment of its own.

Rules that hold for every run are checked after every run: see `Kboot.run`.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bootstrap.commands.arguments import COMMANDS, parse
from tests.helpers.places import ROOT
from tests.standins import backing, minikube

PROGRAM = (sys.executable, "-m", "bootstrap")
NOBODY = 65534
SETPRIV = shutil.which("setpriv")
TO_NOBODY = (str(SETPRIV), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")

# Behind these stand-ins no pod runs, so only live gates can be passed.
OLD = """\
name = "old"

[tools]
minikube = "0.25.0"

[verify]
gates = ["api", "version", "nodes", "system", "serviceaccount"]

[cluster]
name         = "old"
driver       = "none"
kubernetes   = "1.9.0"
bootstrapper = "localkube"
"""
NEW = """\
name = "new"

[tools]
minikube = "1.19.0"

[verify]
gates = ["api", "version", "nodes", "system", "serviceaccount"]

[cluster]
name       = "new"
driver     = "none"
kubernetes = "1.20.2"
"""
TOOLS = """\
name = "tools"

[tools]
kubectl = "1.35.1"
"""
ANSWER = '{"clientVersion": {"gitVersion": "v1.35.1"}}'
KUBECTL = "/release/v1.35.1/bin/linux/amd64/kubectl"
KUBECTL_SHA256 = "36e2f4ac66259232341dd7866952d64a958846470f6a9a6a813b9117bd965207"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the driver none needs root")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
on_amd64 = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64", reason="asks for linux/amd64"
)


class Done(NamedTuple):
    code: int
    out: str
    err: str


@dataclass
class Kboot:
    """Somebody's kboot. `launcher` stands before the command line."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    launcher: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for made in (self.home, self.bin, self.system, self.work):
            made.mkdir(parents=True)
        for program in ("sh", "cat", "sleep", "openssl"):
            (self.system / program).symlink_to(shutil.which(program) or f"/bin/{program}")
        path = f"{self.bin}:{self.system}"
        self.env = {"HOME": str(self.home), "PATH": path, "LANG": "C.UTF-8", **self.env}

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def system(self) -> Path:
        """Of the machine's programs those few that stand-ins need."""
        return self.folder / "system"

    @property
    def work(self) -> Path:
        """Where kboot is started."""
        return self.folder / "work"

    @property
    def data(self) -> Path:
        return self.home / ".local" / "share" / "kboot"

    def minikube(self, version: str, *, backing: str = "recorded", fault: str = "") -> None:
        minikube.install(self.bin, version=version, backing=backing, fault=fault)

    def calls(self, command: str = "") -> list[str]:
        """The command lines that minikube was given, all or those of one of its commands."""
        lines = [" ".join(call["argv"]) for call in minikube.calls(self.bin)]
        return [line for line in lines if line.startswith(command)]

    def profile(self, text: str | bytes, name: str = "p.toml") -> str:
        path = self.work / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def adopted(self) -> str:
        """The profile TOOLS, and on PATH the kubectl that it asks for."""
        script(self.bin / "kubectl", f"echo '{ANSWER}'")
        return self.profile(TOOLS)

    def start(
        self, *words: str, program: tuple[str, ...] = PROGRAM, **how: Any
    ) -> subprocess.Popen[str]:
        """Begin a run: without terminal, its stdin at the end, unless `how` says otherwise."""
        usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            (*self.launcher, *program, *words),
            env={**self.env, "PYTHONPATH": str(ROOT)},
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            **{"cwd": self.work, **usual, **how},
        )

    def run(self, *words: str, program: tuple[str, ...] = PROGRAM, **how: Any) -> Done:
        """A whole run. Checks that it printed no traceback and kept the rules of `check_text`."""
        with self.start(*words, program=program, **how) as process:
            out, err = process.communicate()
        done = Done(process.returncode, out or "", err or "")
        assert "Traceback" not in done.out + done.err, done
        if not {"json", "junit"} & set(words) and program is PROGRAM and "exec" not in words:
            check_text(done.out + done.err)
        return done

    def through(self, redirection: str, *words: str) -> Done:
        """A run with streams as a shell redirects them."""
        shell = ("/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM)
        return self.run(*words, program=shell)

    def json(self, *words: str) -> dict[str, Any]:
        """The one document that a run with --output json prints; its exit code is the run's, and
        so are its seconds."""
        done = self.run(*words, "--output", "json")
        document: dict[str, Any] = json.loads(done.out)
        assert document["schema"] == 1
        assert document["exit_code"] == done.code
        assert document["seconds"] > 0
        said = document["error"] or {"next": ""}
        check_commands("\n".join([said["next"], *(each["fix"] for each in document["findings"])]))
        return document

    def end(self) -> None:
        """Nothing that was started for this HOME runs on."""
        backing.end_all(self.home / ".minikube")
        for pid in self.left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def left(self, *, but: str = "nothing") -> list[int]:
        """Processes that know of this HOME, except those with `but` in their command line."""
        known = processes_knowing(str(self.folder)) if sys.platform == "linux" else {}
        return [pid for pid, command in known.items() if but not in command]


def processes_knowing(word: str) -> dict[int, str]:
    """Those whose environment or command line has `word`, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = folder.joinpath("cmdline").read_bytes()
            environ = folder.joinpath("environ").read_bytes()
        except OSError:
            continue  # it has ended, or it is not ours
        if word.encode() in command + environ and int(folder.name) != os.getpid():
            found[int(folder.name)] = os.fsdecode(command)
    return found


def furnish_none(kboot: Kboot) -> None:
    """The programs that the driver none looks for; the stand-ins run none of them."""
    for program in ("docker", "iptables", "conntrack"):
        script(kboot.bin / program, "exit 1")


def script(program: Path, text: str) -> None:
    program.unlink(missing_ok=True)
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


@contextmanager
def held_back(kboot: Kboot) -> Iterator[Path]:
    """Every `minikube start` inside waits, before it makes its keys, until the file yielded is."""
    gate = kboot.folder / "gate"
    real = (kboot.system / "openssl").readlink()
    script(
        kboot.system / "openssl",
        f'while [ ! -e "{gate}" ]; do sleep 0.02; done\nexec {real} "$@"',
    )
    try:
        yield gate
    finally:
        gate.touch()


def tree(folder: Path, *, but: str = "") -> dict[str, tuple[int, str]]:
    """Mode and digest of everything below `folder` whose path does not begin with `but`."""
    seen = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        name = str(path.relative_to(folder))
        if not (but and name.startswith(but)):
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            seen[name] = (path.lstat().st_mode, digest)
    return seen


def check_text(text: str) -> None:
    """No escape byte; no line over 80 columns; every command of kboot's that is named exists.

    But what a person types is one line, however long.
    """
    assert "\x1b" not in text
    check_commands(text)
    verbatim = False
    for line in text.splitlines():
        verbatim = not line.startswith("  state") and (verbatim or "its last words" in line)
        typed = re.match(r" +(fix:?|next|runs) ", line)
        if not (verbatim or typed or line.startswith("      minikube:") or _holds_a_path(line)):
            assert len(line) <= 80, line


def _holds_a_path(line: str) -> bool:
    """Paths and URLs are not broken: they are there to be copied."""
    return any(len(word) > 20 and "/" in word for word in line.split())


_COMMAND = re.compile(rf"\bkboot ((?:{'|'.join(COMMANDS)}|--help)\b[^`\"\n,;()…|]*)")
_WHAT_HAPPENED = re.compile(r"^kboot: .*?(?=^ |\Z)", re.MULTILINE | re.DOTALL)


def check_commands(text: str) -> None:
    """Every command line of kboot's that a message says to type is one that kboot understands."""
    joined = re.sub(r"\n {6,}(?=\S)", " ", _WHAT_HAPPENED.sub("", text))
    for found in _COMMAND.findall(joined):
        words = re.split(r" {2,}| installs | starts | renews | creates ", found)[0].split()
        known = words[: words.index("--help")] if "--help" in words else words
        parse([word.rstrip(".:") for word in known] or ["doctor"], "/bin/sh")
