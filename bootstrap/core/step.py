"""The closed set of steps. A step holds intent; the model of what it does is its fields."""

from dataclasses import dataclass

from bootstrap.core.catalogue import Artifact

CommandLines = tuple[tuple[str, ...], ...]
"""Argument vectors; the first word is a tool's name, resolved to a path by the engine."""


@dataclass(frozen=True)
class InstallArtifact:
    """Put one verified artifact into the store and link it for this profile."""

    artifact: Artifact
    because: str
    stored: bool = False
    """The verified file is in the store already: nothing is downloaded."""
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"{self.artifact.tool} {self.artifact.version}"


@dataclass(frozen=True)
class StartCluster:
    """Create or start the cluster. None: left to minikube, neither passed nor compared."""

    cluster: str
    driver: str
    minikube: str
    because: str
    kubernetes: str | None = None
    """The version that it runs afterwards, asked for or the release's default."""
    bootstrapper: str | None = None
    cpus: int | None = None
    memory_mib: int | None = None
    disk_mib: int | None = None
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"cluster {self.cluster}"


@dataclass(frozen=True)
class ClusterStep:
    """What the steps on a cluster that exists have in common."""

    cluster: str
    minikube: str
    """The version that the plan will use; empty where it is not known."""
    because: str
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"cluster {self.cluster}"


class RefreshKubeconfig(ClusterStep):
    """Write kboot's private kubeconfig of a running cluster anew."""

    @property
    def subject(self) -> str:
        return f"kubeconfig of {self.cluster}"


class StopCluster(ClusterStep):
    """Stop the cluster; its data stay."""


class DeleteCluster(ClusterStep):
    """Delete the cluster and all that is in it. Planned only under a flag."""


Step = InstallArtifact | StartCluster | RefreshKubeconfig | StopCluster | DeleteCluster

VERBS: dict[type, str] = {
    InstallArtifact: "install",
    StartCluster: "start",
    RefreshKubeconfig: "refresh",
    StopCluster: "stop",
    DeleteCluster: "delete",
}


def verb(step: Step) -> str:
    """The word that a plan shows for the step."""
    return VERBS[type(step)]
