"""What v1.38.1 writes into its home and into the kubeconfig, field for field as recorded."""

import json
import time
from pathlib import Path
from typing import Any

from tests.helpers.places import TRANSCRIPTS

from . import kubeconfig
from .call import Call, refuse, say, write_json

TRANSCRIPT = TRANSCRIPTS / "minikube-v1.38.1-none.json"
PORT = 8443


def transcript() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TRANSCRIPT.read_bytes())
    return loaded


def replay(case: str) -> int:
    """Print a recorded case as it is."""
    record = transcript()[case]
    say(record["out"])
    say(record["err"], error=True)
    return int(record["rc"])


def profile(call: Call, kubernetes: str, memory: int) -> dict[str, Any]:
    made: dict[str, Any] = _recorded("profile-config")
    of_cluster, node = made["KubernetesConfig"], made["Nodes"][0]
    made |= {"Name": call.profile, "CPUs": int(call.value("cpus", "2")), "Memory": memory}
    made["Addons"] = None
    of_cluster |= {"ClusterName": call.profile, "KubernetesVersion": kubernetes}
    of_cluster["ExtraOptions"] = _extra_options(call)
    node |= {"IP": call.ip, "KubernetesVersion": kubernetes}
    return made


def write_machine(call: Call) -> None:
    """The machine's record, unless it is there."""
    if (call.machine / "config.json").exists():
        return
    text = json.dumps(_recorded("machine-config"))
    made = json.loads(text.replace("/root/.minikube", str(call.home)))
    made["Name"] = made["Driver"]["MachineName"] = call.profile
    write_json(call.machine / "config.json", made)


def write_tabbed(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(document, indent="\t"))
    fresh.replace(path)


def write_kubeconfig(call: Call) -> None:
    stamp = {
        "last-update": time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime()),
        "provider": "minikube.sigs.k8s.io",
        "version": call.release,
    }
    name, folder = call.profile, call.profile_folder
    bodies = {
        "clusters": {
            "certificate-authority": str(call.home / "ca.crt"),
            "extensions": [{"extension": stamp, "name": "cluster_info"}],
            "server": f"https://{call.ip}:{PORT}",
        },
        "users": {
            "client-certificate": str(folder / "client.crt"),
            "client-key": str(folder / "client.key"),
        },
        "contexts": {
            "cluster": name,
            "extensions": [{"extension": stamp, "name": "context_info"}],
            "namespace": "default",
            "user": name,
        },
    }
    config: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": ""} | _read()
    for key, body in bodies.items():
        others = [entry for entry in config.get(key) or [] if entry.get("name") != name]
        config[key] = sorted([*others, {"name": name, key[:-1]: body}], key=lambda it: it["name"])
    config["current-context"] = name
    kubeconfig.write(config)


def clear_kubeconfig(call: Call) -> None:
    """Without the profile's entries; a list that ends empty is null."""
    if not (config := _read()):
        return
    for key in ("clusters", "users", "contexts"):
        left = [entry for entry in config.get(key) or [] if entry.get("name") != call.profile]
        config[key] = left or None
    if config.get("current-context") == call.profile:
        config["current-context"] = ""
    kubeconfig.write(config)


def endpoint(call: Call) -> str:
    """host:port of the kubeconfig's cluster, or nothing."""
    for entry in _read().get("clusters") or []:
        if entry.get("name") == call.profile:
            return str(entry["cluster"]["server"]).partition("://")[2]
    return ""


def _read() -> dict[str, Any]:
    try:
        return kubeconfig.read()
    except ValueError as problem:
        refuse(f"this kubeconfig is more YAML than the stand-in reads: {problem}")


def _recorded(case: str) -> Any:
    return json.loads(transcript()[case]["out"])


def _extra_options(call: Call) -> list[dict[str, str]] | None:
    found = []
    for each in call.flags.get("extra-config", ()):
        name, _, value = each.partition("=")
        component, _, key = name.partition(".")
        found.append({"Component": component, "Key": key, "Value": value})
    return found or None
