"""Values that are hard on shells, and what a fresh shell makes of a line of kboot's."""

import os
import shlex
import shutil
import subprocess

from tests.helpers.driving.kboot import PROGRAM, Kboot, script
from tests.helpers.places import ROOT

CLUSTER = """\
name = "c"

[tools]
minikube = "0.25.0"

[cluster]
name   = "c"
driver = "none"
"""
HOSTILE = {
    "plain": "plain",
    "blank": " a  b ",
    "quotes": 'it\'s "so"',
    "dollar": "$HOME ${HOME} $(touch owned) `touch owned`",
    "one dollar": "a$HOME",
    "dollar and quote": "a'$HOME",
    "backslashes": "\\\\ \\n \\' \\",
    "lines": "\na\n\nKBOOT\nPATH=evil\n",
    "signs": "~ * ? [a] {b,c} # ! ; & | < > ( ) % ^ = @",
    "control": "\t\r\x07\x1b[31m",
    "umlaut": "für ✓",
    "no text": os.fsdecode(b"\xff\x81 \xc3"),
}
"""Each is the name of a folder on PATH, and of one above the kubeconfig."""


def furnish(kboot: Kboot, value: str) -> dict[str, str]:
    """A profile p.toml for which env prints `value` in both variables; those."""
    folder = kboot.folder / value
    folder.mkdir()
    kboot.profile(CLUSTER)
    script(kboot.bin / "minikube", "echo 'minikube version: v0.25.0'")
    kboot.env["PATH"] = f"{folder}:{kboot.env['PATH']}"
    kboot.env["XDG_STATE_HOME"] = str(folder)
    found: dict[str, str] = kboot.json("env", "p.toml")["variables"]
    assert all(str(folder) in each for each in found.values())
    return found


def evaluated(kboot: Kboot, *shell: str, line: str) -> dict[str, str]:
    """The environment after `line` in a fresh shell that can call kboot."""
    python = " ".join(map(shlex.quote, PROGRAM))
    script(kboot.system / "kboot", f'PYTHONPATH={shlex.quote(str(ROOT))} exec {python} "$@"')
    program = shutil.which(shell[0])
    assert program
    done = subprocess.run(
        [program, *shell[1:]],
        input=os.fsencode(f"{line}\n{shutil.which('env')} -0\n"),
        env={**kboot.env, "LANG": "C.UTF-8"},
        cwd=kboot.work,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert not (kboot.work / "owned").exists()
    pairs = (os.fsdecode(each).partition("=") for each in done.stdout.split(b"\0") if each)
    return {name: value for name, _, value in pairs}
