"""A machine on which `kboot up tests/rehearsal-tutorial.toml` has nothing left to do.

Real: kubectl 1.20.0 and the control plane of Kubernetes 1.20.2. Stood in for: minikube 1.19.0, as
a program.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.helpers.places import ROOT
from tests.standins import minikube

# No pod runs behind this stand-in, so the gates are those that are passed live.
GATES = '[verify]\ngates = ["api", "version", "nodes", "system", "serviceaccount"]\n'
CLUSTER = "rehearsal"


class Ready(NamedTuple):
    """Somebody's HOME; `env` is all that their programs know of the world."""

    home: Path
    env: dict[str, str]

    @property
    def cache(self) -> Path:
        return self.home / "cache"

    @property
    def profile(self) -> str:
        return str(self.home / "kboot.toml")

    @property
    def bin(self) -> Path:
        """The first folder on PATH: minikube and kubectl."""
        return self.home / "bin"


def as_program(script: Path, program: Path) -> None:
    """An ELF file that runs `script`: as of the real minikube, kboot remembers its version.

    Where there is no C compiler it is a link, and kboot asks the script each time.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        program.symlink_to(script)
        return
    source = (
        "#include <unistd.h>\n"
        f'int main(int n, char **words) {{ words[0] = "{script}"; '
        "return execv(words[0], words), 127; }\n"
    )
    command = (compiler, "-x", "c", "-", "-o", str(program))
    subprocess.run(command, input=source, text=True, check=True)


@contextmanager
def ready_machine(binaries: Path, kubectl: Path) -> Iterator[Ready]:
    """Inside, the cluster runs and is in ~/.kube/config; afterwards nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="kboot-ready-") as folder:
        home = Path(folder)
        rehearsal = (ROOT / "tests" / "rehearsal-tutorial.toml").read_text()
        (home / "kboot.toml").write_text(rehearsal.replace("[verify]\n", GATES))
        program = minikube.install(
            home / "standin", version="1.19.0", backing="real", binaries=binaries, log=False
        )
        (home / "bin").mkdir()
        as_program(program, home / "bin" / "minikube")
        (home / "bin" / "kubectl").symlink_to(kubectl)
        # Driver none needs it from Kubernetes 1.18 on; behind this stand-in nobody runs it.
        (home / "bin" / "conntrack").symlink_to("/bin/true")
        env = {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "PATH": f"{home / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
        }
        try:
            ready = Ready(home, env)
            up = (*kboot(), "up", ready.profile)
            subprocess.run(up, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
            yield ready
        finally:
            delete = (str(program), "delete", "--profile", CLUSTER)
            subprocess.run(delete, env=env, capture_output=True, check=False)


def kboot() -> tuple[str, ...]:
    """kboot's program beside this Python, as a person starts it."""
    program = Path(sys.executable).parent / "kboot"
    return (str(program),) if os.access(program, os.X_OK) else (sys.executable, "-m", "bootstrap")
