"""`minikube config set|get|unset|view` of v1.38.1, as recorded."""

import json
import re
from typing import Any

from .call import Call, refuse, say, write_json
from .flags import BOOLS
from .minikube_v1_38_out import Exit

TEXTS = {"kubernetes-version", "profile"}
SWITCHES = {"WantUpdateNotification", "WantNoneDriverWarning"}
OTHERS = {
    "EmbedCerts", "MaxAuditEntries", "ReminderWaitPeriodInHours", "WantBetaUpdateNotification",
    "WantVirtualBoxDriverWarning", "bootstrapper", "cache", "disable-driver-mounts",
    "feature-gates", "host-only-cidr", "hyperv-virtual-switch", "insecure-registry", "iso-url",
    "log_dir", "native-ssh", "rootless", "v",
}  # fmt: skip
RUNTIMES = {"docker", "containerd", "crio", "cri-o"}
DRIVERS = {"docker", "kvm2", "none", "podman", "qemu", "qemu2", "ssh", "virtualbox"}
SIZES = {"disk-size": "disk", "memory": "memory"}
NEEDS_RESTART = {"container-runtime", "cpus", "disk-size", "driver", "memory", "vm-driver"}


def config(call: Call, arguments: list[str]) -> int:
    verb, words = (arguments or [""])[0], arguments[1:]
    if verb == "set" and len(words) < 2:
        what = f"not enough arguments ({len(words)}).\n"
        what += "usage: minikube config set PROPERTY_NAME PROPERTY_VALUE"
        raise Exit(14, "MK_USAGE", what)
    if (verb, len(words)) not in {("set", 2), ("get", 1), ("unset", 1), ("view", 0)}:
        refuse(f"`config {' '.join(arguments)}` is not replayed")
    stored = _stored(call)
    if verb == "view":
        say("".join(f"- {key}: {_shown(value)}\n" for key, value in stored.items()))
    elif verb == "get" and words[0] not in stored:
        say("Error: specified key could not be found in config\n", error=True)
        return 14
    elif verb == "get":
        say(f"{_shown(stored[words[0]])}\n")
    elif verb == "unset":
        _write(call, {key: value for key, value in stored.items() if key != words[0]})
    else:
        key, value = words
        _write(call, stored | {key: _checked(key, value)})
        if key in NEEDS_RESTART:
            what = "These changes will take effect upon a minikube delete and then a minikube start"
            say(f"! {what}\n", error=True)
    return 0


def _stored(call: Call) -> dict[str, Any]:
    path = call.home / "config" / "config.json"
    try:
        stored: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        refuse("what it says to a config file that is broken is not replayed")
    return stored


def _write(call: Call, stored: dict[str, Any]) -> None:
    write_json(call.home / "config" / "config.json", dict(sorted(stored.items())))


def _checked(key: str, value: str) -> object:
    if key in OTHERS:
        refuse(f"`config set {key}` is not replayed")
    if key in SWITCHES:
        if value not in BOOLS:
            _fail(key, value, f'set: strconv.ParseBool: parsing "{value}": invalid syntax')
        return value.lower() in {"1", "t", "true"}
    if key not in TEXTS | NEEDS_RESTART:
        what = f'property name "{key}" not found'
        _fail(key, value, f'find settings for "{key}" value of "{value}": {what}')
    if problem := _problem(key, value):
        _fail(key, value, f'run validations for "{key}" with value of "{value}": [{problem}]')
    return value


def _problem(key: str, value: str) -> str:
    if key == "container-runtime" and value not in RUNTIMES:
        return f'invalid runtime: unknown runtime type: "{value}"'
    if key in {"driver", "vm-driver"} and value not in DRIVERS:
        return f'driver "{value}" is not supported'
    if value in {"max", "no-limit"}:
        return ""
    if key == "cpus" and not re.fullmatch(r"-?\d+", value):
        return f'cpus:strconv.Atoi: parsing "{value}": invalid syntax'
    if key == "cpus" and int(value) <= 0:
        return "cpus must be > 0"
    if key in SIZES and not re.fullmatch(r"(?i)\d+(\.\d+)? ?[kmgtp]?i?b?", value):
        return f"invalid {SIZES[key]} size: invalid size: '{value}'"
    return ""


def _fail(key: str, value: str, problem: str) -> None:
    words = ("config", "set", key, value)
    raise Exit(10, "MK_CONFIG_SET", f"Set failed: {problem}", box=words)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
