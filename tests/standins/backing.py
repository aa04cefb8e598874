"""What is behind the address the kubeconfig names: nothing, a recorded API or a control plane.

`standin/<profile>/record.json` under minikube's home holds the port and the process. It is no
part of the profile, because Kubernetes outlives `minikube delete` on 0.25.

`status` is called often, so what only a start needs is imported there.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.helpers.places import ROOT

from .call import Call, read_json, refuse, write_json

KUBERNETES = {"v0.25": "v1.9.0", "v1.19": "v1.20.2"}
CLUSTERS = ("real", "full")
MINIKUBE_PORT = 8443
SERVE = "import sys; sys.path.insert(0, {!r}); from tests.standins.recorded_api import serve; "


def up(call: Call, kubernetes: str) -> None:
    """Start Kubernetes, or restart it on its old port."""
    kind = _kind(call)
    era = next(era for era in KUBERNETES if call.release.startswith(era))
    if kind != "none" and kubernetes != KUBERNETES[era]:
        refuse(f"backing {kind}: there is only Kubernetes {KUBERNETES[era]}, not {kubernetes}")
    end(call)
    where = port(call)
    folder = _folder(call)
    record: dict[str, Any] = {"backing": kind, "port": where}
    if kind in CLUSTERS:
        write_json(folder / "record.json", record)  # first: a start may be killed half-way
        _up_real(call, where)
    if kind == "service":
        from . import service

        write_json(folder / "record.json", record)
        service.up(_server(call, era, where), where)
    if kind == "recorded":
        pid = _spawn(call, era, where)
        record |= {"pid": pid, "start": _start_time(pid)}
    write_json(folder / "record.json", record)


def alive(call: Call) -> bool:
    """Is the process there? As the real one looks at its unit, so not at the API."""
    return _alive(_folder(call), _record(call))


def end(call: Call) -> None:
    """End what runs; the port and the data stay."""
    _end(_folder(call), _record(call))


def drop_data(call: Call) -> None:
    """What `delete` of 0.25 removes, whether Kubernetes runs or not."""
    if _record(call).get("backing") == "service":
        from . import service

        service.drop_data()


def forget(call: Call) -> None:
    """End what runs and drop its data."""
    import shutil

    end(call)
    if _record(call).get("backing") == "full":
        from . import controlplane

        controlplane.down(_folder(call) / "controlplane", delete=True)
    shutil.rmtree(_folder(call), ignore_errors=True)


def port(call: Call) -> int:
    """The address' port, free when first asked for. A real minikube always takes 8443."""
    if call.settings["backing"] == "full":
        return MINIKUBE_PORT
    record = _record(call)
    if "port" not in record:
        import socket

        with socket.socket() as probe:
            probe.bind((call.ip, 0))
            record["port"] = probe.getsockname()[1]
        write_json(_folder(call) / "record.json", record)
    return int(record["port"])


def end_all(home: Path) -> None:
    """For a test's end: nothing the stand-in started under this minikube home runs on."""
    for path in (home / "standin").glob("*/record.json"):
        _end(path.parent, read_json(path))


def _kind(call: Call) -> str:
    return "none" if call.fault == "start-exits-0-dead" else str(call.settings["backing"])


def _folder(call: Call) -> Path:
    return call.home / "standin" / call.profile


def _record(call: Call) -> dict[str, Any]:
    try:
        return read_json(_folder(call) / "record.json")
    except FileNotFoundError:
        return {}


def _alive(folder: Path, record: dict[str, Any]) -> bool:
    if record.get("backing") in CLUSTERS:
        from . import controlplane

        return "kube-apiserver" in controlplane.running(folder / "controlplane")
    if record.get("backing") == "service":
        from . import service

        return service.is_active()
    return bool(record.get("pid")) and _start_time(record["pid"]) == record["start"]


def _end(folder: Path, record: dict[str, Any]) -> None:
    if record.get("backing") in CLUSTERS:
        from . import controlplane

        controlplane.stop(folder / "controlplane")
    elif record.get("backing") == "service":
        from . import service

        service.stop()
    elif _alive(folder, record):
        with suppress(ProcessLookupError):
            os.kill(record["pid"], signal.SIGKILL)
        deadline = time.monotonic() + 5
        while _alive(folder, record) and time.monotonic() < deadline:
            time.sleep(0.01)


def _up_real(call: Call, where: int) -> None:
    """The data are in our own folder; minikube's machine folder has a link to it."""
    import socket

    from . import controlplane

    folder = _folder(call) / "controlplane"
    folder.mkdir(parents=True, exist_ok=True)
    link = call.machine / "controlplane"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)
    name = socket.gethostname().lower()
    try:
        controlplane.up(
            folder,
            Path(call.settings["binaries"]),
            node_name=name,
            node_ip=call.ip,
            port=where,
            ca_cert=call.home / "ca.crt",
            ca_key=call.home / "ca.key",
            kubelet=call.settings["backing"] == "full",
        )
    except controlplane.ControlPlaneError as problem:
        refuse(f"the control plane did not come up: {problem}")


def _server(call: Call, era: str, where: int) -> list[str]:
    """The command line of the recorded API."""
    certificates = call.home if era == "v0.25" else call.profile_folder
    arguments = [str(_folder(call)), era, str(where), str(call.home / "ca.crt")]
    arguments += [str(certificates), call.fault]
    code = SERVE.format(str(ROOT)) + f"serve(*{arguments!r})"
    return [sys.executable, "-IS", "-c", code]


def _spawn(call: Call, era: str, where: int) -> int:
    """A server in a session of its own that holds none of our pipes; it listens on return."""
    import subprocess

    process = subprocess.Popen(
        _server(call, era, where),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(_folder(call) / "recorded-api.log").open("ab"),
        start_new_session=True,
        cwd="/",
    )
    assert process.stdout is not None
    if process.stdout.readline() != b"listening\n":
        refuse(f"the recorded API did not come up, see {_folder(call)}/recorded-api.log")
    return process.pid


def _start_time(pid: int) -> str:
    """The process' start, so that a pid used again is not taken for it; empty: it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _start_time_without_proc(pid)
    return "" if fields[0] == "Z" else fields[19]


def _start_time_without_proc(pid: int) -> str:
    if Path("/proc/self").exists():
        return ""
    import subprocess

    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.strip()
