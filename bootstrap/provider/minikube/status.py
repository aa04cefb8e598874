"""What `minikube status` says. It is minikube's word, not a fact: callers look for themselves.

The fields are read, never the exit code: a stopped machine is 1 or 7, a missing profile 1, 7, 65,
70 or 85, and 1.35 to 1.37 end with 0 when the machine is gone.
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
    "Paused": Power.STOPPED,
}
_MACHINE = re.compile(r"^(?:minikube|host):[ \t]*(.*?)\s*$", re.MULTILINE)
"""The machine's line: `minikube:` up to 0.30, `host:` since 0.31."""
_NO_PROFILE = re.compile(r'There is no local cluster named|Profile \\?".*?\\?" not found')
"""Since 1.9, as text or inside an event (pkg/minikube/mustload); worded anew by 1.15."""
_NO_MACHINE = re.compile(r"^null\s*$", re.MULTILINE)
"""The JSON of 1.35 and later for a profile whose machine is gone."""


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
    machines = [each["Host"] for each in _objects(values) if isinstance(each.get("Host"), str)]
    machines = machines or _MACHINE.findall(out)
    if machines:
        return _together(machines, text)
    if _NO_MACHINE.search(out) or _NO_PROFILE.search(out):
        return Said(Power.ABSENT, text=text)
    said = _error(values) or _last_line(err) or _last_line(out) or "nothing"
    return Said(Power.UNKNOWN, f"minikube status said {said}", text)


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


def _last_line(text: str) -> str:
    """The last line that is not empty, without the time and process id that glog puts before it."""
    lines = [line for line in text.splitlines() if line.strip()]
    return re.sub(r"^[IWEF]\d{4} .*?\] ", "", lines[-1]).strip()[:200] if lines else ""
