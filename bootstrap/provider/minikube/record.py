"""minikube's own record of a cluster: `profiles/<name>/config.json` under its home.

Up to 1.6 sizes and driver stand in `MachineConfig`, since 1.7 at the top, and since 1.8 each node
has its address in `Nodes` (pkg/minikube/config/types.go at each tag).
"""

import json
from typing import Any

from bootstrap.core.model.driver import driver_name
from bootstrap.core.model.state import ClusterRecord

_MAPPED = frozenset(("docker", "podman", "qemu"))
"""Drivers whose API port is mapped to one of the host that the record does not tell."""


def path(cluster: str) -> str:
    """Where the record stands, relative to minikube's home (`~/.minikube`)."""
    return f"profiles/{cluster}/config.json"


def machine_path(cluster: str) -> str:
    """Where libmachine keeps what it knows, relative to minikube's home."""
    return f"machines/{cluster}/config.json"


SETTINGS = "config/config.json"
"""The person's own settings (`minikube config set`), relative to minikube's home."""


def settings(settings_json: str) -> dict[str, str]:
    """What the person set, as text; nothing where the file is none, which minikube ignores, too."""
    try:
        top = json.loads(settings_json)
    except (ValueError, RecursionError):
        return {}
    found = top.items() if isinstance(top, dict) else ()
    return {str(key): str(value)[:100] for key, value in found if isinstance(value, str | int)}


def runtime(settings_json: str) -> str:
    """The container runtime that a record, or the settings, name; empty where they name none."""
    try:
        top = json.loads(settings_json)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(top, dict):
        return ""
    named = _object(top.get("KubernetesConfig")).get("ContainerRuntime")
    return _text(named) or _text(top.get("container-runtime")) or ""


def parse(profile_json: str) -> ClusterRecord | None:
    """What the record says; None when it is not one."""
    try:
        top = json.loads(profile_json)
    except (ValueError, RecursionError):
        return None
    if not isinstance(top, dict) or not isinstance(top.get("KubernetesConfig"), dict):
        return None
    machine, kubernetes = _object(top.get("MachineConfig")) or top, top["KubernetesConfig"]
    driver = _text(machine.get("Driver")) or _text(machine.get("VMDriver"))
    driver = driver_name(driver) if driver else None
    version = _text(kubernetes.get("KubernetesVersion"))
    return ClusterRecord(
        driver=driver,
        kubernetes=version.removeprefix("v") if version else None,
        cpus=_number(machine.get("CPUs")),
        memory_mib=_number(machine.get("Memory")),
        disk_mib=_number(machine.get("DiskSize")),
        endpoint=None if driver in _MAPPED else _endpoint(top, kubernetes),
    )


def _endpoint(top: dict[str, Any], kubernetes: dict[str, Any]) -> str | None:
    nodes = top.get("Nodes")
    first = _object(nodes[0]) if isinstance(nodes, list) and nodes else {}
    ip = _text(first.get("IP")) or _text(kubernetes.get("NodeIP"))
    port = _number(first.get("Port")) or _number(kubernetes.get("NodePort"))
    return f"https://{ip}:{port}" if ip and port else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None
