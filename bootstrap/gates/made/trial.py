"""One run's use of a cluster: make things, wait until they are so, ask by pods, leave nothing."""

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, holds, objects, text
from bootstrap.gates.live.workloads import LACKS
from bootstrap.gates.look import Look, Looks, of_failure, steadily
from bootstrap.gates.made import namespace
from bootstrap.gates.made.cleaning import clean
from bootstrap.gates.made.manifests import Image, Manifest, within
from bootstrap.gates.made.namespace import Owner
from bootstrap.gates.made.reclaim import keep_volumes
from bootstrap.gates.made.waiting import Waiting
from bootstrap.gates.why import pods as why
from bootstrap.gates.why.ends import MAIN, container
from bootstrap.gates.why.fixes import FIXES, LOOK_CLOSER
from bootstrap.gates.why.trouble import Trouble
from bootstrap.gates.why.volumes import of_claim

_TO_SAY_SO = 3.0
"""Seconds that a pod has left of its gate's when it ends by itself, so that its end is seen."""
_LONGEST = 3600.0
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
    minikubes: bool = True
    """Whether the cluster is one of minikube's: what its addons are of, nobody else brings."""
    begun: bool = False
    """Whether anything may be in the cluster that this run made."""
    relaxed: bool = False
    """Whether the namespace had to ask for less than the cluster's default of Pod Security."""
    _swept: Mapping[str, bool] = field(default_factory=dict)
    _apps: str = ""
    _made: bool = False
    """Whether the server has said that the namespace is made."""
    _ready: bool = False
    _alive: ExitStack = field(default_factory=ExitStack)
    _at_end: list[tuple[str, Callable[[], str]]] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.owner.namespace

    def begin(self) -> Looks[None]:
        """The namespace, ready for pods; what dead runs and gates before left is on its way out."""
        if self._ready:
            if not self.keep:
                with suppress(ApiFailure):  # it goes with the namespace
                    namespace.empty(self.client, self.namespace, self._apps)
            return
        if not self.begun:
            self._alive.enter_context(self.owner.alive())
            self.begun = True
        self._swept = yield from steadily(lambda: namespace.sweep(self.client, self.owner))
        yield from steadily(lambda: namespace.make(self.client, self.owner, self.seconds))
        self._made = True
        yield from namespace.wait_for_account(self.client, self.owner)
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
        while True:
            try:
                self.client.create(path, manifest)
                return
            except ApiFailure as failure:
                by_default = 'PodSecurity "baseline' not in failure.words
                if failure.reason == "pod-security" and by_default and self._relax():
                    # The server's admission learns of the label a moment later.
                    yield of_failure(failure)._replace(final=False)
                else:
                    yield of_failure(failure)

    def _relax(self) -> bool:
        """Whether the namespace asks for the level that kboot's pods are of, `baseline`.

        It does so only where the cluster's default is stricter: then pods that are not root's, as
        that would want, may not be able to use its volumes.
        """
        if not self.relaxed:
            try:
                namespace.allow_baseline(self.client, self.owner)
                self.relaxed = True
            except ApiFailure as failure:
                return not failure.final
        return True

    def remove(self, kind: str, named: str) -> Looks[None]:
        path = f"{self._path('v1', kind)}/{named}"
        yield from steadily(lambda: self.client.delete(path))

    def read(self, kind: str, named: str, version: str = "v1") -> Looks[Object]:
        path = f"{self._path(version, kind)}/{named}"
        return (yield from steadily(lambda: self.client.get_json(path)))

    def lasting(self, script: str) -> str:
        """`script`, with all the time that its gate has; it ends with what it has said by then."""
        left = min(self.client.deadline - time.monotonic(), _LONGEST)
        return within(max(1, int(left - _TO_SAY_SO)), script)

    def complete(self, kind: str, named: str, version: str) -> Looks[Object]:
        """Wait until a Deployment or StatefulSet has all its pods Ready."""
        waiting = Waiting(self.failed, f"{kind} {named}")
        while True:
            found = yield from self.read(kind, named, version)
            lack = LACKS[_PATHS[kind]](found)
            if not lack:
                return found
            find = partial(why.of_controller, self.client, self.namespace, found, named)
            yield waiting.look(find, lack)

    def bound(self, named: str) -> Looks[Object]:
        """Wait until a claim has its volume."""
        waiting = Waiting(self.failed, f"claim {named}")
        while True:
            found = yield from self.read("PersistentVolumeClaim", named)
            if text(found, "status", "phase") == "Bound":
                # Now, for a namespace may be kept, or go without kboot.
                yield from steadily(lambda: keep_volumes(self.client, self.namespace))
                return found
            find = partial(of_claim, self.client, self.namespace, found)
            yield waiting.look(find, text(found, "status", "phase"))

    def replaced(self, named: str, uid: str) -> Looks[Object]:
        """Wait until the pod of that name is another than `uid`, and Ready."""
        waiting = Waiting(self.failed, f"pod {named}")
        while True:
            found = yield from self.find("Pod", named)
            anew = text(found, "metadata", "uid") not in ("", uid)
            if anew and holds(found, "Ready"):
                return found
            find = partial(why.of_pod, self.client, self.namespace, found) if anew else _not_back
            yield waiting.look(find, progress(found) if anew else "not made anew yet")

    def passed(self, message: str) -> Look:
        """A look at what is so."""
        asked = "its namespace asks for baseline: the cluster's default allows no such pods"
        return Look(passed=True, message=f"{message} ({asked})" if self.relaxed else message)

    def failed(self, message: str, trouble: Trouble) -> Look:
        """A look at something that is not so, with what mends it."""
        return Look(
            passed=False,
            message=message,
            why=trouble.words,
            reason=trouble.reason,
            fix=self.fixes.get(trouble.reason) or FIXES.get(trouble.reason, LOOK_CLOSER),
            final=trouble.final,
        )

    def at_end(self, words: str, remove: Callable[[], str]) -> None:
        """Have something removed at the end that is not in the namespace.

        `words` say so while it lasts. `remove` tells in words what is left, or nothing; it raises
        nothing, and has the client's deadline.
        """
        self._at_end.append((words, remove))

    def end(self, seconds: float, waiting: Callable[[str], None] = lambda words: None) -> str:
        """Delete what this run made, and wait until it is gone. In words what is left, or empty.

        `waiting`: is told again and again, while there is something, what is waited for. Raises
        nothing that the server could cause.
        """
        with self._alive:
            if not self.begun:
                return ""
            self.client.deadline = time.monotonic() + seconds
            if self.keep:
                self.owner.forget(self.namespace)
                return f"namespace {self.namespace} is kept"
            left = []
            for words, remove in self._at_end:
                waiting(words)
                left.append(remove())
            asked = {self.namespace: False, **self._swept}
            left.append(clean(self.client, asked, seconds, self._forget, waiting))
            return "; ".join(filter(None, left))

    def _forget(self, gone: str) -> None:
        # Stopped while it was being made, it may come yet: then the next run sees to it.
        if self._made or gone != self.namespace:
            self.owner.forget(gone)

    def find(self, kind: str, named: str) -> Looks[Object]:
        """The object of that name, or an empty one."""

        def ask() -> Object:
            try:
                return self.client.get_json(f"{self._path('v1', kind)}/{named}")
            except ApiFailure as failure:
                if failure.reason != "api-not-found":
                    raise
                return {}

        return (yield from steadily(ask))

    def _path(self, version: str, kind: str) -> str:
        group = "api/v1" if version == "v1" else f"apis/{version}"
        return f"/{group}/namespaces/{self.namespace}/{_PATHS[kind]}"


def _not_back() -> Trouble:
    return Trouble("pod-not-created", "its StatefulSet has not made it anew")


def nonce() -> str:
    """Something that only this run can have written."""
    return secrets.token_hex(8)


def progress(found: Object) -> str:
    """How far a pod has come, in Kubernetes' word."""
    waiting = text(container(found, MAIN), "state", "waiting", "reason")
    return waiting or text(found, "status", "phase")
