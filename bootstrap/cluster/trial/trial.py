"""One run's use of a cluster: make things, wait until they are so, ask by pods, leave nothing."""

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial

from bootstrap.cluster.api import ApiClient, as_object
from bootstrap.cluster.failure import ApiFailure
from bootstrap.cluster.gate_look import Look, Looks, steadily
from bootstrap.cluster.objects import Object, at, holds, objects, text
from bootstrap.cluster.trial import namespace, why
from bootstrap.cluster.trial.manifests import Image, Manifest, Mount, pod
from bootstrap.cluster.trial.namespace import Owner
from bootstrap.cluster.trial.why import Trouble
from bootstrap.cluster.workloads import LACKS

_ASK_WHY = 1.0
"""Seconds between two looks at why something does not come."""
_LOOK_AGAIN = 0.2
_APPS = ("apps/v1", "apps/v1beta2", "apps/v1beta1")
"""The newest first: v1 is there from 1.9 on, and alone from 1.16 on."""
_PATHS = {
    "Pod": "pods",
    "Service": "services",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
}


@dataclass
class Trial:
    """What the gates that use the cluster share. Nothing is made before one of them begins."""

    client: ApiClient
    owner: Owner
    image: Image
    seconds: float
    """How long the whole run may last; tells when its namespace may be swept."""
    fixes: Mapping[str, str] = field(default_factory=dict)
    """Reason id → what to type, where that depends on how the cluster is run."""
    keep: bool = False
    begun: bool = False
    """Whether anything may be in the cluster that this run made."""
    _swept: tuple[str, ...] = ()
    _apps: str = ""
    _ready: bool = False
    _alive: ExitStack = field(default_factory=ExitStack)

    @property
    def namespace(self) -> str:
        return self.owner.namespace

    def begin(self) -> Looks[None]:
        """The namespace, ready for pods; what dead runs left is on its way out."""
        if self._ready:
            return
        if not self.begun:
            self._alive.enter_context(self.owner.alive())
            self.begun = True
        self._swept = yield from steadily(lambda: namespace.sweep(self.client, self.owner))
        yield from namespace.create(self.client, self.owner, self.seconds)
        self._ready = True

    def apps(self) -> Looks[str]:
        """The newest version of the group `apps` that the server serves."""
        if not self._apps:
            groups = yield from steadily(lambda: self.client.get_json("/apis"))
            served = {
                text(version, "groupVersion")
                for group in objects(groups, "groups")
                for version in objects(group, "versions")
            }
            self._apps = next((each for each in _APPS if each in served), _APPS[0])
        return self._apps

    def make(self, manifest: Manifest) -> Looks[None]:
        """Have the object made; a new namespace's admission may need a moment more."""
        path = self._path(manifest["apiVersion"], manifest["kind"])
        yield from steadily(lambda: self.client.create(path, manifest))

    def remove(self, kind: str, named: str) -> Looks[None]:
        path = f"{self._path('v1', kind)}/{named}"
        yield from steadily(lambda: self.client.delete(path))

    def read(self, kind: str, named: str, version: str = "v1") -> Looks[Object]:
        path = f"{self._path(version, kind)}/{named}"
        return (yield from steadily(lambda: self.client.get_json(path)))

    def answer(
        self,
        named: str,
        script: str,
        *,
        mounts: tuple[Mount, ...] = (),
        image: Image | None = None,
        otherwise: str = "pod-failed",
    ) -> Looks[str]:
        """Run `script` in a pod, to its end: what it wrote to its termination message.

        `otherwise`: the reason id of the script's own failure.
        """
        yield from self.make(pod(named, image or self.image, script, mounts))
        waiting = _Waiting(self, f"pod {named}")
        while True:
            found = yield from self.read("Pod", named)
            if text(found, "status", "phase") == "Succeeded":
                return _termination_message(found)
            find = partial(why.of_pod, self.client, self.namespace, found)
            if text(found, "status", "phase") == "Failed":
                trouble = yield from steadily(find)
                if trouble.reason == "pod-failed":
                    trouble = trouble._replace(reason=otherwise)
                yield self.failed(f"pod {named} failed", trouble)
            yield waiting.look(find, _progress(found))

    def complete(self, kind: str, named: str, version: str) -> Looks[Object]:
        """Wait until a Deployment or StatefulSet has all its pods Ready."""
        waiting = _Waiting(self, f"{kind} {named}")
        while True:
            found = yield from self.read(kind, named, version)
            lack = LACKS[_PATHS[kind]](found)
            if not lack:
                return found
            find = partial(why.of_controller, self.client, self.namespace, found, named)
            yield waiting.look(find, lack)

    def bound(self, named: str) -> Looks[Object]:
        """Wait until a claim has its volume."""
        waiting = _Waiting(self, f"claim {named}")
        while True:
            found = yield from self.read("PersistentVolumeClaim", named)
            if text(found, "status", "phase") == "Bound":
                return found
            find = partial(why.of_claim, self.client, self.namespace, found)
            yield waiting.look(find, text(found, "status", "phase"))

    def replaced(self, named: str, uid: str) -> Looks[Object]:
        """Wait until the pod of that name is another than `uid`, and Ready."""
        waiting = _Waiting(self, f"pod {named}")
        path = f"{self._path('v1', 'Pod')}/{named}"
        while True:
            reply = yield from steadily(partial(self.client.get, path))
            found = as_object(reply) if reply.status == 200 else {}
            anew = text(found, "metadata", "uid") not in ("", uid)
            if anew and holds(found, "Ready"):
                return found
            find = partial(why.of_pod, self.client, self.namespace, found) if anew else _not_back
            yield waiting.look(find, _progress(found) if anew else "not made anew yet")

    def failed(self, message: str, trouble: Trouble) -> Look:
        """A look at something that is not so, with what mends it."""
        return Look(
            passed=False,
            message=message,
            why=trouble.words,
            reason=trouble.reason,
            fix=self.fixes.get(trouble.reason) or _FIXES.get(trouble.reason, _LOOK_CLOSER),
            final=trouble.final,
        )

    def end(self, seconds: float, waiting: Callable[[str], None] = lambda words: None) -> str:
        """Delete what this run made, and wait until it is gone. In words what is left, or empty.

        `waiting`: is told again and again, while there is something, what is waited for. Raises
        nothing that the server could cause.
        """
        with self._alive:
            if not self.begun:
                return ""
            if self.keep:
                self.owner.forget(self.namespace)
                return f"namespace {self.namespace} is kept"
            return self._clean(seconds, waiting)

    def _clean(self, seconds: float, waiting: Callable[[str], None]) -> str:
        """What is there that this run made or swept is gone, or said to be left."""
        deadline = time.monotonic() + seconds
        self.client.deadline = deadline
        left, trouble = [self.namespace, *self._swept], ""
        asked = False
        while left and time.monotonic() < deadline:
            try:
                if not asked:
                    namespace.delete(self.client, self.namespace)
                    asked = True
                left, trouble = [each for each in left if not self._is_gone(each)], ""
            except ApiFailure as failure:
                trouble = failure.words
            if left:
                waiting(trouble or "Kubernetes is deleting what the gates made")
                time.sleep(_LOOK_AGAIN)
        why = trouble or "Kubernetes is still deleting it"
        return f"namespace {' and '.join(left)} is left: {why}" if left else ""

    def _is_gone(self, each: str) -> bool:
        gone = namespace.is_gone(self.client, each)
        # Stopped while it was being made, it may come yet: then the next run sees to it.
        if gone and (self._ready or each != self.namespace):
            self.owner.forget(each)
        return gone

    def _path(self, version: str, kind: str) -> str:
        group = "api/v1" if version == "v1" else f"apis/{version}"
        return f"/{group}/namespaces/{self.namespace}/{_PATHS[kind]}"


class _Waiting:
    """Waiting for one thing, and what it waits for."""

    def __init__(self, trial: Trial, subject: str) -> None:
        self._trial = trial
        self._subject = subject
        self._trouble = Trouble("not-there-yet", "")
        self._asked = time.monotonic()

    def look(self, find: Callable[[], Trouble], progress: str) -> Look:
        """`find` costs requests, so it is asked once a second, and `progress` says the rest."""
        now = time.monotonic()
        if now - self._asked >= _ASK_WHY:
            self._asked = now
            with suppress(ApiFailure):
                self._trouble = find()
        message = f"{self._subject}: {progress or 'not there yet'}"
        return self._trial.failed(message, self._trouble)


def _not_back() -> Trouble:
    return Trouble("pod-not-created", "its StatefulSet has not made it anew")


def nonce() -> str:
    """Something that only this run can have written."""
    return secrets.token_hex(8)


def _termination_message(found: Object) -> str:
    statuses = objects(found, "status", "containerStatuses")
    said = at(statuses[0], "state", "terminated", "message") if statuses else ""
    return said.strip() if isinstance(said, str) else ""


def _progress(found: Object) -> str:
    for each in objects(found, "status", "containerStatuses"):
        waiting = text(each, "state", "waiting", "reason")
        if waiting:
            return waiting
    return text(found, "status", "phase")


_LOOK_CLOSER = "kboot verify --keep, then kboot exec -- kubectl get events --all-namespaces"
_FIXES = {
    "claim-not-bound": "kboot exec -- kubectl get storageclass,persistentvolume",
    "crash-loop": _LOOK_CLOSER,
    "node-not-ready": "kboot exec -- kubectl describe nodes",
    "name-not-resolved": "kboot exec -- kubectl -n kube-system get pods,services,endpoints",
    "out-of-memory": "give the cluster more memory in the profile, then kboot up --recreate",
    "pod-not-scheduled": "kboot down, then kboot up   (starts the scheduler anew; data stay)",
    "pod-unschedulable": "kboot exec -- kubectl describe nodes",
    "quota-exceeded": "kboot exec -- kubectl get resourcequota --all-namespaces   (raise it)",
    "services-unanswered": "kboot down, then kboot up   (starts kube-proxy anew; data stay)",
    "webhook-fails": "kboot exec -- kubectl get validatingwebhookconfigurations,"
    "mutatingwebhookconfigurations",
    "webhook-refuses": "kboot exec -- kubectl get validatingwebhookconfigurations,"
    "mutatingwebhookconfigurations",
}
