"""Somebody whose cluster `work` runs, as far as files tell, and who has an own kubeconfig."""

import json
from pathlib import Path

from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.state import UserKubeconfig
from bootstrap.core.model.step import MergeKubeconfig, UnmergeKubeconfig
from bootstrap.core.reading.settings import Settings
from bootstrap.engine.carry.merging import merge, unmerge
from bootstrap.engine.carry.work import Limits, Work
from bootstrap.engine.look.kubeconfigs import look_at_yours
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.places import find_places
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.yours.backups import kept
from tests.helpers.deciding.generated import knowledge
from tests.helpers.deciding.good_machine import DOCKER, profile_of

NAME = "work"
PROD = """\
# the company's
apiVersion: v1
clusters:
- cluster:
    server: https://prod.example
  name: prod
contexts:
- context:
    cluster: prod
    user: prod
  name: prod
current-context: prod
kind: Config
preferences: {}
users:
- name: prod
  user:
    token: secret
"""


class Owner:
    """Everything in-process: what `up` does with the step, without a cluster."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {"HOME": str(home)}
        self.config = home / ".kube" / "config"
        self.knowledge: Knowledge = knowledge()
        home.mkdir(exist_ok=True)
        self.starts()

    @property
    def around(self) -> Surroundings:
        places = find_places(self.environ)
        return Surroundings(self.environ, places, Cache(places.cache))

    @property
    def minikube(self) -> Path:
        return self.home / ".minikube"

    @property
    def backups(self) -> list[str]:
        return [each.file.read_text() for each in kept(self.around.places)]

    def has(self, text: str, *, mode: int = 0o600) -> None:
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text(text)
        self.config.chmod(mode)

    def starts(self, server: str = "https://192.0.2.7:8443") -> None:
        """What `minikube start` leaves, as kboot keeps it; the address may be a new one."""
        bodies = {
            "cluster": {"certificate-authority": f"{self.minikube}/ca.crt", "server": server},
            "user": {
                "client-certificate": f"{self.minikube}/profiles/{NAME}/client.crt",
                "client-key": f"{self.minikube}/profiles/{NAME}/client.key",
            },
            "context": {"cluster": "work", "namespace": "default", "user": "work"},
        }
        lists = {f"{kind}s": [{"name": "work", kind: body}] for kind, body in bodies.items()}
        private = self.around.places.kubeconfig("work")
        private.parent.mkdir(parents=True, exist_ok=True)
        private.write_text(json.dumps({**lists, "current-context": "work"}))

    def look(self) -> UserKubeconfig:
        return look_at_yours("work", self.around)

    def merge(self, *, switch: bool = False) -> str:
        return merge(MergeKubeconfig("work", "~/.kube/config", "", switch=switch), self.work)

    def unmerge(self) -> str:
        return unmerge(UnmergeKubeconfig("work", "~/.kube/config", ""), self.work)

    @property
    def work(self) -> Work:
        return Work(
            profile_of(DOCKER),
            self.knowledge,
            self.around,
            Settings(),
            Limits(),
            lambda event: None,
        )
