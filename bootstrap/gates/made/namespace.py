"""kboot's own namespaces: one per run, gone afterwards, and those of dead runs swept.

A run holds the kernel's lock of its namespace while it lives. So another run on this machine can
tell a dead one, whatever killed it; of other machines' namespaces only the expiry counts. The
lock's file goes when nothing of the run is left, or when it is kept: then, too, the expiry counts.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bootstrap.api.client import ApiClient, as_object
from bootstrap.api.clock import moment_of
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, at, condition, holds, name, objects, text
from bootstrap.gates.look import Look, Looks, of_failure
from bootstrap.gates.made.reclaim import give_back, keep_volumes, see_to_volumes
from bootstrap.host.files.lock import hold, is_held
from bootstrap.regular import is_there

PREFIX = "kboot-"
LABEL = "kboot.dev/run"
HOLDER = "kboot.dev/holder"
EXPIRES = "kboot.dev/expires"
SLACK = 600.0
"""Seconds after a run's own deadline before anybody may take its namespace for left behind."""
_QUICKLY = 5.0
"""Seconds for one request that deletes several things: a webhook may ponder each of them."""
DELETING = "Kubernetes is still deleting it"
_NAMESPACES = "/api/v1/namespaces"
_OLD = 86400.0
"""Seconds after which a dead run's lock is of no use: its namespace has expired."""


class Owner(NamedTuple):
    """Who makes namespaces: one run of kboot on one machine."""

    run: str
    locks: Path
    """The folder of this machine's locks."""

    @property
    def namespace(self) -> str:
        return f"{PREFIX}{self.run}"

    @property
    def holder(self) -> str:
        """The same for all kboots that share these locks, and for no others."""
        host = f"{os.uname().nodename}:{os.path.realpath(self.locks)}"
        return hashlib.sha256(host.encode()).hexdigest()[:16]

    def lock(self, namespace: str) -> Path:
        return self.locks / f"run-{namespace.removeprefix(PREFIX)}"

    @contextmanager
    def alive(self) -> Iterator[None]:
        """While this run lives. Another one may hold the lock for a moment, to look at it."""
        with hold(self.lock(self.namespace), timeout=5.0, waiting=lambda holder: None):
            yield

    def is_alive(self, namespace: str) -> bool:
        """Whether the run of that namespace, one of this machine's, has not ended."""
        lock = self.lock(namespace)
        return is_there(lock) and is_held(lock)

    def forget(self, namespace: str) -> None:
        """Nothing of that run is left, or it is kept."""
        self.lock(namespace).unlink(missing_ok=True)

    def dead(self) -> tuple[str, ...]:
        """The namespaces of runs, on any cluster, that ended without forgetting theirs."""
        locks = (each for each in self.locks.glob("run-*") if not is_held(each))
        return tuple(f"{PREFIX}{each.name.removeprefix('run-')}" for each in locks)


def make(client: ApiClient, owner: Owner, seconds: float) -> None:
    """The run's namespace. Raises ApiFailure.

    `seconds`: how long the run may last. Only its own clock's length is told, so that clocks that
    differ do no harm: the moment of creation is the server's.
    """
    manifest = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": owner.namespace,
            "labels": {"app.kubernetes.io/managed-by": "kboot", LABEL: owner.run},
            "annotations": {HOLDER: owner.holder, EXPIRES: f"{seconds + SLACK:.0f}s"},
        },
    }
    client.create(_NAMESPACES, manifest)


def wait_for_account(client: ApiClient, owner: Owner) -> Looks[None]:
    """Until pods can be made in the namespace."""
    path = f"{_NAMESPACES}/{owner.namespace}/serviceaccounts/default"
    while True:
        try:
            client.get_json(path)
            return
        except ApiFailure as failure:
            yield of_failure(failure) if failure.reason != "api-not-found" else _NO_ACCOUNT


def allow_baseline(client: ApiClient, owner: Owner) -> None:
    """Whatever level of Pod Security is the cluster's default. Raises ApiFailure."""
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    client.merge(f"{_NAMESPACES}/{owner.namespace}", {"metadata": {"labels": labels}})


_NO_ACCOUNT = Look(
    passed=False,
    message="no pod can be made yet",
    why="the controller manager has not made the ServiceAccount default of a new namespace",
    reason="serviceaccount-missing",
    fix="kboot down, then kboot up",
)


def sweep(client: ApiClient, owner: Owner) -> Mapping[str, bool]:
    """Have the namespaces of dead and of expired runs deleted: whether that could be asked for.

    A run may also have died when only its volumes were left, and a namespace that was kept may have
    been deleted by hand. Where namespaces may not be listed, nothing is swept. Raises ApiFailure
    when the server is silent.
    """
    try:
        found = objects(client.get_json(f"{_NAMESPACES}?labelSelector={LABEL}"), "items")
    except ApiFailure as failure:
        if failure.reason == "api-forbidden":
            return {}
        raise
    left = [name(each) for each in found if _is_left(each, owner, client.date)]
    asked = {each: _is_asked_for(client, each) for each in left}
    there = {name(each) for each in found}
    with suppress(ApiFailure):
        give_back(client, lambda each: each.startswith(PREFIX) and each not in there)
    for each in owner.dead():
        # Not there: it had not been made yet, or is gone already, or is on another cluster.
        with suppress(ApiFailure):
            if each not in there and not what_is_left(client, each) and _is_old(owner.lock(each)):
                owner.forget(each)
    return asked


def _is_asked_for(client: ApiClient, namespace: str) -> bool:
    try:
        delete(client, namespace)
    except ApiFailure:
        return False  # at the end it is tried again, and told
    return True


def delete(client: ApiClient, namespace: str) -> None:
    """Have it deleted, its claims and pods first. Raises ApiFailure.

    Kubernetes looks again at a namespace that was not empty only after some seconds, so what takes
    a moment to go is better gone before.
    """
    empty(client, namespace)
    client.delete(f"{_NAMESPACES}/{namespace}")


def empty(client: ApiClient, namespace: str, apps: str = "") -> None:
    """Have what uses room deleted. `apps`: the version of its workloads; empty: it has none.

    Not where a volume of a person's would go with its claim. Raises ApiFailure.
    """
    if lost := keep_volumes(client, namespace):
        raise ApiFailure("volume-not-kept", f"{lost}: have its owner set it to Retain")
    inside = f"/apis/{apps}/namespaces/{namespace}"
    workloads = [f"{inside}/{kind}" for kind in ("deployments", "statefulsets")] if apps else []
    inside = f"{_NAMESPACES}/{namespace}"
    for each in (*workloads, f"{inside}/persistentvolumeclaims", f"{inside}/pods"):
        with suppress(ApiFailure):  # they go with the namespace, too
            client.delete(each, _QUICKLY)


def what_is_left(client: ApiClient, namespace: str) -> str:
    """Why the namespace, or a volume that was made for its claims, is there still; empty: gone.

    Raises ApiFailure.
    """
    path = f"{_NAMESPACES}/{namespace}"
    reply = client.get(path)
    if reply.status != 404:
        return _why_it_stays(as_object(reply, path))
    return see_to_volumes(client, namespace)


def _why_it_stays(found: Object) -> str:
    """What keeps Kubernetes from deleting it, in its words."""
    for kind in _STAYS:
        if holds(found, kind):
            return f"{DELETING}: {text(condition(found, kind), 'message')}"
    own = at(found, "metadata", "finalizers")
    return f"{DELETING}: it has finalizers: {', '.join(map(str, own))}" if own else DELETING


_STAYS = (
    "NamespaceDeletionDiscoveryFailure",  # an APIService that does not answer (get apiservices)
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)


def _is_left(found: Object, owner: Owner, date: str) -> bool:
    """Nobody uses it any more. What does not look as kboot makes it is nobody's to delete."""
    run = text(found, "metadata", "labels", LABEL)
    if name(found) != f"{PREFIX}{run}" or run == owner.run:
        return False
    annotations = at(found, "metadata", "annotations")
    lock = owner.lock(name(found))
    if at(annotations, HOLDER) == owner.holder and is_there(lock):
        return not is_held(lock)
    return _is_expired(found, at(annotations, EXPIRES), date)


def _is_old(lock: Path) -> bool:
    try:
        return time.time() - lock.stat().st_mtime > _OLD
    except OSError:
        return False


def _is_expired(found: Object, lasts: object, date: str) -> bool:
    """By the server's clock alone; a server that does not tell it is not second-guessed."""
    made = text(found, "metadata", "creationTimestamp")
    try:
        seconds = float(str(lasts).removesuffix("s"))
        return (moment_of(date) - datetime.fromisoformat(made)).total_seconds() >= seconds
    except (TypeError, ValueError):
        return False
