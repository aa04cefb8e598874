"""minikube v1.38.1 with the driver none and containerd: every text is recorded unless a comment
says that it is written from the source.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import faults, kubeadm, kubeconfig
from .call import Call, glog, read_json, refuse, say
from .flags import GLOG, HELP, Flag, FlagError, find_command, parse, start_flags
from .minikube_v1_38_files import PORT, clear_kubeconfig, endpoint, transcript, write_kubeconfig
from .minikube_v1_38_out import Exit, Out

FOLDERS = ("addons", "cache", "certs", "config", "files", "logs", "machines", "profiles")
OUTPUT = {"output": Flag("string", "o")}
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
# Not all that the real one has: a flag that is missing here is not replayed.
OWN = {
    "delete": OUTPUT | {"purge": Flag("bool")},
    "docker-env": {"unset": Flag("bool", "u")},
    "profile": OUTPUT | {"light": Flag("bool", "l")},
    "status": OUTPUT | {"format": Flag("string", "f")},
    "stop": OUTPUT | {"keep-context-active": Flag("bool")},
    "version": OUTPUT | {"short": Flag("bool")},
}
REAL_COMMANDS = {
    "cache", "completion", "cp", "dashboard", "help", "kubectl", "license", "logs", "mount",
    "options", "pause", "podman-env", "service", "ssh", "ssh-host", "ssh-key", "tunnel", "unpause",
    "update-check",
}  # fmt: skip
STATUS = (
    "{{.Name}}\ntype: Control Plane\nhost: {{.Host}}\nkubelet: {{.Kubelet}}\n"
    "apiserver: {{.APIServer}}\nkubeconfig: {{.Kubeconfig}}\n\n"
)


def run(settings: Mapping[str, Any], argv: Sequence[str]) -> int:
    command, rest = find_command(argv, PERSISTENT)
    if command in REAL_COMMANDS:
        refuse(f"`{command}` exists in v1.38 and is not replayed")
    if command and command not in COMMANDS:
        what = f'unknown command "{command}" for "minikube"'
        say(f"Error: {what}\nRun 'minikube --help' for usage.\n", error=True)
        return 14
    own = start_flags(settings["version"]) if command == "start" else OWN.get(command, {})
    try:
        parsed = parse(rest, PERSISTENT | own, old=False)
    except FlagError as problem:
        if command and command != "start":
            refuse(f"`{' '.join(argv)}` is not replayed: {problem}")
        about = f"minikube {command}".rstrip()
        say(f"Error: {problem}\nSee '{about} --help' for usage.\n", error=True)
        return 14
    if not command or "help" in parsed.flags:
        refuse("help is not replayed")
    call = Call(settings, parsed.flags)
    out = Out(command, json_events=parsed.flags.get("output", [""])[-1] == "json")
    try:
        for name in FOLDERS:
            (call.home / name).mkdir(parents=True, exist_ok=True)
        return COMMANDS[command](call, out, parsed.arguments)
    except Exit as ending:
        return out.exit(ending)
    except kubeadm.KubeadmError as problem:
        refuse(f"what the real one does about this is not replayed: {problem}")


def _start(call: Call, out: Out, arguments: list[str]) -> int:
    from .minikube_v1_38_start import start  # the other commands need not load these

    return start(call, out)


def _config(call: Call, out: Out, arguments: list[str]) -> int:
    from .minikube_v1_38_config import config

    return config(call, arguments)


def _image(call: Call, out: Out, arguments: list[str]) -> int:
    from .minikube_v1_38_image import image

    return image(call, arguments)


def _addons(call: Call, out: Out, arguments: list[str]) -> int:
    from .minikube_v1_38_addons import addons

    _profile(call, out)
    return addons(call, out, arguments)


def _profiles(call: Call, out: Out, arguments: list[str]) -> int:
    from .minikube_v1_38_profile import profile

    return profile(call, out, arguments, lambda: _state(call))


def _version(call: Call, out: Out, arguments: list[str]) -> int:
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
        out.step(f'{what} Run "minikube profile list" to view all profiles.')
        out.step(f'To start a cluster, run: "minikube start{tip}"', mark="  ")
        raise Exit(85) from None
    except ValueError:
        refuse("what it says to a profile that is broken is not replayed")


def _running(call: Call, out: Out) -> None:
    _profile(call, out)
    if not kubeadm.host_runs(call):
        out.step(f"The control-plane node {call.profile} host is not running: state=Stopped")
        out.step('To start a cluster, run: "minikube start"', mark="  ")
        raise Exit(83)


def _states(call: Call) -> dict[str, str]:
    """Host runs when the API's process does, or else the kubelet."""
    states = dict.fromkeys(("Host", "Kubelet", "APIServer", "Kubeconfig"), "Stopped")
    if kubeadm.host_runs(call):
        states["Host"] = "Running"
        if kubeadm.kubelet_runs():
            states["Kubelet"] = "Running"
        if kubeadm.apiserver_runs() and kubeadm.healthy(call.ip):
            states["APIServer"] = "Running"
        states["Kubeconfig"] = "Configured" if _points_here(call) else "Misconfigured"
    return states


def _state(call: Call) -> str:
    """In a word, as `profile list` has it. Starting it is after a first start that was ended."""
    states = _states(call)
    if states["Kubeconfig"] == "Misconfigured":
        _complain(call)
    if read_json(call.profile_folder / "config.json")["Addons"] is None:
        return "Starting"
    return "OK" if states["APIServer"] == "Running" else "Stopped"


def _points_here(call: Call) -> bool:
    return endpoint(call) == f"{call.ip}:{PORT}"


def _complain(call: Call) -> None:
    """Of a kubeconfig that is no YAML nothing is replayed."""
    found = endpoint(call)
    what = f"got: {found}, want: {call.ip}:{PORT}"
    if not found:
        what = f'get endpoint: "{call.profile}" does not appear in {kubeconfig.path()}'
    glog("E", "status.go:457", f"kubeconfig endpoint: {what}")


def _status(call: Call, out: Out, arguments: list[str]) -> int:
    """Of the code's bits 1 is the host, 2 the cluster, 4 the kubeconfig."""
    _profile(call, out)
    states = _states(call)
    wrong = states["Kubeconfig"] == "Misconfigured"
    if wrong:
        _complain(call)
    works = states["Kubelet"] == states["APIServer"] == "Running"
    code = 7 if states["Host"] == "Stopped" else (0 if works else 2) | (4 if wrong else 0)
    fields = {"Name": call.profile} | states
    kind = call.value("output", "text")
    if kind == "json":
        say(json.dumps({**fields, "Worker": False}, separators=(",", ":")))
        return code
    text = call.value("format", STATUS)
    for name, value in fields.items():
        text = text.replace("{{." + name + "}}", value)
    if kind != "text" or "{{" in text:
        refuse("this form of `status` is not replayed")
    say(text)
    if wrong:
        say(
            "\nWARNING: Your kubectl is pointing to stale minikube-vm.\n"
            "To fix the kubectl context, run `minikube update-context`\n"
        )
    return code


def _stop(call: Call, out: Out, arguments: list[str]) -> int:
    _profile(call, out)
    out.step(f'Stopping node "{call.profile}"  ...', "Stopping")
    if kubeadm.is_behind(call):
        kubeadm.stop()
    if not call.wants("keep-context-active", default=False):
        clear_kubeconfig(call)
    out.step("1 node stopped.", "Done")
    return 0


def _delete(call: Call, out: Out, arguments: list[str]) -> int:
    record = call.profile_folder / "config.json"
    name = call.profile
    if record.exists():
        version = read_json(record)["KubernetesConfig"]["KubernetesVersion"]
        out.step(f"Uninstalling Kubernetes {version} using kubeadm ...")
        try:
            _reset(call)
        except kubeadm.KubeadmError as problem:
            what = f'Failed to delete profile(s): error deleting profile "{name}": failed to'
            say(f"X {what} delete cluster: {problem}\n", error=True)
            return 80
        out.step(f'Deleting "{name}" in none ...', "Deleting")
    elif out.json_events:
        out.remark(f'"{name}" profile does not exist, trying anyways.')
    else:
        out.warning(f'"{name}" profile does not exist, trying anyways.')
    for folder in (call.machine, call.profile_folder):
        shutil.rmtree(folder, ignore_errors=True)
    clear_kubeconfig(call)
    out.step(f'Removed all traces of the "{name}" cluster.')
    if call.wants("purge", default=False):
        shutil.rmtree(call.home)
        out.step(f"Successfully purged minikube directory located at - [{call.home}]")
    return 0


def _reset(call: Call) -> None:
    if kubeadm.is_behind(call):
        kubeadm.reset()
        kubeadm.remove()


def _update_context(call: Call, out: Out, arguments: list[str]) -> int:
    _running(call, out)
    name = call.profile
    contexts = kubeconfig.read().get("contexts") or []
    if _points_here(call) and any(each["name"] == name for each in contexts):
        say(f'! No changes required for the "{name}" context\n')
        kubeconfig.write(kubeconfig.read() | {"current-context": name})
    else:
        write_kubeconfig(call)
        say(f'* "{name}" context has been updated to point to {call.ip}:{PORT}\n')
    say(f'* Current context is "{name}"\n')
    return 0


def _ip(call: Call, out: Out, arguments: list[str]) -> int:
    _running(call, out)
    say(f"{call.ip}\n")
    return 0


def _node(call: Call, out: Out, arguments: list[str]) -> int:
    if arguments != ["list"]:
        refuse(f"`node {' '.join(arguments)}` is not replayed")
    record = _profile(call, out)
    say(f"{call.profile}\t{record['Nodes'][0]['IP']}\n")
    return 0


def _docker_env(call: Call, out: Out, arguments: list[str]) -> int:
    """Its output is for a shell's eval, so that ends with the code too."""
    if call.wants("unset", default=False):
        say(transcript()["cmd: docker-env --unset"]["out"])
        return 0
    code = 51
    if not (call.profile_folder / "config.json").exists():
        code = 85
    elif not kubeadm.host_runs(call):
        code = 83
    say(f"false exit code {code}\n")
    if code == 51:
        say(transcript()["cmd: docker-env"]["err"], error=True)
    return code


COMMANDS: dict[str, Callable[[Call, Out, list[str]], int]] = {
    "addons": _addons,
    "config": _config,
    "delete": _delete,
    "docker-env": _docker_env,
    "image": _image,
    "ip": _ip,
    "node": _node,
    "profile": _profiles,
    "start": _start,
    "status": _status,
    "stop": _stop,
    "update-context": _update_context,
    "version": _version,
}
