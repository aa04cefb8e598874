"""minikube v0.25: every text is recorded unless a comment says it is written from the source."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import backing, faults, kubeconfig
from .call import Call, glog, refuse, say
from .flags import GLOG, HELP, Flag, FlagError, find_command, parse, start_flags
from .minikube_v0_25_config import config
from .minikube_v0_25_texts import (
    BANNER,
    MachineError,
    load_machine,
    no_machine,
    replay,
    transcript,
    wants_report,
)

FOLDERS = ("certs", "machines", "cache/iso", "cache/localkube", "config", "addons", "files", "logs")
PERSISTENT = (
    GLOG
    | HELP
    | {
        "bootstrapper": Flag("string", "b"),
        "loglevel": Flag("int"),
        "profile": Flag("string", "p"),
    }
)
REAL_COMMANDS = {
    "addons", "cache", "completion", "dashboard", "docker-env", "get-k8s-versions", "help", "logs",
    "mount", "profile", "service", "ssh", "ssh-key", "update-check",
}  # fmt: skip
INTERNAL_ERROR = 255


def run(settings: Mapping[str, Any], argv: Sequence[str]) -> int:
    command, rest = find_command(argv, PERSISTENT)
    own = {"status": {"format": Flag("string")}}
    if command in REAL_COMMANDS:
        refuse(f"`{command}` exists in v0.25 and is not replayed")
    if command and command not in {*COMMANDS, "config", "version"}:
        return _unknown_command(command)
    if command == "start":
        own["start"] = start_flags(settings["version"])
    try:
        parsed = parse(rest, PERSISTENT | own.get(command, {}), old=True)
    except FlagError as problem:
        say(f"Error: {problem}\n{_usage(command)}\n\n", error=True)
        return 1
    if "help" in parsed.flags or not command:
        return _help(command)
    call = Call(settings, parsed.flags)
    if command == "version":
        return _version(call)
    if not _make_folders(call):
        return 1
    _warn_without_kubectl(call)
    if command == "config":
        return config(call, parsed.arguments)
    if parsed.arguments:
        refuse(f"`{command}` with arguments is not replayed: {parsed.arguments}")
    return COMMANDS[command](call)


def _version(call: Call) -> int:
    if not faults.version(call.fault):
        say(f"minikube version: {call.release}\n")
    return 0


def _unknown_command(command: str) -> int:
    name = "unknown-command-near" if command == "statu" else "unknown-command"
    text = transcript()[name]["err"]
    say(text.replace("frobnicate", command), error=True)
    return 1


def _usage(command: str) -> str:
    """Recorded for `start`; for the others its global part, the rest written from cobra."""
    recorded = transcript()["start-driver-flag"]["err"].partition("\n")[2].rstrip("\n")
    if command == "start":
        return str(recorded)
    rest = recorded.partition("Global Flags:")[2]
    return f"Usage:\n  minikube {command} [flags]\n\nGlobal Flags:{rest}"


def _help(command: str) -> int:
    if command not in {"", "start"}:
        refuse(f"no recorded help of `{command}`")
    say(transcript()["start-help" if command else "help"]["out"])
    return 0


def _make_folders(call: Call) -> bool:
    try:
        for name in FOLDERS:
            (call.home / name).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        what = os.strerror(problem.errno or 0).lower()
        where = f"mkdir {problem.filename}: {what}"
        glog("F", "root.go:75", f"Error creating minikube directory: {where}")
        return False
    return True


def _warn_without_kubectl(call: Call) -> None:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    if any(os.access(Path(folder, "kubectl"), os.X_OK) for folder in folders if folder):
        return
    if call.wants("WantKubectlDownloadMsg"):
        recorded = transcript("minikube-v0.25.0-nokubectl-on-path.json")["status-none"]["err"]
        say(recorded, error=True)


def _status(call: Call) -> int:
    """Exit code: 1 host, 2 cluster, 4 kubeconfig; the API itself is never asked."""
    machine, code, cluster, pointing = "", 1, "", ""
    if call.machine.exists() and not no_machine(call):
        try:
            load_machine(call)
        except MachineError as problem:
            return _internal(call, "71", f"Error getting machine status: {_loading(call, problem)}")
        machine = "Stopped"
    if machine and backing.alive(call):
        machine = cluster = "Running"
        try:
            server = kubeconfig.server(call.profile)
        except ValueError:
            garbage = transcript()["status-kubeconfig-garbage"]["err"].partition("] ")[2]
            return _internal(call, "98", garbage.removesuffix("\n"))
        if not server:
            what = (
                "Error kubeconfig status: Kubeconfig does not have a record of the machine cluster"
            )
            return _internal(call, "98", what)
        code = 0 if _host(server) == call.ip else 4
        pointing = f"Correctly Configured: pointing to minikube-vm at {call.ip}"
        if code:
            pointing = (
                "Misconfigured: pointing to stale minikube-vm."
                "\nTo fix the kubectl context, run minikube update-context"
            )
    return _show_status(call, code, machine, cluster, pointing)


def _show_status(call: Call, code: int, machine: str, cluster: str, pointing: str) -> int:
    template = call.value(
        "format",
        "minikube: {{.MinikubeStatus}}\ncluster: {{.ClusterStatus}}\n"
        "kubectl: {{.KubeconfigStatus}}\n",
    )
    fields = {"MinikubeStatus": machine, "ClusterStatus": cluster, "KubeconfigStatus": pointing}
    for name, value in fields.items():
        template = template.replace("{{." + name + "}}", value)
    if "{{" in template and "}}" not in template:
        glog(
            "E",
            "status.go:116",
            "Error creating status template: template: status:1: unclosed action",
        )
        return INTERNAL_ERROR
    if "{{" in template:
        refuse(f"no recorded answer to this template: {template}")
    say(template)
    return code


def _internal(call: Call, line: str, text: str) -> int:
    glog("E", f"status.go:{line}", text)
    if wants_report(call):
        say(BANNER)
    return INTERNAL_ERROR


def _loading(call: Call, problem: MachineError) -> str:
    return f"Error loading api for: {call.profile}: Error loading host from store: {problem}"


def _host(server: str) -> str:
    return server.partition("://")[2].rpartition(":")[0]


def _start(call: Call) -> int:
    from .minikube_v0_25_start import start  # the other commands need not load it

    return start(call)


def _stop(call: Call) -> int:
    """With none on a running cluster it fails and leaves it running."""
    if no_machine(call):
        return replay(call, "stop-none")
    try:
        load_machine(call)
    except MachineError as problem:
        name = call.profile
        say(
            f"Stopping local Kubernetes cluster...\nError stopping machine:  Error loading host: "
            f"{name}: Error loading host from store: {problem}\n"
        )
        return 1
    if backing.alive(call) or call.fault == "stop-fails":
        code = replay(call, "stop-running")
        # Written from the source: here the recorded run had the crash report switched off.
        if wants_report(call):
            say(BANNER)
        return code
    return replay(call, "stop-when-already-stopped")


def _delete(call: Call) -> int:
    """It says "Machine deleted." and Kubernetes runs on; certificates and kubeconfig stay."""
    from shutil import rmtree

    if no_machine(call):
        return replay(call, "delete-none")
    try:
        load_machine(call)
    except MachineError as problem:
        say(
            f"Deleting local Kubernetes cluster...\nErrors occurred deleting machine:  Error "
            f"deleting host: {call.profile}: Error loading host from store: {problem}\n"
        )
        return 1
    say("Deleting local Kubernetes cluster...\n")
    rmtree(call.machine)
    rmtree(call.profile_folder, ignore_errors=True)
    backing.drop_data(call)
    say("Machine deleted.\n")
    return 0


def _update_context(call: Call) -> int:
    try:
        if no_machine(call):
            raise MachineError(_missing(call))
        load_machine(call)
    except MachineError as problem:
        # Written from the source: nothing was recorded without a machine.
        glog("E", "update_context.go:42", f"Error host driver ip status: {problem}")
        return 1
    server = kubeconfig.server(call.profile)
    if not server:
        # Written from the source.
        what = "Kubeconfig does not have a record of the machine cluster"
        glog("E", "update_context.go:47", f"Error update kubeconfig: {what}")
        return 1
    if _host(server) == call.ip:
        say(f"Kubeconfig IP correctly configured, pointing at {call.ip}\n")
        return 0
    config = kubeconfig.read()
    for entry in config["clusters"]:
        if entry["name"] == call.profile:
            entry["cluster"]["server"] = f"https://{call.ip}:{backing.port(call)}"
    kubeconfig.write(config)
    say(f"Reconfigured kubeconfig IP, now pointing at {call.ip}\n")
    return 0


def _ip(call: Call) -> int:
    try:
        if no_machine(call):
            raise MachineError(_missing(call))
        load_machine(call)
    except MachineError as problem:
        glog("E", "ip.go:43", f"Error getting IP:  Error loading host from store: {problem}")
        return 1
    say(f"{call.ip}\n")
    return 0


def _missing(call: Call) -> str:
    recorded = transcript()["ip-none"]["err"].partition("from store: ")[2].strip()
    return str(recorded).replace('"minikube"', f'"{call.profile}"')


COMMANDS: dict[str, Callable[[Call], int]] = {
    "delete": _delete,
    "ip": _ip,
    "start": _start,
    "status": _status,
    "stop": _stop,
    "update-context": _update_context,
}
