"""minikube v1.38.1 with the driver none and containerd: every text is recorded unless a comment
says that it is written from the source.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import faults, kubeadm
from .call import Call, glog, read_json, refuse, say
from .flags import GLOG, HELP, Flag, FlagError, find_command, parse, start_flags
from .minikube_v1_38_files import clear_kubeconfig, endpoint, write_kubeconfig
from .minikube_v1_38_out import DELETE, START, STOP, Exit, Out

FOLDERS = ("addons", "cache", "certs", "config", "files", "logs", "machines", "profiles")
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
        "rootless": Flag("bool"),
        "skip-audit": Flag("bool"),
        "skip_headers": Flag("bool"),
        "skip_log_headers": Flag("bool"),
        "user": Flag("string"),
    }
)
OWN = {
    "delete": {
        "all": Flag("bool"),
        "output": Flag("string", "o"),
        "purge": Flag("bool"),
    },
    "status": {"output": Flag("string", "o"), "format": Flag("string", "f")},
    "stop": {"keep-context-active": Flag("bool"), "output": Flag("string", "o")},
    "version": {"output": Flag("string", "o"), "short": Flag("bool")},
}
STATUS = (
    "{{.Name}}\ntype: Control Plane\nhost: {{.Host}}\nkubelet: {{.Kubelet}}\n"
    "apiserver: {{.APIServer}}\nkubeconfig: {{.Kubeconfig}}\n\n"
)


def run(settings: Mapping[str, Any], argv: Sequence[str]) -> int:
    command, rest = find_command(argv, PERSISTENT)
    own = start_flags(settings["version"]) if command == "start" else OWN.get(command, {})
    try:
        parsed = parse(rest, PERSISTENT | own, old=False)
    except FlagError as problem:
        say(f"Error: {problem}\nSee 'minikube {command} --help' for usage.\n", error=True)
        return 14
    if command not in COMMANDS or "help" in parsed.flags:
        refuse(f"`{' '.join(argv)}` is not replayed for v1.38.1")
    call = Call(settings, parsed.flags)
    steps = {"start": START, "stop": STOP, "delete": DELETE}.get(command, ())
    out = Out(steps, json_events=call.flags.get("output", [""])[-1] == "json")
    try:
        for name in FOLDERS:
            (call.home / name).mkdir(parents=True, exist_ok=True)
        return COMMANDS[command](call, out)
    except Exit as ending:
        return out.exit(ending)


def _start(call: Call, out: Out) -> int:
    from .minikube_v1_38_start import start

    return start(call, out)


def _version(call: Call, out: Out) -> int:
    if faults.version(call.fault):
        return 0
    kind = call.value("output")
    if kind == "json":
        known = {"commit": kubeadm.COMMIT, "minikubeVersion": call.release}
        say(json.dumps(known, separators=(",", ":")) + "\n")
    elif kind == "yaml":
        say(f"commit: {kubeadm.COMMIT}\nminikubeVersion: {call.release}\n\n")
    elif kind:
        raise Exit(10, "MK_OUTPUT_USAGE", "error: --output must be 'yaml' or 'json'")
    elif call.wants("short", default=False):
        say(f"{call.release}\n")
    else:
        say(f"minikube version: {call.release}\ncommit: {kubeadm.COMMIT}\n")
    return 0


def _profile(call: Call, out: Out) -> dict[str, Any]:
    """The profile's record, or minikube's tip and exit code 85."""
    try:
        return read_json(call.profile_folder / "config.json")
    except FileNotFoundError:
        tip = "" if call.profile == "minikube" else f" -p {call.profile}"
        what = f'Profile "{call.profile}" not found.'
        out.info(f'{what} Run "minikube profile list" to view all profiles.', mark="* ")
        out.info(f'To start a cluster, run: "minikube start{tip}"', mark="  ")
        raise Exit(85) from None
    except ValueError as problem:
        refuse(f"what it says to a profile that is broken is not replayed: {problem}")


def _host_runs(call: Call) -> bool:
    return kubeadm.apiserver_runs() or kubeadm.kubelet_runs()


def _running(call: Call, out: Out) -> None:
    _profile(call, out)
    if not _host_runs(call):
        what = f"The control-plane node {call.profile} host is not running: state=Stopped"
        out.info(what, mark="* ")
        out.info('To start a cluster, run: "minikube start"', mark="  ")
        raise Exit(83)


def _status(call: Call, out: Out) -> int:
    """Of its bits 1 is the host, 2 the cluster, 4 the kubeconfig."""
    _profile(call, out)
    fields: dict[str, object] = {"Name": call.profile}
    fields |= dict.fromkeys(("Host", "Kubelet", "APIServer", "Kubeconfig"), "Stopped")
    code = 7
    if _host_runs(call):
        kubelet = kubeadm.kubelet_runs()
        api = kubeadm.apiserver_runs() and kubeadm.healthy(call.ip)
        points = endpoint(call) == f"{call.ip}:8443"
        code = (0 if kubelet and api else 2) | (0 if points else 4)
        fields["Host"] = "Running"
        fields["Kubelet"] = "Running" if kubelet else "Stopped"
        fields["APIServer"] = "Running" if api else "Stopped"
        fields["Kubeconfig"] = "Configured" if points else "Misconfigured"
        if not points:
            _complain(call)
    if call.value("output", "text") == "json":
        say(json.dumps(fields | {"Worker": False}, separators=(",", ":")))
        return code
    if call.value("output", "text") != "text":
        refuse("this output is not replayed")
    text = call.value("format", STATUS)
    for name, value in fields.items():
        text = text.replace("{{." + name + "}}", str(value))
    if "{{" in text:
        refuse(f"the template is not replayed: {text}")
    say(text)
    if fields["Kubeconfig"] == "Misconfigured":
        say(
            "\nWARNING: Your kubectl is pointing to stale minikube-vm.\n"
            "To fix the kubectl context, run `minikube update-context`\n"
        )
    return code


def _complain(call: Call) -> None:
    from . import kubeconfig

    has = endpoint(call)
    if has:
        what = f"{has.rpartition(':')[0]} {call.ip}"
        refuse(f"what it says to another address is not replayed yet: {what}")
    what = f'get endpoint: "{call.profile}" does not appear in {kubeconfig.path()}'
    glog("E", "status.go:457", f"kubeconfig endpoint: {what}")


def _stop(call: Call, out: Out) -> int:
    _profile(call, out)
    out.step(f'Stopping node "{call.profile}"  ...', "Stopping")
    kubeadm.stop()
    if not call.wants("keep-context-active", default=False):
        clear_kubeconfig(call)
    out.step("1 node stopped.", "Done")
    return 0


def _delete(call: Call, out: Out) -> int:
    if call.wants("all", default=False) or call.wants("purge", default=False):
        refuse("`delete --all` and `--purge` are not replayed")
    record = call.profile_folder / "config.json"
    if record.exists():
        version = read_json(record)["KubernetesConfig"]["KubernetesVersion"]
        out.info(f"Uninstalling Kubernetes {version} using kubeadm ...", mark="* ")
        kubeadm.reset(call)
        out.step(f'Deleting "{call.profile}" in none ...', "Deleting")
    elif out.json_events:
        out.remark(f'"{call.profile}" profile does not exist, trying anyways.')
    else:
        out.warning(f'"{call.profile}" profile does not exist, trying anyways.')
    for folder in (call.machine, call.profile_folder):
        shutil.rmtree(folder, ignore_errors=True)
    clear_kubeconfig(call)
    out.info(f'Removed all traces of the "{call.profile}" cluster.', mark="* ")
    return 0


def _update_context(call: Call, out: Out) -> int:
    _running(call, out)
    name = call.profile
    if endpoint(call) == f"{call.ip}:8443":
        say(f'! No changes required for the "{name}" context\n')
    else:
        write_kubeconfig(call)
        say(f'* "{name}" context has been updated to point to {call.ip}:8443\n')
    say(f'* Current context is "{name}"\n')
    return 0


def _ip(call: Call, out: Out) -> int:
    _running(call, out)
    say(f"{call.ip}\n")
    return 0


def _config(call: Call, out: Out) -> int:
    refuse("todo")


COMMANDS: dict[str, Callable[[Call, Out], int]] = {
    "config": _config,
    "delete": _delete,
    "ip": _ip,
    "start": _start,
    "status": _status,
    "stop": _stop,
    "update-context": _update_context,
    "version": _version,
}
