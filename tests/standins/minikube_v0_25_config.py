"""`minikube config set|get|view` of v0.25, as recorded."""

import json
from typing import Any

from .call import Call, refuse, say, write_json

BOOLS = {
    "WantKubectlDownloadMsg", "WantNoneDriverWarning", "WantReportError", "WantReportErrorPrompt",
    "WantUpdateNotification", "WantShowDriverDeprecationNotification",
}  # fmt: skip
NUMBERS = {"ReminderWaitPeriodInHours", "cpus", "memory", "v"}
TEXTS = {
    "bootstrapper", "disk-size", "host-only-cidr", "hyperv-virtual-switch", "iso-url",
    "kubernetes-version", "log_dir", "profile", "vm-driver",
}  # fmt: skip
# Recorded for vm-driver, written from the source for the others.
NEEDS_RESTART = {"cpus", "disk-size", "memory", "vm-driver"}


def config(call: Call, arguments: list[str]) -> int:
    if not arguments or (arguments[0], len(arguments)) not in {("set", 3), ("get", 2), ("view", 1)}:
        refuse(f"`config {' '.join(arguments)}` is not replayed")
    path = call.home / "config" / "config.json"
    try:
        stored: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        stored = {}
    except ValueError:
        # Recorded with this very content; Go names the first character it cannot use.
        problem = "invalid character 'g' looking for beginning of object key string"
        say(f"Could not decode config {path}: {problem}\n", error=True)
        return 1
    if arguments[0] == "view":
        say("".join(f"- {key}: {_shown(value)}\n" for key, value in stored.items()))
        return 0
    if arguments[0] == "get":
        return _get(stored, arguments[1])
    return _set(call, stored, arguments[1], arguments[2])


def _get(stored: dict[str, Any], key: str) -> int:
    if key not in stored:
        say("Error: specified key could not be found in config\n", error=True)
        return 1
    say(f"{_shown(stored[key])}\n")
    return 0


def _set(call: Call, stored: dict[str, Any], key: str, value: str) -> int:
    if key in BOOLS and value in {"true", "false"}:
        stored[key] = value == "true"
    elif key in NUMBERS and value.isdigit():
        stored[key] = int(value)
    elif key in TEXTS:
        stored[key] = value
    elif key in BOOLS | NUMBERS:
        refuse(f"what `config set {key} {value}` says is not recorded")
    else:
        say(f"Property name {key} not found\n", error=True)
        return 1
    write_json(call.home / "config" / "config.json", stored)
    if key in NEEDS_RESTART:
        say("These changes will take effect upon a minikube delete and then a minikube start\n")
    return 0


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
