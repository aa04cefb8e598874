"""`minikube profile` and `minikube profile list` of v1.38.1, as recorded."""

import json
from collections.abc import Callable
from typing import Any

from . import kubeconfig
from .call import Call, read_json, refuse, say
from .minikube_v1_38_out import Exit, Out

HEADS = (
    "PROFILE", "DRIVER", "RUNTIME", "IP", "VERSION", "STATUS", "NODES", "ACTIVE PROFILE",
    "ACTIVE KUBECONTEXT",
)  # fmt: skip
COLOURS = {"OK": 32, "Starting": 31}
ADVICE = "\n\n    You can create one using 'minikube start'.\n    "


def profile(call: Call, out: Out, arguments: list[str], state: Callable[[], str]) -> int:
    """`state` says what the cluster's is."""
    if not arguments:
        say(f"* {call.profile}\n")
        return 0
    if arguments != ["list"]:
        refuse(f"`profile {' '.join(arguments)}` is not replayed")
    light = call.wants("light", default=False)
    found = [
        _entry(call, path.parent.name, state, light=light)
        for path in sorted((call.home / "profiles").glob("*/config.json"))
    ]
    if len(found) > 1:
        refuse("two profiles are not replayed: the driver none has one")
    if call.value("output", "table") == "json":
        say(json.dumps({"invalid": [], "valid": found}, separators=(",", ":")))
    elif not found:
        what = "No minikube profile was found."
        out.json_events = False
        raise Exit(14, "MK_USAGE_NO_PROFILE", what, advice=ADVICE, mark="*")
    else:
        say(_table(found[0], light=light))
    return 0


def _entry(call: Call, name: str, state: Callable[[], str], *, light: bool) -> dict[str, Any]:
    context = kubeconfig.read().get("current-context") == name
    return {
        "Name": name,
        "Status": "Skipped" if light else state(),
        "Config": read_json(call.home / "profiles" / name / "config.json"),
        "Active": name == call.profile,
        "ActiveKubeContext": context and not light,
    }


def _table(entry: dict[str, Any], *, light: bool) -> str:
    config, node = entry["Config"], entry["Config"]["Nodes"][0]
    cells = (
        entry["Name"],
        config["Driver"],
        config["KubernetesConfig"]["ContainerRuntime"],
        node["IP"],
        config["KubernetesConfig"]["KubernetesVersion"],
        entry["Status"],
        str(len(config["Nodes"])),
        "*" if entry["Active"] else "",
        "*" if entry["ActiveKubeContext"] else "",
    )
    widths = [max(map(len, pair)) for pair in zip(HEADS, cells, strict=True)]
    colour = COLOURS.get(entry["Status"])
    shown = [
        (f"\x1b[{colour}m{cell}\x1b[0m" if colour else cell) + " " * (width - len(cell))
        for cell, width in zip(cells, widths, strict=True)
    ]
    heads = [
        (" " * ((width - len(head)) // 2) + head).ljust(width)
        for head, width in zip(HEADS, widths, strict=True)
    ]
    edges = ["─" * (width + 2) for width in widths]
    return (
        f"┌{'┬'.join(edges)}┐\n"
        f"│ {' │ '.join(heads)} │\n"
        f"├{'┼'.join(edges)}┤\n"
        f"│ {' │ '.join(shown)} │\n"
        f"└{'┴'.join(edges)}┘\n"
    )
