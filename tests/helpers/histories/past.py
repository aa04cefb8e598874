"""What watches of a real cluster showed of one pod, from its making to its end.

`record_history` writes them: JSON with one step in a line. A step has, of one object, what differs
from the step before it, by top-level keys; null where the object is gone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from bootstrap.api.client import ApiClient, Reply
from bootstrap.api.objects import at, objects, text
from bootstrap.kubeconfig.private import Connection

Thing = dict[str, Any]

_FOLDER = re.compile(r"^/api/v1/(namespaces/[^/]+/)?")


class Step(NamedTuple):
    """`path`: below the namespace, as `pods/dns`; empty where only something was `did`."""

    at: float
    """Seconds from the beginning."""
    path: str = ""
    now: Thing | None = None
    did: str = ""
    """What was done to the pod or its cluster from outside."""

    def to_json(self) -> str:
        told = {"did": self.did} if self.did else {"path": self.path, "now": self.now}
        return json.dumps({"at": self.at, **told}, separators=(",", ":"), ensure_ascii=False)


class History(NamedTuple):
    name: str
    about: Thing
    """Of what: `kubernetes`, `runtime`; and `drawn`, what the `seed` chose."""
    namespace: str
    pod: str
    ends: Any
    """`passes`; `lost`: the pod alone, which says nothing of the cluster; or {reason, final}."""
    said: str
    """By the termination message, where it passes; else a part of the words."""
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, file: Path) -> "History":
        found = json.loads(file.read_text())
        steps = tuple(Step(**each) for each in found.pop("steps"))
        return cls(file.stem, steps=steps, **found)

    def write(self, folder: Path) -> None:
        about = {
            key: value for key, value in self._asdict().items() if key not in ("name", "steps")
        }
        head = json.dumps(about, ensure_ascii=False, indent=1).removesuffix("\n}")
        steps = ",\n".join(each.to_json() for each in self.steps)
        (folder / f"{self.name}.json").write_text(f'{head},\n "steps": [\n{steps}\n]}}\n')

    def states(self) -> Iterator[Mapping[str, Thing]]:
        """All objects by their paths, after each step."""
        state: dict[str, Thing] = {}
        for step in self.steps:
            state = {path: thing for path, thing in state.items() if path != step.path} | (
                {} if step.now is None else {step.path: state.get(step.path, {}) | step.now}
            )
            yield state


class Past(ApiClient):
    """The API server as it was then. It takes whatever is made, and makes nothing of it."""

    def __init__(self) -> None:
        super().__init__(Connection("https://history.invalid"), timeout=1.0)
        self.state: Mapping[str, Thing] = {}
        self.pods: Mapping[str, Thing] = {}
        """Of another moment, before that of all the rest: one look asks for several things."""

    def create(self, path: str, thing: Mapping[str, Any]) -> None:
        pass

    def delete(self, path: str, seconds: float | None = None) -> None:
        pass

    def get(self, path: str) -> Reply:
        asked = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(asked.query).items()}
        path = _FOLDER.sub("", asked.path)
        if path.endswith("/log"):
            return self._log(path.removesuffix("/log"), query)
        found = self.pods if path.startswith("pods/") else self.state
        if path in found:
            return _reply(200, found[path])
        if "/" not in path:
            there = [thing for each, thing in self.state.items() if each.startswith(f"{path}/")]
            selector = query.get("fieldSelector", "")
            return _reply(200, {"items": [each for each in there if _chosen(each, selector)]})
        return _reply(404, {"kind": "Status", "message": f"{path} not found"})

    def _log(self, pod: str, query: Mapping[str, str]) -> Reply:
        there = objects(self.state.get(pod), "spec", "containers")
        only = text(there[0], "name") if len(there) == 1 else ""
        log = at(self.state, f"{pod}/log/{query.get('container', only)}", "text")
        if log is None or query.get("previous"):
            return _reply(400, {"kind": "Status", "message": "no such log"})
        lines = log.splitlines(keepends=True)[-int(query.get("tailLines", "1000")) :]
        return Reply(200, "".join(lines).encode())


def _chosen(thing: Thing, selector: str) -> bool:
    wanted = (each.partition("=") for each in selector.split(",") if each)
    return all(at(thing, *key.split(".")) == value for key, _, value in wanted)


def _reply(status: int, thing: Thing) -> Reply:
    return Reply(status, json.dumps(thing).encode())
