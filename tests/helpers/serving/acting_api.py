"""An API server that does what it is asked: things are made, pods end at once, all can be deleted.

Of Kubernetes only what a trial sees. What is not so in any real server is not accepted here: a
version that is not served, an object of another kind than its path, in no namespace.
"""

import json
import re
import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.helpers.serving.apiserver import (
    ApiServer,
    Document,
    Handler,
    as_json,
    healthy_1_9,
    recorded,
    running,
)

__all__ = ["DISCOVERY", "ActingApi", "running"]

Thing = dict[str, Any]


def _groups(*served: str) -> Document:
    """As the server lists them, each with its newest version first."""
    names = dict.fromkeys(each.partition("/")[0] for each in served)
    versions = {
        group: [{"groupVersion": each} for each in served if each.startswith(f"{group}/")]
        for group in names
    }
    groups = [{"name": group, "versions": versions[group]} for group in names]
    return as_json({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})


DISCOVERY = {
    "1.8": _groups("apps/v1beta2", "apps/v1beta1", "extensions/v1beta1", "storage.k8s.io/v1"),
    "1.9": recorded("cert-apis"),
    "1.20": _groups("apps/v1", "extensions/v1beta1", "storage.k8s.io/v1"),
    "1.25": _groups("apps/v1", "storage.k8s.io/v1"),
    "1.37": _groups("apps/v1", "storage.k8s.io/v1", "storage.k8s.io/v1beta1"),
}
"""What GET /apis says. Of 1.9 recorded; the others made here from the API's changelogs: apps/v1 is
there from 1.9 on, and the beta versions of apps went with 1.16."""
_PLURALS = {
    "Namespace": "namespaces",
    "Pod": "pods",
    "Service": "services",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
}
_NAMESPACES = "/api/v1/namespaces"
_VOLUMES = "/api/v1/persistentvolumes"


class ActingApi(ApiServer):
    """`things` by their paths. Each `lost` or `refusals` entry, by plural, is for one request."""

    def __init__(self, tls: ssl.SSLContext, version: str = "1.20") -> None:
        super().__init__(tls)
        self.things: dict[str, Thing] = {}
        self.made: list[Thing] = []
        self.lost: set[str] = set()
        """Plurals of which the next answer is lost on its way, once the thing is made."""
        self.refusals: dict[str, tuple[int, str]] = {}
        """Plurals that cannot be made, with what is said; also `merge` (nothing may be changed) and
        `deletecollection` (things may be deleted one by one only)."""
        self.slow: dict[str, float] = {}
        """Plurals whose next one is made after that many seconds."""
        self.ponders: dict[str, float] = {}
        """Plurals of which all are deleted after that many seconds, if anybody waits so long."""
        self.first: dict[str, Thing] = {}
        """Kinds of which the next one has that status."""
        self.later: dict[str, Thing] = {}
        """Pods by name that have that status."""
        self.strict = False
        """Whether Pod Security refuses pods in a namespace that asks for no level of its own."""
        self.merged: list[tuple[str, Thing]] = []
        """What was changed, and how."""
        self.accounts = True
        self.reclaim = "Delete"
        self.limit = ""
        """Of memory, which a LimitRange gives every container."""
        self._words: dict[str, str] = {}
        """By file, what was written there."""
        self._served = json.loads(DISCOVERY[version].body)["groups"]
        apps = next(each for each in self._served if each["name"] == "apps")
        self.documents = healthy_1_9() | {
            "/apis": DISCOVERY[version],
            "/apis/apps": as_json(apps),
        }
        marked = {"name": "standard", "annotations": {_DEFAULT: "true"}}
        self.put("/apis/storage.k8s.io/v1/storageclasses/standard", {"metadata": marked})
        self._list(_VOLUMES)
        self._list(_NAMESPACES)

    def put(self, path: str, thing: Thing) -> None:
        self.things[path] = thing
        self.documents[path] = as_json(thing)
        self._list(path.rpartition("/")[0])

    def namespace(self, named: str, age: float, **metadata: dict[str, str]) -> None:
        """One that is there already, made `age` seconds ago."""
        made = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"name": named, "creationTimestamp": made, **metadata}
        self.put(f"{_NAMESPACES}/{named}", {"metadata": about})

    @property
    def namespaces(self) -> list[str]:
        return [
            each.rpartition("/")[2]
            for each in self.things
            if each.count("/") == 4 and each.startswith(_NAMESPACES)
        ]

    def change(self, method: str, path: str, thing: Any) -> Document | None:
        if method == "DELETE":
            return self._delete(path)
        if method == "PATCH":
            return self._merge(path, thing)
        plural = path.rpartition("/")[2]
        time.sleep(self.slow.pop(plural, 0.0))
        refusal = self._refusal(path, thing)
        if refusal is None:
            self._make(f"{path}/{thing['metadata']['name']}", thing)
        if plural in self.lost:
            self.lost.discard(plural)
            return None
        return refusal or as_json(thing, 201)

    def _refusal(self, path: str, thing: Thing) -> Document | None:
        version, plural = thing["apiVersion"], _PLURALS[thing["kind"]]
        served = {each["groupVersion"] for group in self._served for each in group["versions"]}
        start = "/api/v1" if version == "v1" else f"/apis/{version}"
        inside = "" if plural == "namespaces" else "/namespaces/[a-z0-9-]+"
        if version not in served | {"v1"}:
            return _status(404, "NotFound", "the server could not find the requested resource")
        if not re.fullmatch(f"{start}{inside}/{plural}", path):
            return _status(400, "BadRequest", f"the API version in the data ({version}) …")
        if plural in self.refusals:
            status, words = self.refusals[plural]
            return _status(status, "Forbidden" if status == 403 else "InternalError", words)
        space = self.things.get("/".join(path.split("/")[:5]), {})
        if self.strict and plural == "pods" and _LEVEL not in space["metadata"]["labels"]:
            words = 'pods "dns" is forbidden: violates PodSecurity "restricted:latest"'
            return _status(403, "Forbidden", words)
        if f"{path}/{thing['metadata']['name']}" in self.things:
            return _status(409, "AlreadyExists", f"{plural} already exists")
        return None

    def _make(self, path: str, thing: Thing) -> None:
        self.made.append(thing)
        name, namespace = thing["metadata"]["name"], path.split("/")[4]
        about = thing["metadata"] | {"uid": f"uid-{len(self.made)}", "newSinceThen": True}
        thing = thing | {"metadata": about}
        if thing["kind"] == "Namespace":
            if self.accounts:
                self.put(f"{path}/serviceaccounts/default", {"metadata": {"name": "default"}})
        elif thing["kind"] == "Pod":
            if self.limit:
                limits = {"limits": {"memory": self.limit}}
                thing["spec"]["containers"][0]["resources"] = limits
            own = self.first.pop("Pod", None) or self.later.get(name)
            thing |= {"status": own or self._ended(thing)}
        elif thing["kind"] == "PersistentVolumeClaim":
            thing |= {"status": {"phase": "Bound"}}
            claim = {"namespace": namespace, "name": name, "uid": about["uid"]}
            spec = {"claimRef": claim, "persistentVolumeReclaimPolicy": self.reclaim}
            volume = f"pvc-{about['uid']}"
            made_by = {"pv.kubernetes.io/provisioned-by": "example.com/disks"}
            metadata = {"name": volume, "annotations": made_by}
            self.put(f"{_VOLUMES}/{volume}", {"metadata": metadata, "spec": spec})
        self.put(path, thing)

    def _ended(self, pod: Thing) -> Thing:
        """As if its script had run: what was written under /data is read from there."""
        script = pod["spec"]["containers"][0]["command"][-1]
        if wrote := re.match(r"echo (\w+) > (/data/kboot-\w+)", script):
            self._words[wrote[2]] = wrote[1]
        reads = re.search(r"cat (/data/kboot-\w+)", script)
        said = f"it holds {self._words.get(reads[1], '')}" if reads else "it is so"
        ended = {"exitCode": 0, "message": said}
        statuses = [{"name": "main", "state": {"terminated": ended}, "alsoNew": {}}]
        return {"phase": "Succeeded", "containerStatuses": statuses}

    def _reclaim(self) -> None:
        """Volumes whose namespace is gone: deleted where their policy is so, else released."""
        for each, volume in list(self.things.items()):
            claim = volume.get("spec", {}).get("claimRef") if each.startswith(_VOLUMES) else None
            if not claim or f"{_NAMESPACES}/{claim['namespace']}" in self.things:
                continue
            if volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
                del self.things[each], self.documents[each]
                self._list(_VOLUMES)
            else:
                self.put(each, volume | {"status": {"phase": "Released"}})

    def _delete(self, path: str) -> Document:
        gone = [each for each in self.things if each == path or each.startswith(f"{path}/")]
        plural = path.rpartition("/")[2]
        many = plural in _PLURALS.values()
        time.sleep(self.ponders.get(plural, 0.0))
        if many and "deletecollection" in self.refusals:
            return _status(403, "Forbidden", self.refusals["deletecollection"][1])
        if not gone and not many:
            return _status(404, "NotFound", "not found")
        for each in gone:
            del self.things[each]
            del self.documents[each]
            self._list(each.rpartition("/")[0])
        self._reclaim()
        return as_json({"kind": "Status", "status": "Success"})

    def _merge(self, path: str, change: Thing) -> Document:
        """A volume that is released goes once it may; nobody else's is touched."""
        if "merge" in self.refusals:
            return _status(self.refusals["merge"][0], "Forbidden", self.refusals["merge"][1])
        if path not in self.things:
            return _status(404, "NotFound", "not found")
        self.merged.append((path, change))
        self.put(path, _merged(self.things[path], change))
        self._reclaim()
        return self.documents[path]  # type: ignore[return-value]

    def _list(self, folder: str) -> None:
        def answer(handler: Handler) -> None:
            wanted = re.search(r"labelSelector=([^=&]*)$", handler.path)
            items = [
                each
                for path, each in self.things.items()
                if path.rpartition("/")[0] == folder
                and (not wanted or wanted[1] in each["metadata"].get("labels", {}))
            ]
            handler.answer(as_json({"items": items}))

        self.documents[folder] = answer


_LEVEL = "pod-security.kubernetes.io/enforce"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def _merged(thing: Any, change: Any) -> Any:
    """JSON Merge Patch, RFC 7396."""
    if not isinstance(change, dict):
        return change
    kept = thing if isinstance(thing, dict) else {}
    put = {key: _merged(kept.get(key), value) for key, value in change.items() if value is not None}
    return {key: value for key, value in kept.items() if key not in change} | put


def _status(code: int, reason: str, words: str) -> Document:
    return as_json({"kind": "Status", "reason": reason, "message": words, "code": code}, code)
