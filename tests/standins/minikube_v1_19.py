"""minikube v1.19.0. Nothing of it was recorded: every text is written from its source and its
documentation, plain as without a terminal. Exit codes and events are those of facts about it.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from shutil import rmtree
from typing import Any

from . import backing, faults, kubeconfig
from .call import Call, read_json, refuse, say
from .flags import GLOG, HELP, Flag, FlagError, find_command, parse, start_flags
from .minikube_v1_19_out import Exit, Out
from .minikube_v1_19_start import start, write_kubeconfig

COMMIT = "15cede53bdc5fe242228853e737333b09d4336b5"
FOLDERS = ("certs", "machines", "cache", "config", "addons", "files", "logs")
PERSISTENT = (
    GLOG
    | HELP
    | {
        "add_dir_header": Flag("bool"),
        "bootstrapper": Flag("string", "b"),
        "log_file": Flag("string"),
        "log_file_max_size": Flag("int"),
        "one_output": Flag("bool"),
        "profile": Flag("string", "p"),
        "skip_headers": Flag("bool"),
        "skip_log_headers": Flag("bool"),
        "user": Flag("string"),
    }
)
OWN = {
    "delete": {"all": Flag("bool"), "purge": Flag("bool")},
    "status": {"output": Flag("string", "o"), "format": Flag("string", "f")},
    "version": {"output": Flag("string", "o"), "short": Flag("bool")},
}
REAL_FLAGS = {
    "delete": {"--output", "-o"},
    "status": {"--layout", "-l", "--node", "-n", "--watch", "-w"},
    "stop": {"--all", "--cancel-scheduled", "--keep-context-active", "--output", "-o",
             "--schedule"},
}  # fmt: skip
REAL_COMMANDS = {
    "addons", "cache", "completion", "config", "cp", "dashboard", "docker-env", "help", "image",
    "kubectl", "logs", "mount", "node", "options", "pause", "podman-env", "profile", "service",
    "ssh", "ssh-host", "ssh-key", "tunnel", "unpause", "update-check",
}  # fmt: skip
STATUS = (
    "{{.Name}}\ntype: Control Plane\nhost: {{.Host}}\nkubelet: {{.Kubelet}}\n"
    "apiserver: {{.APIServer}}\nkubeconfig: {{.Kubeconfig}}\ntimeToStop: {{.TimeToStop}}\n\n"
)


def run(settings: Mapping[str, Any], argv: Sequence[str]) -> int:
    command, rest = find_command(argv, PERSISTENT)
    if command in REAL_COMMANDS or not command:
        refuse(f"`{command}` exists in v1.19 and is not replayed")
    if command not in COMMANDS:
        say(
            f'Error: unknown command "{command}" for "minikube"\n'
            "Run 'minikube --help' for usage.\n",
            error=True,
        )
        return 1
    for text in rest:
        if text.partition("=")[0] in REAL_FLAGS.get(command, ()):
            refuse(f"`{command} {text}` exists in v1.19 and is not replayed")
    own = start_flags(settings["version"]) if command == "start" else OWN.get(command, {})
    try:
        parsed = parse(rest, PERSISTENT | own, old=False)
    except FlagError as problem:
        say(f"Error: {problem}\nSee 'minikube {command} --help' for usage.\n", error=True)
        return 1
    if "help" in parsed.flags or parsed.arguments:
        refuse(f"`{command}` with help or arguments is not replayed")
    call = Call(settings, parsed.flags)
    out = Out(json_events=call.value("output", "") == "json" and command in {"start", "status"})
    try:
        _make_folders(call)
        return COMMANDS[command](call, out)
    except Exit as ending:
        return out.exit(ending)


def _make_folders(call: Call) -> None:
    try:
        for name in FOLDERS:
            (call.home / name).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        what = os.strerror(problem.errno or 0).lower()
        where = f"mkdir {problem.filename}: {what}"
        raise Exit("HOST_HOME_MKDIR", f"Error creating minikube directory: {where}") from None


def _version(call: Call, out: Out) -> int:
    if faults.version(call.fault):
        return 0
    kind = call.value("output")
    if kind == "json":
        say(json.dumps({"commit": COMMIT, "minikubeVersion": call.release}, separators=(",", ":")))
        say("\n")
    elif kind:
        refuse(f"`version -o {kind}` is not replayed")
    else:
        say(f"minikube version: {call.release}\n")
        if not call.wants("short", default=False):
            say(f"commit: {COMMIT}\n")
    return 0


def _profile(call: Call, out: Out) -> dict[str, Any]:
    """The profile's file, or minikube's tip and exit code 85."""
    try:
        return read_json(call.profile_folder / "config.json")
    except FileNotFoundError:
        tip = f"minikube start{_example(call)}"
        out.step(
            f'Profile "{call.profile}" not found. Run "minikube profile list" to view all profiles.'
        )
        out.step(f'To start a cluster, run: "{tip}"', mark="  ")
        raise Exit("", code=85) from None
    except ValueError as problem:
        raise Exit("HOST_CONFIG_LOAD", f"Error getting cluster config: {problem}") from None


def _example(call: Call) -> str:
    return "" if call.profile == "minikube" else f" -p {call.profile}"


def _running(call: Call, out: Out) -> None:
    _profile(call, out)
    if not backing.alive(call):
        out.step("The control plane node must be running for this command")
        out.step(f'To start a cluster, run: "minikube start{_example(call)}"', mark="  ")
        raise Exit("", code=89)


def _points_here(call: Call) -> bool:
    try:
        return kubeconfig.server(call.profile) == f"https://{call.ip}:{backing.port(call)}"
    except ValueError:
        return False


def _status(call: Call, out: Out) -> int:
    """7: nothing runs; 4: the kubeconfig points elsewhere. Single node only."""
    _profile(call, out)
    up = backing.alive(call)
    state = "Running" if up else "Stopped"
    pointing = ("Configured" if _points_here(call) else "Misconfigured") if up else "Stopped"
    fields: dict[str, object] = {"Name": call.profile, "Host": state, "Kubelet": state}
    fields |= {"APIServer": state, "Kubeconfig": pointing, "Worker": False}
    fields |= {"TimeToStop": "Nonexistent"}
    if call.value("output", "text") == "json":
        say(json.dumps(fields, separators=(",", ":")))
    elif call.value("output", "text") == "text":
        text = call.value("format", STATUS)
        for name, value in fields.items():
            text = text.replace("{{." + name + "}}", str(value))
        if "{{" in text:
            refuse(f"the template is not replayed: {text}")
        say(text)
        if pointing == "Misconfigured":
            say(
                "\nWARNING: Your kubectl is pointing to stale minikube-vm.\n"
                "To fix the kubectl context, run `minikube update-context`\n"
            )
    else:
        raise Exit(
            "MK_USAGE",
            f"invalid output format: {call.value('output')}. Valid values: 'text', 'json'",
        )
    if not up:
        return 7
    return 4 if pointing == "Misconfigured" else 0


def _stop(call: Call, out: Out) -> int:
    _profile(call, out)
    out.step(f'Stopping node "{call.profile}"  ...')
    if call.fault == "stop-fails":
        raise Exit("GUEST_STOP_TIMEOUT", "Unable to stop VM: Temporary Error: stop: exit status 1")
    backing.end(call)
    out.step("1 nodes stopped.")
    return 0


def _delete(call: Call, out: Out) -> int:
    everything = call.wants("all", default=False)
    if call.wants("purge", default=False) and not everything:
        profiles = list((call.home / "profiles").glob("*"))
        if len(profiles) > 1:
            raise Exit("MK_USAGE", "Usage: minikube delete --all --purge")
    names = [call.profile]
    if everything:
        names = [path.parent.name for path in (call.home / "profiles").glob("*/config.json")]
    for name in names:
        call.profile = name
        _delete_one(call, out)
    if everything:
        out.step("Successfully deleted all profiles")
    if call.wants("purge", default=False):
        rmtree(call.home)
        out.step(f"Successfully purged minikube directory located at - [{call.home}]")
    return 0


def _delete_one(call: Call, out: Out) -> None:
    try:
        profile = read_json(call.profile_folder / "config.json")
    except (FileNotFoundError, ValueError):
        say(f'* "{call.profile}" profile does not exist, trying anyways.\n', error=True)
    else:
        version = profile["KubernetesConfig"]["KubernetesVersion"]
        out.step(f"Uninstalling Kubernetes {version} using kubeadm ...")
        out.step(f'Deleting "{call.profile}" in none ...')
    backing.forget(call)
    for folder in (call.machine, call.profile_folder):
        if folder.exists():
            rmtree(folder)
    try:
        if kubeconfig.server(call.profile):
            kubeconfig.remove(call.profile)
    except ValueError as problem:
        refuse(f"this kubeconfig is more YAML than the stand-in reads: {problem}")
    out.step(f'Removed all traces of the "{call.profile}" cluster.')


def _update_context(call: Call, out: Out) -> int:
    _running(call, out)
    name = call.profile
    if _points_here(call):
        out.step(f'No changes required for the "{name}" context')
    else:
        write_kubeconfig(call)
        where = f"{call.ip}:{backing.port(call)}"
        out.step(f'"{name}" context has been updated to point to {where}')
    out.step(f'Current context is "{name}"')
    return 0


def _ip(call: Call, out: Out) -> int:
    _running(call, out)
    say(f"{call.ip}\n")
    return 0


COMMANDS: dict[str, Callable[[Call, Out], int]] = {
    "delete": _delete,
    "ip": _ip,
    "start": start,
    "status": _status,
    "stop": _stop,
    "update-context": _update_context,
    "version": _version,
}
