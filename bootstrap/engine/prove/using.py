"""What the gates that use the cluster need of this machine: an owner, an image, programs to run."""

import math
import re
import secrets
import shlex
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from bootstrap.api.client import ApiClient
from bootstrap.core.model.gate import Lack
from bootstrap.gates.made.manifests import Image
from bootstrap.gates.made.namespace import Owner
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.programs import Programs, Ran
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.programs.probe import Question, ask_all
from bootstrap.provider.minikube.images import MINIKUBE

_ASKING_SECONDS = 60.0
"""For minikube or kubectl to answer."""
_ALL_THERE_IS = math.inf
"""For docker to build an image, and for minikube to carry it: as long as the gate lasts."""
_SECONDS = {"build": _ALL_THERE_IS, "version": 10.0}
"""Of docker's commands; an engine that runs says its version in far less than a second."""
_LAST_LINES = 3
_Run = Callable[..., Ran]
_Engine = Callable[[], Mapping[str, str] | Ran]
_NOBODY_LOADS = "no minikube of 1.20 or newer is there to bring images to nodes without docker"
_EXPORT = re.compile(r"^export (DOCKER_[A-Z_]+)=(.*)$", re.MULTILINE)


class Using(NamedTuple):
    """One cluster and the programs of the profile's work with it."""

    around: Surroundings
    profile_id: str
    kubeconfig: str
    """As the variable KUBECONFIG has it."""
    cluster: str
    """minikube's name of it; empty: it is not minikube's."""
    image: str
    kubectl: str | Lack
    """Paths."""
    docker: str | Lack
    minikube: str = ""
    loads_images: bool = False
    """Whether that minikube can."""
    driver: str = ""
    """minikube's."""
    bringing: str = ""
    """What to type to have the image on the nodes of minikube's cluster."""
    keep: bool = False
    context: str = ""
    """Of the person's own kubeconfig; empty: its current one."""

    def begin(self, client: ApiClient, seconds: float) -> tuple[Trial, Programs]:
        """Nothing is made in the cluster yet."""
        owner = Owner(secrets.token_hex(4), self.around.places.locks)
        trial = Trial(
            client,
            owner,
            Image(self.image),
            seconds,
            fixes=self._fixes(),
            keep=self.keep,
            minikubes=bool(self.cluster),
        )
        return trial, self._programs(partial(_run, client))

    def _programs(self, run: _Run) -> Programs:
        kubectl, docker = self.kubectl, self.docker
        nodes = kubectl if isinstance(kubectl, Lack) else partial(self._nodes, run, kubectl)
        images = partial(self._images, run) if self.loads_images else Lack(_NOBODY_LOADS)
        if isinstance(docker, Lack):
            return Programs(nodes, docker, docker, images)
        theirs = partial(self._docker, run, docker, _remembered(partial(self._engine, run)))
        return Programs(nodes, theirs, partial(self._docker, run, docker, dict), images)

    def _nodes(self, run: _Run, kubectl: str) -> Ran:
        env = self.around.for_children(self.profile_id, {"KUBECONFIG": self.kubeconfig})
        chosen: tuple[str, ...] = ()
        if self.context:
            # What gives the context its credentials may need any variable of the person's.
            env, chosen = {**self.around.environ, **env}, ("--context", self.context)
        argv = (kubectl, "get", "nodes", "-o", "name", "--request-timeout=10s", *chosen)
        return run(argv, env, _ASKING_SECONDS)

    def _docker(self, run: _Run, docker: str, engine: _Engine, *words: str, given: str = "") -> Ran:
        """`engine`: where the nodes' engine is, or why that cannot be told."""
        found = engine()
        if isinstance(found, Ran):
            return found
        env = self.around.for_children(self.profile_id, found)
        seconds = _SECONDS.get(words[0], _ASKING_SECONDS)
        return run((docker, *words), env, seconds, given)

    def _engine(self, run: _Run) -> Mapping[str, str] | Ran:
        """With driver none the nodes' docker is this machine's; else minikube says where it is."""
        if self.driver == "none":
            return {}
        asked = self._docker_env(run)
        if not asked.ended_well:
            return asked
        found = {name: "".join(shlex.split(value)) for name, value in _EXPORT.findall(asked.out)}
        if "DOCKER_HOST" not in found:
            return Ran(False, "", f"minikube docker-env names no engine: {asked.out[:200]}")
        # 0.25 sets an API version of 2016, which newer clients refuse to speak.
        found.pop("DOCKER_API_VERSION", None)
        return found

    def _docker_env(self, run: _Run) -> Ran:
        if not self.minikube:
            return Ran(False, "", "no minikube says where the cluster's docker is")
        env = self.around.for_children(self.profile_id, {"KUBECONFIG": self.kubeconfig})
        argv = (self.minikube, "docker-env", "--profile", self.cluster, "--shell", "bash")
        return run(argv, env, _ASKING_SECONDS)

    def _images(self, run: _Run, *words: str) -> Ran:
        """`minikube image …`, which takes images from the engine that the person's docker asks."""
        env = self.around.for_children(self.profile_id, {"KUBECONFIG": self.kubeconfig})
        argv = (self.minikube, "image", *words, "--profile", self.cluster)
        return run(argv, env, _ALL_THERE_IS)

    def _fixes(self) -> Mapping[str, str]:
        """What depends on how the cluster is run."""
        if not self.cluster:
            load = f"have the cluster's nodes pull {self.image}, or name another with --image"
            return {"image-not-pulled": load}
        minikube = f"{MINIKUBE} -p {self.cluster}"
        images = f"{minikube} {'image ls' if self.loads_images else 'ssh docker images'}"
        load = f"{self.bringing}   (or another: --image)"
        addons = f"{minikube} addons"
        anew = f"{addons} disable storage-provisioner; {addons} enable storage-provisioner"
        return {
            "base-not-pulled": f"docker pull {self.image}   (or another: --image)",
            "image-not-pulled": load,
            "image-not-loaded": load,
            "image-not-there": images,
            "provisioner-fails": anew,
            "provisioner-missing": f"{addons} enable storage-provisioner",
            "storageclass-missing": f"{addons} enable default-storageclass",
        }


def _remembered(ask: _Engine) -> _Engine:
    """Where the engine is; why that could not be told is asked again."""
    told: list[Mapping[str, str]] = []

    def engine() -> Mapping[str, str] | Ran:
        found = told[0] if told else ask()
        if not told and not isinstance(found, Ran):
            told.append(found)
        return found

    return engine


def _run(
    client: ApiClient,
    argv: tuple[str, ...],
    env: Mapping[str, str],
    seconds: float,
    given: str = "",
) -> Ran:
    """Not for longer than the client may ask."""
    left = max(0.0, client.deadline - time.monotonic())
    seconds = min(seconds, round(left, 1))
    told = ask_all({"it": Question(argv, seconds, given)}, env)["it"]
    if told.exit_code == 0:
        return Ran(True, told.out, _last_lines(told.err))
    said = _last_lines(told.err.strip() or told.out)
    return Ran(False, told.out, told.failure or said or "it said nothing")


def _last_lines(said: str) -> str:
    return " / ".join([line for line in said.splitlines() if line.strip()][-_LAST_LINES:])
