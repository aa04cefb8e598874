"""The closed set of steps. A step holds intent; the model of what it does is its fields."""

from typing import NamedTuple

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.state import Engine

CommandLines = tuple[tuple[str, ...], ...]
"""Argument vectors; the first word is a tool's name, resolved to a path by the engine."""


class InstallArtifact(NamedTuple):
    """Put one verified artifact into the store and link it for this profile."""

    artifact: Artifact
    because: str
    stored: bool = False
    """The verified file is in the store already: nothing is downloaded."""
    brought: bool = False
    """The file was put into the drop folder by hand: it is verified, nothing is downloaded."""
    mends: bool = False
    """What kboot has of the tool is damaged. It stays until this is ready to take its place."""
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"{self.artifact.tool} {self.artifact.version}"

    @property
    def fetched(self) -> bool:
        """Whether it takes a download."""
        return not (self.stored or self.brought)


class RunPackages(NamedTuple):
    """Have the system's package manager install a tool, and start the tool's service."""

    tool: str
    manager: str
    packages: tuple[str, ...]
    """Empty: it is installed, and its service is only to be started."""
    version: str
    """What the manager offers; empty: not known before its lists are fetched."""
    accepts: str
    """The profile's constraint. A version outside it is not installed."""
    because: str
    service: str = ""
    sudo: bool = False
    """True: every line through `sudo -n`, which never asks."""
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        if not self.packages:
            return f"service {self.service}"
        return " ".join(filter(None, (self.tool, self.version, f"({self.manager})")))


class LinkTools(NamedTuple):
    """Put links to the profile's installed tools into a folder of the person's own."""

    folder: str
    """Absolute; made when it is missing."""
    names: tuple[str, ...]
    """Executables. What lies there under these names is nothing, or a link of kboot's."""
    profile: str
    """The id of the profile to whose links they lead."""
    because: str
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"{', '.join(self.names)} in {self.folder}"


class StartCluster(NamedTuple):
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
    new: bool = False
    """It is made, not only started: nothing is in it yet."""

    @property
    def subject(self) -> str:
        return f"cluster {self.cluster}"


class ClusterStep(NamedTuple):
    """What the steps on a cluster that exists have in common."""

    cluster: str
    minikube: str
    """The version that the plan will use; empty where it is not known."""
    because: str
    services: tuple[str, ...] = ()
    """systemd units that kboot stops itself, since minikube does not."""
    commands: CommandLines = ()

    # Tuples of equal content are equal, and to stop is not to delete.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self), *self))

    @property
    def subject(self) -> str:
        return f"cluster {self.cluster}"


class RefreshKubeconfig(ClusterStep):
    """Write kboot's private kubeconfig of a running cluster anew."""

    @property
    def subject(self) -> str:
        return f"kubeconfig of {self.cluster}"


class MergeKubeconfig(NamedTuple):
    """Put the cluster into the person's own kubeconfig, or renew what is in it."""

    cluster: str
    file: str
    because: str
    switch: bool = False
    """True: make it the current context, whatever is set."""
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"{self.cluster} into {self.file or 'your kubeconfig'}"


class UnmergeKubeconfig(NamedTuple):
    """Take out of the person's own kubeconfig what kboot put there."""

    cluster: str
    file: str
    because: str
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"{self.cluster} from {self.file or 'your kubeconfig'}"


class UnpauseCluster(NamedTuple):
    """Let the container of a cluster run on."""

    cluster: str
    engine: Engine
    because: str
    commands: CommandLines = ()

    @property
    def subject(self) -> str:
        return f"cluster {self.cluster}"


class StopCluster(ClusterStep):
    """Stop the cluster; its data stay."""


class DeleteCluster(ClusterStep):
    """Delete the cluster and all that is in it. Planned only under a flag."""


Step = (
    InstallArtifact
    | RunPackages
    | LinkTools
    | StartCluster
    | RefreshKubeconfig
    | MergeKubeconfig
    | UnpauseCluster
    | StopCluster
    | DeleteCluster
    | UnmergeKubeconfig
)

VERBS: dict[type, str] = {
    InstallArtifact: "install",
    RunPackages: "install",
    LinkTools: "link",
    StartCluster: "start",
    RefreshKubeconfig: "refresh",
    MergeKubeconfig: "merge",
    UnpauseCluster: "unpause",
    StopCluster: "stop",
    DeleteCluster: "delete",
    UnmergeKubeconfig: "remove",
}


def verb(step: Step) -> str:
    """The word that a plan shows for the step."""
    if isinstance(step, RunPackages) and not step.packages:
        return "start"
    return VERBS[type(step)]
