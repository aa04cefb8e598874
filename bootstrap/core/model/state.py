"""What was observed, without judgement. All of it can be saved and replayed."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from bootstrap.core.model.gate import GateResult, Proof
from bootstrap.core.values.version import Version, printed_version


class StoredArtifact(NamedTuple):
    """One verified artifact in kboot's store."""

    tool: str
    version: str
    sha256: str
    trust: str


class StoredPlace(NamedTuple):
    """One place in kboot's store, after all of its bytes were looked at."""

    path: str
    name: str
    """As its receipt says; empty: there is no receipt."""
    damage: str = ""
    """Why it is not run. Empty: it is the file that was verified."""
    differs: bool = False
    """Its bytes are others than those that were verified."""


class ToolState(NamedTuple):
    """One tool as found. `path` None: not found. `failure` set: found, but could not tell."""

    name: str
    path: str | None = None
    candidates: tuple[str, ...] = ()
    """Every executable of that name on PATH, in PATH's order; the first wins."""
    version: str = ""
    """As printed, with the vendor's decoration."""
    facts: Mapping[str, str] = MappingProxyType({})
    failure: str = ""
    cached: bool = False
    managed: bool = False
    """True when the winner is one that kboot installed."""
    borrowed: bool = False
    """True when the winner is one that kboot installed for another profile: it goes when that
    profile changes."""
    stored: StoredArtifact | None = None
    """Of a managed one, what its receipt says. None: there is no receipt, so nothing is known."""
    damaged: str = ""
    """Of one that kboot installed: why it is not run. `path` is None then, whatever is on PATH."""
    passed_over: Mapping[str, str] = MappingProxyType({})
    """Programs of that name on PATH that are not run, each with the reason."""

    @property
    def release(self) -> Version | None:
        return printed_version(self.version)


class Power(StrEnum):
    """What is known of the cluster's machine. Never a word of minikube's alone."""

    ABSENT = "absent"
    """There is neither a machine nor a record of it."""
    STOPPED = "stopped"
    PAUSED = "paused"
    """Its container stands still, and a start of it would hang."""
    RUNNING = "running"
    LOST = "lost"
    """minikube has a record of it, and its machine is gone."""
    UNRECORDED = "unrecorded"
    """Its machine is there, and this minikube has no record of it."""
    UNKNOWN = "unknown"


class Kubeconfig(StrEnum):
    """kboot's private kubeconfig of the cluster, compared with minikube's own record."""

    CURRENT = "current"
    MISSING = "missing"
    STALE = "stale"


class Merged(StrEnum):
    """Whether the person's own kubeconfig has the cluster as kboot's private one does."""

    CURRENT = "current"
    DUE = "due"
    CONFLICT = "conflict"
    """An entry of the cluster's name is about something else."""
    UNUSABLE = "unusable"
    """The file cannot be read, understood or written."""
    OFF = "off"
    """KUBECONFIG=/dev/null: none is wanted."""
    NOT_LOOKED = "not-looked"
    """The cluster was never started, and nothing there has its name."""


class UserKubeconfig(NamedTuple):
    """The person's own kubeconfig, as far as it is about the cluster."""

    merged: Merged = Merged.NOT_LOOKED
    file: str = ""
    """Where the cluster's context is or would be, as a person would type it."""
    current_context: str = ""
    why: str = ""
    """Of a conflict, and of what is unusable."""
    recorded: bool = False
    """kboot put entries of the cluster somewhere, now or earlier."""


class Backup(NamedTuple):
    """One of the person's kubeconfig files as it was before a change of kboot's."""

    number: int
    of: str
    """The file, as a person would type it."""
    at: str
    kept: str
    """Where it is now."""
    first: bool
    """The state before the first change of all, which stays for ever."""


class ClusterRecord(NamedTuple):
    """minikube's own record of a cluster. None: the record does not say."""

    driver: str | None = None
    kubernetes: str | None = None
    cpus: int | None = None
    memory_mib: int | None = None
    disk_mib: int | None = None
    endpoint: str | None = None


class Signs(NamedTuple):
    """What a look sees of what gates prove by use. None: not looked at, or not to be seen.

    Its absence contradicts a gate; its presence proves none.
    """

    closed: tuple[str, ...] = ()
    """Nodes on which no new pod is started: cordoned, or tainted so."""
    stopped: tuple[str, ...] = ()
    """Parts of a control plane of static pods, without which no new pod starts, that do not run."""
    dns: bool | None = None
    """A Service for DNS."""
    dns_servers: int | None = None
    """Pods behind it that are ready."""
    storage: str | None = None
    """The default StorageClass; empty: there is none."""
    provisioner: bool | None = None
    """Where minikube's own provisioner makes the volumes: its pod."""
    runtime: str = ""
    """Of the nodes, as `containerd`; empty: they do not say."""
    engine: str = ""
    """Where nodes are this machine (driver none): the service of its runtime, if it is silent."""


class ApiLook(NamedTuple):
    """kboot's own look at the API server. `failure` set: it did not answer as it should."""

    failure: str = ""
    server_version: str = ""
    identity: str = ""
    nodes_ready: int = 0
    nodes_total: int = 0
    signs: Signs = Signs()


class Engine(StrEnum):
    """Drivers whose machines are containers, and the programs that ask their engines."""

    DOCKER = "docker"
    PODMAN = "podman"


class Machine(NamedTuple):
    """A cluster's machine as its container engine knows it."""

    state: str = ""
    """`running`, `paused` or `stopped`; empty: there is no container of its name."""
    foreign: bool = False
    """A container has its name that is no cluster of minikube's."""
    volume: bool = False
    """A volume of the cluster is there."""
    failure: str = ""
    """Why the engine could not be asked."""


class ClusterState(NamedTuple):
    """One cluster as found."""

    name: str
    power: Power = Power.ABSENT
    record: ClusterRecord = ClusterRecord()
    kubeconfig: Kubeconfig = Kubeconfig.MISSING
    api: ApiLook = ApiLook(failure="not asked")
    said: str = ""
    """What `minikube status` printed, where it was asked."""
    failure: str = ""
    """Why power is UNKNOWN."""
    unrecorded: str = ""
    """Of one that answers: why minikube does not know it, its record being gone or damaged."""
    machine: Machine | None = None
    """None: its engine was not asked, or there is none."""
    rivals: tuple[str, ...] = ()
    """Other clusters of driver none, of which a machine can have one."""
    services: tuple[str, ...] = ()
    """systemd units of this host that it may run as, and that minikube does not stop."""
    yours: UserKubeconfig = UserKubeconfig()
    looks: tuple[GateResult, ...] = ()
    """Live gates of the profile's, of one look at each."""
    never_ready: bool = False
    """kboot made it, and it has not passed its gates once since."""
    proof: Proof | None = None
    """What an earlier run proved of it for the profile."""
    proof_age: float = 0.0
    """Seconds since then."""


class Ground(StrEnum):
    """Whether links can be put into a folder."""

    THERE = "there"
    MISSING = "missing"
    """It can be made."""
    NO_FOLDER = "no-folder"
    NOT_WRITABLE = "not-writable"
    NOT_YOURS = "not-yours"
    """Others can put something else into the place of a link there."""


class LinkFolder(NamedTuple):
    """The folder that the person wants links in, as found."""

    path: str
    ground: Ground
    obstacle: str = ""
    """What is no folder or cannot be written to: the folder itself, or one above it."""
    why: str = ""
    """Of what is not yours: who may write to the obstacle."""
    on_path: bool = True
    ours: Mapping[str, str] = MappingProxyType({})
    """Executable → the id of the profile to which the link that kboot made there leads."""
    taken: Mapping[str, str] = MappingProxyType({})
    """Executable → what lies there that kboot did not make."""
    hidden: Mapping[str, str] = MappingProxyType({})
    """Executable → a program of that name in a folder that comes earlier on PATH."""


class HostState(NamedTuple):
    """This machine and the profile's cluster on it."""

    system: str
    """`linux` or `darwin`."""
    arch: str
    """`amd64` or `arm64`."""
    description: str
    cpus: int
    memory_mib: int
    disk_free_mib: int | None
    root: bool
    virtualisation: str
    """`yes`, `no`, or why it could not be told."""
    tools: Mapping[str, ToolState]
    cluster: ClusterState | None
    stored: tuple[StoredArtifact, ...] = ()
    drop_folder: str = ""
    """Where files can be put by hand, each named by its digest."""
    brought: tuple[str, ...] = ()
    """Names of the files that are there."""
    package_manager: str = ""
    """`apt`, `dnf` or `brew`; empty: none is there, or none was needed."""
    offered: Mapping[str, str] = MappingProxyType({})
    """Tool → the version that the manager would install; empty: it has none of the tool.

    A tool that is not in it: not asked, or not known before the manager's lists are fetched.
    """
    systemd: bool = False
    services: tuple[str, ...] = ()
    """Of the services that the profile's tools need, those that systemd knows."""
    programs: Mapping[str, bool] = MappingProxyType({})
    """Of the programs and files that the profile's drivers may need: whether they are there."""
    runtime: str = ""
    """The container runtime that the cluster's record names, or else minikube's own settings."""
    link_folder: LinkFolder | None = None
    """None: not asked for."""
    settings: Mapping[str, str] = MappingProxyType({})
    """minikube's own (`minikube config set`), which take effect where no flag says otherwise."""
    environment: Mapping[str, str] = MappingProxyType({})
    """Variables that tools see and that change what they do (credentials masked)."""

    @property
    def platform(self) -> str:
        return f"{self.system}/{self.arch}"
