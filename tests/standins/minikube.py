"""A program `minikube` that says what the real one was recorded to say, and refuses the rest.

`install` writes it; README.md says what it replays and what it leaves out.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.helpers.places import ROOT

from .call import refuse, say
from .flags import start_flags

ERAS = {
    "v0.25.0": "v0.25",
    "v0.25.1": "v0.25",
    "v0.25.2": "v0.25",
    "v1.19.0": "v1.19",
    "v1.38.1": "v1.38",
}
FAULTS = {
    "addons-image-missing",
    "start-asks",
    "start-dies-halfway",
    "start-exits-0-dead",
    "start-floods",
    "start-hangs",
    "stop-fails",
    "version-asks",
    "version-crashes",
    "version-floods",
    "version-hangs",
    "version-rubbish",
}
NOT_IN_V1_38 = {"addons-image-missing", "start-dies-halfway", "start-exits-0-dead", "stop-fails"}
TWICE = "start-fails-twice:"
SCRIPT = """\
#!{python} -IS
import sys

sys.path.insert(0, {root!r})
from tests.standins.minikube import main

sys.exit(main({folder!r}))
"""


def install(
    folder: Path,
    *,
    version: str,
    backing: str = "none",
    binaries: Path | None = None,
    fault: str = "",
    python: str = sys.executable,
    log: bool = True,
    root: bool | None = None,
) -> Path:
    """Write an executable `folder/minikube` of that release and return its path.

    `root` is whether it believes it runs as root; None asks the system, as the real one.
    """
    version = "v" + version.removeprefix("v")
    _check_settings(version, backing, binaries, fault)
    if " " in python or len(python) > 110 or not Path(python).is_absolute():
        raise ValueError(f"cannot stand in a shebang line: {python}")
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "version": version,
        "backing": backing,
        "binaries": str(binaries.absolute()) if binaries else None,
        "fault": fault,
        "log": log,
        "root": root,
    }
    (folder / "standin.json").write_text(json.dumps(settings, indent=2) + "\n")
    program = folder / "minikube"
    program.write_text(SCRIPT.format(python=python, root=str(ROOT), folder=str(folder)))
    program.chmod(0o755)
    return program


def _check_settings(version: str, backing: str, binaries: Path | None, fault: str) -> None:
    start_flags(version)  # a release nobody knows is a KeyError
    if backing not in {"none", "recorded", "real", "full", "service", "kubeadm"}:
        raise ValueError(f"no such backing: {backing}")
    if backing in {"real", "full"} and (binaries is None or ERAS.get(version) != "v1.19"):
        raise ValueError(f"backing {backing} needs minikube v1.19.0 and the binaries of Kubernetes")
    if backing == "kubeadm" and (binaries is None or ERAS.get(version) != "v1.38"):
        raise ValueError("backing kubeadm needs minikube v1.38.1 and a build of Kubernetes 1.35.1")
    if ERAS.get(version) == "v1.38" and backing not in {"none", "kubeadm"}:
        raise ValueError(f"minikube {version} has no backing {backing}")
    if backing == "service" and ERAS.get(version) != "v0.25":
        raise ValueError("backing service is how 0.25 runs Kubernetes")
    if fault.startswith(("start-fails:", TWICE)):
        if fault.partition(":")[2] not in _failures(version):
            raise ValueError(f"no such case: {fault}")
    elif fault and fault not in FAULTS - (NOT_IN_V1_38 if ERAS.get(version) == "v1.38" else set()):
        raise ValueError(f"no such fault: {fault}")


def _failures(version: str) -> set[str]:
    if ERAS.get(version) == "v0.25":
        from .minikube_v0_25_texts import transcript

        return {case for case, record in transcript().items() if record.get("rc")}
    if ERAS.get(version) == "v1.38":
        from .minikube_v1_38_files import transcript as recorded

        return {case for case, record in recorded().items() if record["rc"]}
    from .minikube_v1_19_out import EXIT_CODES

    return set(EXIT_CODES)


def main(folder: str) -> int:
    """Do one call. Signals end it as they end a Go program, without a traceback."""
    for number in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    settings: dict[str, Any] = json.loads(Path(folder, "standin.json").read_bytes())
    argv = sys.argv[1:]
    if settings["log"]:
        _log(Path(folder, "calls.ndjson"), argv)
    if settings["fault"].startswith(TWICE):
        starts = sum(call["argv"][:1] == ["start"] for call in calls(Path(folder)))
        case = settings["fault"].removeprefix(TWICE)
        settings["fault"] = f"start-fails:{case}" if starts <= 2 else ""
    era = ERAS.get(settings["version"])
    if era == "v0.25":
        from .minikube_v0_25 import run
    elif era == "v1.19":
        from .minikube_v1_19 import run
    elif era == "v1.38":
        from .minikube_v1_38 import run
    elif argv == ["version"]:
        say(f"minikube version: {settings['version']}\n")
        return 0
    else:
        refuse(f"only `version` is replayed for {settings['version']}")
    return run(settings, argv)


def _log(path: Path, argv: Sequence[str]) -> None:
    keep = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("MINIKUBE_") or name in {"KUBECONFIG", "PATH"}
    }
    line = json.dumps({"argv": list(argv), "env": keep, "cwd": str(Path.cwd())}) + "\n"
    with path.open("ab", buffering=0) as stream:
        stream.write(line.encode())


def calls(folder: Path) -> list[dict[str, Any]]:
    """What was called so far, oldest first."""
    path = folder / "calls.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
