"""Profiles, machines and requests as hypothesis draws them, beside kboot's real knowledge.

Drawn from tables of whole rows: every row is a case that a person or a vendor produces, and
a draw costs little. Good rows stand more than once, so that most machines have one flaw, not ten.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bootstrap.core.model.catalogue import TRUST_LEVELS
from bootstrap.core.model.gate import GATE_IDS
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import ClusterSpec, Policy, Profile, Requirement, VerifySpec
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import (
    ApiLook,
    ClusterRecord,
    ClusterState,
    Ground,
    HostState,
    Kubeconfig,
    LinkFolder,
    Machine,
    Merged,
    Power,
    StoredArtifact,
    ToolState,
    UserKubeconfig,
)
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from bootstrap.provider.minikube.commands import command_lines
from bootstrap.tools import TOOLS

CLUSTER = "work"


def reproducible(examples: int) -> settings:
    """The same examples in every run, so that a red run is red everywhere."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@cache
def knowledge() -> Knowledge:
    """What `commands/` builds: the real tools, the real catalogue, minikube's real flags."""
    with TemporaryDirectory() as folder:
        catalogue = read_catalogue(Cache(Path(folder), fresh=True))
    return Knowledge(TOOLS, catalogue, command_lines(catalogue))


@cache
def every_program() -> dict[str, bool]:
    """All that drivers may need is there."""
    drivers = knowledge().catalogue.drivers.values()
    return {program.name: True for driver in drivers for program in driver.programs}


@dataclass(frozen=True)
class World:
    """What profiles of one time ask for. Per tool: constraints; "" leaves the tool out."""

    minikube: tuple[str, ...]
    kubectl: tuple[str, ...]
    docker: tuple[str, ...]
    virtualbox: tuple[str, ...]
    drivers: tuple[tuple[str, ...], ...]
    kubernetes: tuple[str | None, ...]
    bootstrappers: tuple[str | None, ...] = (None,)


TODAY = World(
    minikube=("1.38.1", "1.38", ">=1.30,<1.39", "~=1.38.0", "!=1.38.0,>=1.30"),
    kubectl=("1.35.2", "1.35", ">=1.34", ""),
    docker=(">=20.10", "28", ""),
    virtualbox=("", "", ">=7"),
    drivers=(("docker",), ("docker", "virtualbox"), ("virtualbox", "docker")),
    kubernetes=(None, "1.35.1"),
)
TUTORIAL = World(
    minikube=("0.25", "0.25.0", ">=0.25,<0.26"),
    kubectl=("1.9.3", "1.9", ""),
    docker=("18.02", "18.02.0", "<20", ""),
    virtualbox=(">=5.2,<5.3", ">=5", ""),
    drivers=(("virtualbox",), ("virtualbox", "none")),
    kubernetes=(None, "1.9.0", "1.9.3", "1.9.4"),
    bootstrappers=(None, "localkube", "kubeadm"),
)
ANY = World(
    minikube=("1.38.1", "0.25", "1.19.0", ">=0.25", "0.25.1", "99", "==1.37.*"),
    kubectl=("1.35.2", "1.9.3", "1.20", "1.24.0", "99.1", "1.36.0-rc.1", ""),
    docker=("18.02", ">=20.10", "28.0.0-rc.1", ""),
    virtualbox=(">=5.2,<5.3", "7.2.22", "7", ""),
    drivers=(("docker",), ("none",), ("kvm2",), ("vfkit",), ("kvm2", "podman", "docker")),
    kubernetes=(None, "1.35.1", "1.20.7", "1.28.0", "1.99.0", "1.8.0"),
    bootstrappers=(None, None, "localkube", "kubeadm"),
)

SIZES = (
    *[(None, None, None)] * 4,
    *((2, 2048, 20480), (2, None, None), (2, 2048, None), (64, 65536, 1)),
)
VERSIONS = {
    "minikube": ("1.38.1", "0.25.0", "1.38.1", "1.19.0", "1.5.2", "1.38.0-beta.0", "0.25.1"),
    "kubectl": ("1.35.2", "1.9.3", "1.32.4-dispatcher", "1.20.5-rc.0", "1.36.4+k3s1"),
    "docker": ("28.2.2", "28.2.2", "18.02.0-ce", "20.10.24+dfsg1", "28.0.0-rc.1", "17.12.1-ce"),
    "virtualbox": ("5.2.6r120293", "7.2.22_Debianr175245", "7.2.22", "7.2.0_BETA1r170000"),
}
TROUBLES: dict[str, tuple[dict[str, str], ...]] = {
    "docker": (
        {"engine_error": "Cannot connect to the Docker daemon at tcp://192.0.2.1:2375"},
        {"engine_error": "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."},
        {"engine_error": "permission denied while trying to connect", "product": "docker"},
        {"engine_error": "this docker is Podman", "product": "podman"},
    ),
    "virtualbox": ({"module": "missing"},),
}
PACKAGED: tuple[dict[str, object], ...] = tuple(
    {"package_manager": manager, "offered": offered, "systemd": systemd, "services": services}
    for manager, offered in (
        ("apt", {"docker": "28.2.2", "virtualbox": "7.2.22-dfsg-1"}),
        ("apt", {"docker": "20.10.24+dfsg1-1+deb12u1+b6", "virtualbox": ""}),
        ("dnf", {"docker": "24.0.5-1.fc39", "virtualbox": "5.2.6-1"}),
        ("brew", {"virtualbox": "7.2.22,170000"}),
        ("", {}),
    )
    for systemd, services in ((True, ()), (True, ("docker",)), (False, ()))
)
FAILURES = ("", "it did not answer within 5 s", "it printed nothing (139)")
"""The empty one: found, and yet it names no version."""


def _requirements(tool: str, constraints: Iterable[str]) -> st.SearchStrategy[Requirement | None]:
    default = knowledge().tool(tool).default_policy
    rows = product(constraints, (default, default, default, *Policy))
    return st.sampled_from(
        [Requirement(tool, text, policy) if text else None for text, policy in rows]
    )


def _clusters(world: World) -> st.SearchStrategy[ClusterSpec | None]:
    rows = [
        ClusterSpec(CLUSTER, drivers, kubernetes, bootstrapper, *sizes)
        for drivers, kubernetes, bootstrapper, sizes in product(
            world.drivers, world.kubernetes, world.bootstrappers, SIZES
        )
    ]
    return st.sampled_from([*rows, *[None] * (len(rows) // 10)])


def _profile(cluster: ClusterSpec | None, *requirements: Requirement | None) -> Profile:
    return Profile(
        name="generated",
        description="",
        requirements=tuple(each for each in requirements if each is not None),
        cluster=cluster,
        verify=VerifySpec(GATE_IDS, 300.0),
        argument="./kboot.toml",
    )


def _profiles(world: World) -> st.SearchStrategy[Profile]:
    """As the parser lets them through: a cluster only together with minikube."""
    asked = [_requirements(tool.name, getattr(world, tool.name)) for tool in TOOLS]
    return st.builds(_profile, _clusters(world), *asked)


profiles = st.one_of(_profiles(TODAY), _profiles(TODAY), _profiles(TUTORIAL), _profiles(ANY))


def _tools(name: str) -> st.SearchStrategy[ToolState | None]:
    """None: the saved state does not hold the tool at all."""
    path = f"/usr/bin/{knowledge().tool(name).executable}"
    good = ToolState(name, path, (path,), VERSIONS[name][0])
    found = [good._replace(version=version) for version in VERSIONS[name]]
    unknown = [good._replace(version="", failure=failure) for failure in FAILURES]
    troubled = [good._replace(facts=facts) for facts in TROUBLES.get(name, ())]
    managed = good._replace(path=f"/store/links/{name}", managed=True)
    borrowed = good._replace(borrowed=True)
    others = [managed, borrowed] if knowledge().tool(name).source == "artifact" else []
    shadowed = good._replace(candidates=(path, f"/opt/{name}"), cached=True)
    absent = ToolState(name)
    often = 9 if knowledge().tool(name).source == "artifact" else 2
    return st.sampled_from(
        [*[good] * 9, shadowed, *others, *[absent] * often, *found * 2, *troubled, *unknown, None]
    )


def _cluster_rows() -> list[ClusterState | None]:
    records = [
        ClusterRecord(driver, kubernetes, *sizes)
        for driver, kubernetes, sizes in product(
            (None, None, "docker", "docker", "virtualbox", "hyperv"),
            (None, None, "1.35.1", "1.9.0"),
            (*[(None, None, None)] * 3, (None, 2048, None), (2, 2048, 20480), (4, 4096, None)),
        )
    ]
    silent = ApiLook(failure="connection refused")
    good = ApiLook("", "v1.35.1", "drawn", 1, 1)
    looks = (
        *[(Power.STOPPED, silent)] * 2,
        *[(Power.RUNNING, good)] * 2,
        (Power.RUNNING, good._replace(server_version="v1.9.0")),
        (Power.RUNNING, good._replace(server_version="v1.35.1+k3s1", nodes_ready=0)),
        (Power.RUNNING, good._replace(server_version="", nodes_total=0, nodes_ready=0)),
        (Power.RUNNING, silent),
    )
    seen = [
        ClusterState(CLUSTER, power, record, kubeconfig, api, said=power.value)
        for record, kubeconfig, (power, api) in product(
            records, (Kubeconfig.CURRENT, *Kubeconfig), looks
        )
    ]
    absent = [ClusterState(CLUSTER)] * (len(seen) // 3)
    unknown = ClusterState(CLUSTER, Power.UNKNOWN, failure="`minikube status` did not answer")
    few = len(seen) // 12
    return [*seen, *absent, *[unknown] * few, *[None] * few, *_odd(good, silent) * (few // 4)]


def _odd(good: ApiLook, silent: ApiLook) -> list[ClusterState]:
    """Machine and record do not go together, or another cluster has its place."""
    docker = ClusterRecord("docker")
    return [
        ClusterState(CLUSTER, Power.PAUSED, docker, Kubeconfig.CURRENT, silent, "Paused"),
        ClusterState(CLUSTER, Power.LOST, docker, api=silent),
        ClusterState(CLUSTER, Power.LOST, docker, api=silent, machine=Machine(volume=True)),
        ClusterState(CLUSTER, Power.UNRECORDED, machine=Machine("running")),
        ClusterState(CLUSTER, Power.UNRECORDED, machine=Machine("stopped", foreign=True)),
        ClusterState(CLUSTER, Power.RUNNING, api=good, unrecorded="config.json is damaged"),
        ClusterState(CLUSTER, rivals=("other",)),
    ]


YOURS = (
    *[UserKubeconfig(Merged.CURRENT, "~/.kube/config", "prod", recorded=True)] * 4,
    UserKubeconfig(Merged.CURRENT, "~/.kube/config", CLUSTER, recorded=True),
    UserKubeconfig(Merged.DUE, "~/.kube/config", "prod", recorded=True),
    UserKubeconfig(Merged.DUE, "~/.kube/config"),
    UserKubeconfig(Merged.CONFLICT, "~/.kube/config", "prod", "another cluster of that name"),
    UserKubeconfig(Merged.UNUSABLE, "~/.kube/config", why="it is not YAML"),
    UserKubeconfig(Merged.OFF),
    UserKubeconfig(Merged.NOT_LOOKED, "~/.kube/config"),
)


def _machines() -> list[HostState]:
    platforms = (*[("linux", "amd64")] * 9, ("linux", "arm64"), ("darwin", "arm64"), ("plan9", "x"))
    sizes = (*[(8, 16384, 100_000)] * 6, (1, 1024, 0))
    roots = (*[False] * 6, True)
    virtualisation = (*["yes"] * 7, "no", "/proc/cpuinfo is empty")
    return [
        HostState(system, arch, "on paper", *size, root, virtualises, {}, None)
        for (system, arch), size, root, virtualises in product(
            platforms, sizes, roots, virtualisation
        )
    ]


FOLDER = "/home/w/bin"
_FOLDERS = (
    None,
    LinkFolder(FOLDER, Ground.THERE),
    LinkFolder(FOLDER, Ground.THERE, ours={"minikube": "", "kubectl": "other"}),
    LinkFolder(FOLDER, Ground.THERE, on_path=False, taken={"kubectl": "a file"}),
    LinkFolder(FOLDER, Ground.THERE, hidden={"kubectl": "/usr/bin/kubectl"}),
    LinkFolder(FOLDER, Ground.MISSING, on_path=False),
    LinkFolder(FOLDER, Ground.NOT_WRITABLE, "/home"),
    LinkFolder(FOLDER, Ground.NO_FOLDER, FOLDER, ours={"kubectl": ""}),
    LinkFolder("/another", Ground.THERE),
)


def _stored(machine: HostState) -> tuple[StoredArtifact, ...]:
    """What earlier runs may have left in the store."""
    wanted = (("minikube", "1.38.1"), ("minikube", "0.25.0"), ("kubectl", "1.35.2"))
    catalogue = knowledge().catalogue
    found = (catalogue.artifact(tool, version, machine.platform) for tool, version in wanted)
    return tuple(StoredArtifact(a.tool, a.version, a.sha256, a.trust) for a in found if a)


_RARE = ("podman", "crictl", "/opt/cni/bin")
"""What a machine may lack."""


def _host(
    machine: HostState,
    full: bool,
    packaged: dict[str, object],
    links: LinkFolder | None,
    cluster: ClusterState | None,
    yours: UserKubeconfig,
    *tools: ToolState | None,
) -> HostState:
    cluster = cluster._replace(yours=yours) if cluster else None
    seen = {each.name: each for each in tools if each is not None}
    machine = machine._replace(**packaged)  # type: ignore[arg-type]
    stored = _stored(machine) if full else ()
    programs = every_program()
    if not full:
        programs = {name: name not in _RARE for name in programs if name != "virsh"}
    return machine._replace(
        tools=seen, cluster=cluster, stored=stored, link_folder=links, programs=programs
    )


host_states = st.builds(
    _host,
    st.sampled_from(_machines()),
    st.booleans(),
    st.sampled_from(PACKAGED),
    st.sampled_from(_FOLDERS),
    st.sampled_from(_cluster_rows()),
    st.sampled_from(YOURS),
    *(_tools(tool.name) for tool in TOOLS),
)

requests = st.sampled_from(
    [
        Request(
            trust=trust,
            offline=offline,
            tools_only=tools_only,
            recreate=recreate,
            allow_sudo=allow_sudo,
            link=link,
            switch_context=switch_context,
        )
        for trust, offline, tools_only, recreate, allow_sudo, link, switch_context in product(
            TRUST_LEVELS,
            (False, False, False, True),
            (False, False, False, True),
            (False, False, True),
            (False, True),
            ("", "", "", FOLDER),
            (False, True),
        )
    ]
)


cases = st.tuples(profiles, host_states, requests)
"""One profile, one machine, one command line."""
