"""One story's stage on a real cluster, and the ears that hear what becomes of it."""

import http.client
import json
import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import at, objects, text
from bootstrap.api.tls import trust
from bootstrap.gates.made import manifests, namespace
from bootstrap.gates.made.manifests import Image, Mount
from bootstrap.kubeconfig.private import Connection
from tests.helpers.histories.past import Step, Thing

_TICK = 0.2
NAMESPACES = "/api/v1/namespaces"
_VOLUMES = "/api/v1/persistentvolumes"
WATCHED = ("pods", "events", "persistentvolumeclaims")


class Recorder:
    """One story's stage: makes what the story wants, and keeps what the cluster shows of it."""

    def __init__(
        self, client: ApiClient, story: str, *, seed: int, image: str, bare: str, enter: str | None
    ) -> None:
        self.client = client
        self.image = image
        self.bare = bare
        """An image that has no shell."""
        self.namespace = f"history-{story}"
        self.pod = ""
        self.drawn: dict[str, int] = {}
        self.steps: list[Step] = []
        self._random = random.Random(f"{seed} {story}")
        self._enter = enter
        self._began = time.monotonic()
        self._last: dict[str, Thing] = {}

    def draw(self, what: str, low: int, high: int) -> int:
        self.drawn[what] = self._random.randint(low, high)
        return self.drawn[what]

    def run(
        self,
        named: str,
        script: str,
        *,
        mounts: tuple[Mount, ...] = (),
        image: Image | None = None,
        alter: Callable[[Thing], None] = lambda pod: None,
    ) -> None:
        """Make the pod as kboot does, and as `alter`, a cluster's admission, changes it."""
        self.pod = named
        made = manifests.pod(named, image or Image(self.image), script, mounts)
        pod = json.loads(json.dumps(made))
        alter(pod)
        self.make("pods", pod)

    def make(self, plural: str, thing: Mapping[str, Any]) -> None:
        self.client.create(f"{NAMESPACES}/{self.namespace}/{plural}", thing)

    def make_volume(self, spec: Mapping[str, Any]) -> None:
        about = {"name": self.namespace}
        self.client.create(
            _VOLUMES,
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": about, "spec": spec},
        )

    def remove(self, path: str) -> None:
        self.client.delete(f"{NAMESPACES}/{self.namespace}/{path}")

    def in_node(self, words: str) -> None:
        subprocess.run((*self._shell(), words), check=True, stdout=subprocess.PIPE)

    @contextmanager
    def busy(self, processes: int) -> Iterator[None]:
        """So many processes compete with the node's kubelet."""
        self.did(f"{processes} processes keep the node busy")
        words = (
            "echo $$ > /sys/fs/cgroup/cpu/cgroup.procs;"
            f'for each in $(seq {processes}); do while :; do :; done & made="$made $!"; done;'
            "cat; kill $made"
        )
        with subprocess.Popen((*self._shell(), words), stdin=subprocess.PIPE) as shell:
            try:
                yield
            finally:
                shell.communicate()  # cat ends
        self.did("the node is not busy any more")

    @contextmanager
    def without_kubelet(self) -> Iterator[None]:
        self.did("the kubelet is stopped")
        self.in_node("kill -STOP $(cat /run/kubelet.pid)")
        try:
            yield
        finally:
            self.did("another kubelet is started")
            self.in_node("kill -KILL $(cat /run/kubelet.pid)")

    def _shell(self) -> tuple[str, ...]:
        assert self._enter is not None
        return (self._enter, "sh", "-c")

    def did(self, what: str) -> None:
        self.steps.append(Step(self._now(), did=what))

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(_TICK)
            self._look_at_logs()

    def until(self, so: Callable[[Thing], bool], seconds: float = 60.0) -> None:
        """Wait until that is so of the pod."""
        end = time.monotonic() + seconds
        while not so(self.seen):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.namespace}: {self.seen}")
            self.wait(_TICK)

    @property
    def seen(self) -> Thing:
        """The pod as it was last seen; empty where it is not there."""
        return self._last.get(f"pods/{self.pod}", {})

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def saw(self, path: str, thing: Thing | None) -> None:
        before = self._last.get(path, {})
        if thing is None:
            self.steps.append(Step(self._now(), path))
            self._last.pop(path, None)
            return
        now = {key: value for key, value in thing.items() if before.get(key) != value}
        if now:
            self.steps.append(Step(self._now(), path, now))
            self._last[path] = thing

    def _look_at_logs(self) -> None:
        for container in objects(self.seen, "spec", "containers"):
            path = f"pods/{self.pod}/log/{text(container, 'name')}"
            asked = path.replace("/log/", "/log?container=")
            # A kubelet that is not there does not answer.
            with suppress(ApiFailure), ApiClient(self.client.connection, timeout=1.0) as client:
                reply = client.get(f"{NAMESPACES}/{self.namespace}/{asked}")
                if reply.status == 200:
                    self.saw(path, {"text": reply.body.decode()})


@contextmanager
def own_namespace(client: ApiClient, named: str) -> Iterator[None]:
    """It is gone afterwards, and a volume of its name with it."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": named}}
    client.create(NAMESPACES, manifest)
    try:
        _until(lambda: _is_there(client, f"{NAMESPACES}/{named}/serviceaccounts/default"))
        yield
    finally:
        namespace.delete(client, named)
        client.delete(f"{_VOLUMES}/{named}")
        _until(lambda: not _is_there(client, f"{NAMESPACES}/{named}"))


def _is_there(client: ApiClient, path: str) -> bool:
    return client.get(path).status == 200


def _until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not so():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(_TICK)


@contextmanager
def watching(
    connection: Connection, path: str, saw: Callable[[str, Thing | None], None]
) -> Iterator[None]:
    """`saw` is told of every change there."""
    server = urlsplit(connection.server)
    wire = http.client.HTTPSConnection(
        server.hostname or "", server.port, context=trust(connection)
    )
    headers = {"Authorization": f"Bearer {connection.token}"} if connection.token else {}
    wire.request("GET", f"{path}?watch=true", headers=headers)
    reply = wire.getresponse()
    assert reply.status == 200, reply.read()

    def listen() -> None:
        with suppress(OSError, ValueError, http.client.HTTPException):
            for line in reply:
                event = json.loads(line)
                named = f"{path.rpartition('/')[2]}/{event['object']['metadata']['name']}"
                saw(named, None if event["type"] == "DELETED" else _kept(event["object"]))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        wire.sock.shutdown(socket.SHUT_RDWR)
        thread.join()
        wire.close()


def _kept(thing: Thing) -> Thing:
    """Without what nobody reads; of a node, what says whether it is there."""
    about = {key: value for key, value in thing["metadata"].items() if key != "managedFields"}
    if thing["kind"] != "Node":
        return {**thing, "metadata": about}
    # Its heartbeats are no change.
    conditions = [
        {key: value for key, value in each.items() if key != "lastHeartbeatTime"}
        for each in objects(thing, "status", "conditions")
    ]
    spec = {key: at(thing, "spec", key) for key in ("taints", "unschedulable")}
    return {
        "metadata": {"name": about["name"]},
        "spec": {key: value for key, value in spec.items() if value},
        "status": {"conditions": conditions},
    }
