"""What `minikube status` says. It is minikube's word, not a fact: callers look for themselves.

The fields are read, never the exit code: a stopped machine is 1 or 7, a missing profile 1, 7, 65,
70 or 85, and 1.35 to 1.37 end with 0 when the machine is gone. A machine that cannot be asked,
because its engine is down, say, has the fields of one that is gone; stderr tells them apart.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from bootstrap.core.model.catalogue import Era
from bootstrap.core.model.state import Power

_POWERS = {
    "": Power.ABSENT,
    "Nonexistent": Power.ABSENT,  # 1.7 and later
    "Running": Power.RUNNING,
    "Stopped": Power.STOPPED,
    "Saved": Power.STOPPED,
    "Paused": Power.PAUSED,
    "InsufficientStorage": Power.RUNNING,  # 1.13 and later; it has a word more for it
}
_MACHINE = re.compile(r"^(?:minikube|host):[ \t]*(.*?)\s*$", re.MULTILINE)
"""The machine's line: `minikube:` up to 0.30, `host:` since 0.31."""
_NO_PROFILE = re.compile(r'There is no local cluster named|Profile \\?".*?\\?" not found')
"""Since 1.9, as text or inside an event (pkg/minikube/mustload); worded anew by 1.15."""
_NO_MACHINE = re.compile(r"^null\s*$", re.MULTILINE)
"""The JSON of 1.35 and later where no node could be asked, and of all for a damaged record."""
_ASKED_IN_VAIN = re.compile(r"status error: host: .*", re.DOTALL)
_GONE = re.compile(
    r"(?i)no such container|no container with name|no entry for key \"State\"|domain not found"
    r"|could not find a registered machine|machine does not exist"
)
"""Why asking the machine was in vain, where that is because there is none."""
_DOES_NOT_EXIST = re.compile(r"(?i)the \"?.*\"? host does not exist")
_FRAME = re.compile(r"[│╭╮╯╰─\s*]+")
_NO_WORDS = re.compile(r"^(?:- )?https?://|open an issue|attach|^(?:stdout|stderr):$|GitHub issue")


IN_VAIN = "minikube could not ask its machine"
"""So begins a failure of its engine's or hypervisor's, or of the machine's own record."""


class Said(NamedTuple):
    """`failure` set: power is UNKNOWN, and why. `text` is what minikube printed."""

    power: Power
    failure: str = ""
    text: str = ""


def arguments(era: Era, cluster: str) -> tuple[str, ...]:
    """The arguments after `minikube`."""
    return (*era.status_args, "--profile", cluster)


def parse(out: str, err: str = "") -> Said:
    """Of every era: lines of text, one JSON object, an array of them, `null`, events in between."""
    text = (out.strip() or err.strip())[:2000]
    values = list(_json_values(out))
    if _NO_PROFILE.search(out):
        return Said(Power.ABSENT, text=text)
    if why := _in_vain(err):
        return Said(Power.UNKNOWN, f"{IN_VAIN}: {why}", text)
    machines = [each["Host"] for each in _objects(values) if isinstance(each.get("Host"), str)]
    machines = machines or _MACHINE.findall(out)
    if machines:
        return _paused(_together(machines, text), values, out)
    if _NO_MACHINE.search(out):
        if _GONE.search(err) or _DOES_NOT_EXIST.search(err):
            return Said(Power.ABSENT, text=text)
        return Said(Power.UNKNOWN, "minikube's own record of the cluster is damaged", text)
    said = _error(values) or _telling_line(err) or _telling_line(out) or "nothing"
    return Said(Power.UNKNOWN, f"minikube status said {said}", text)


def _in_vain(err: str) -> str:
    """Why the machine could not be asked; empty: it could, or it is gone."""
    found = _ASKED_IN_VAIN.search(err)
    if found is None or _GONE.search(found[0]):
        return ""
    lines = found[0].splitlines()
    return _telling_line("\n".join(line for line in lines if not _DOES_NOT_EXIST.search(line)))


def _paused(said: Said, values: list[Any], out: str) -> Said:
    """By `minikube pause` the machine runs and Kubernetes stands still; a start goes on with it."""
    servers = {str(each.get("APIServer")) for each in _objects(values)}
    is_paused = "Paused" in servers or "\napiserver: Paused" in out
    return said._replace(power=Power.STOPPED) if is_paused and said.power is Power.RUNNING else said


def _together(machines: list[str], text: str) -> Said:
    """One power for all nodes: some running and some not are mended by a start, as if stopped."""
    strange = sorted({each for each in machines if each not in _POWERS})
    if strange:
        return Said(Power.UNKNOWN, f"minikube says that its machine is {strange[0][:60]}", text)
    powers = {_POWERS[each] for each in machines}
    return Said(powers.pop() if len(powers) == 1 else Power.STOPPED, text=text)


def _json_values(out: str) -> Iterator[Any]:
    """Every JSON value that starts a line or follows another: 1.9 prints them without a break."""
    decoder = json.JSONDecoder()
    rest = out.lstrip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            rest = rest.partition("\n")[2].lstrip()
        else:
            yield value
            rest = rest[end:].lstrip()


def _objects(values: list[Any]) -> Iterator[dict[str, Any]]:
    for value in values:
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, dict):
                yield each


def _error(values: list[Any]) -> str:
    """The message of an error event (CloudEvents, in JSON mode since 1.15)."""
    for each in _objects(values):
        data = each.get("data")
        if str(each.get("type")).endswith(".error") and isinstance(data, dict):
            return str(data.get("message", ""))[:200]
    return ""


def _telling_line(text: str) -> str:
    """The line that says most: `X Exiting due to …`, else the last one that is not decoration.

    Without the time and process id that glog puts before it.
    """
    lines = [_FRAME.sub(" ", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not _NO_WORDS.search(line)]
    cause = next((line for line in lines if re.match(r"(?:X|❌|!|💣) +\S", line)), "")
    line = cause or (lines[-1] if lines else "")
    return re.sub(r"^[IWEF]\d{4} .*?\] ", "", line).strip()[:200]
