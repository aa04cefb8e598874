"""A machine that exists on paper only: what each step does to it, by the step's fields alone.

It knows neither `assess` nor `plan`, so it cannot agree with them by sharing their mistakes.
"""

from functools import reduce

from bootstrap.core.model.state import (
    ApiLook,
    ClusterRecord,
    ClusterState,
    Ground,
    HostState,
    Kubeconfig,
    Merged,
    Power,
    StoredArtifact,
    ToolState,
)
from bootstrap.core.model.step import (
    DeleteCluster,
    InstallArtifact,
    LinkTools,
    MergeKubeconfig,
    RefreshKubeconfig,
    RunPackages,
    StartCluster,
    Step,
    StopCluster,
    UnmergeKubeconfig,
    UnpauseCluster,
)


def apply_all(state: HostState, steps: tuple[Step, ...]) -> HostState:
    return reduce(apply, steps, state)


def apply(state: HostState, step: Step) -> HostState:
    """The machine after the step. Raises AssertionError when it could not be carried out."""
    if isinstance(step, InstallArtifact):
        return _install(state, step)
    if isinstance(step, RunPackages):
        return _run_packages(state, step)
    if isinstance(step, LinkTools):
        return _link(state, step)
    if not isinstance(step, MergeKubeconfig | UnmergeKubeconfig | UnpauseCluster):
        installed = state.tools["minikube"].release
        assert str(installed or "") == step.minikube, f"planned for another minikube: {step}"
    seen = state.cluster or ClusterState(step.cluster)
    assert seen.name == step.cluster, f"another cluster: {step}"
    return state._replace(cluster=_cluster_after(seen, step))


def _install(state: HostState, step: InstallArtifact) -> HostState:
    artifact = step.artifact
    assert artifact.platform == state.platform, f"for another machine: {step}"
    path = f"/store/links/{artifact.tool}"
    before = state.tools.get(artifact.tool, ToolState(artifact.tool))
    stored = StoredArtifact(artifact.tool, artifact.version, artifact.sha256, artifact.trust)
    tool = ToolState(
        artifact.tool,
        path,
        candidates=(path, *before.candidates),
        version=artifact.version,
        managed=True,
        stored=stored,
    )
    return state._replace(
        tools={**state.tools, artifact.tool: tool}, stored=(*state.stored, stored)
    )


def _run_packages(state: HostState, step: RunPackages) -> HostState:
    """A manager installs what it offers; a service that runs answers."""
    assert step.manager == state.package_manager, f"for another manager: {step}"
    assert state.root or step.sudo or step.manager == "brew", f"not allowed to: {step}"
    assert not step.service or state.systemd, f"no systemd to ask: {step}"
    before = state.tools.get(step.tool, ToolState(step.tool))
    if not step.packages:
        assert step.service in state.services, f"nothing to start: {step}"
        after = before._replace(facts={})
    else:
        assert state.offered.get(step.tool) == step.version, f"not offered: {step}"
        path = f"/usr/bin/{step.tool}"
        # brew puts a build behind a comma; the program does not name itself so.
        after = ToolState(step.tool, path, (path,), step.version.partition(",")[0])
    services = (*state.services, step.service) if step.service else state.services
    return state._replace(tools={**state.tools, step.tool: after}, services=services)


def _link(state: HostState, step: LinkTools) -> HostState:
    """Only where a folder is or can be, never over what is not kboot's, never to nowhere."""
    folder = state.link_folder
    assert folder is not None and folder.path == step.folder, f"another folder: {step}"
    assert folder.ground in (Ground.THERE, Ground.MISSING), f"no folder: {step}"
    assert not set(step.names) & set(folder.taken), f"over somebody's file: {step}"
    installed = {tool.path for tool in state.tools.values() if tool.managed}
    assert {f"/store/links/{name}" for name in step.names} <= installed, f"dangling: {step}"
    ours = {**folder.ours, **dict.fromkeys(step.names, step.profile)}
    return state._replace(link_folder=folder._replace(ground=Ground.THERE, ours=ours))


def _cluster_after(seen: ClusterState, step: Step) -> ClusterState:
    match step:
        case StartCluster():
            return _started(seen, step)
        case RefreshKubeconfig():
            assert seen.power is Power.RUNNING, f"nothing to refresh from: {step}"
            return seen._replace(kubeconfig=Kubeconfig.CURRENT, api=_answering(seen))
        case UnpauseCluster():
            assert seen.power is Power.PAUSED, f"it is not paused: {step}"
            return seen._replace(power=Power.RUNNING, api=_answering(seen))
        case StopCluster():
            down = ApiLook(failure="connection refused")
            return seen._replace(power=Power.STOPPED, api=down, said="Stopped")
        case DeleteCluster():
            return ClusterState(seen.name, yours=seen.yours)
        case MergeKubeconfig():
            return _merged(seen, step)
        case UnmergeKubeconfig():
            assert seen.yours.recorded, f"nothing to remove: {step}"
            return seen._replace(yours=seen.yours._replace(merged=Merged.DUE, recorded=False))
    raise AssertionError(f"not a step of a cluster: {step}")


def _started(seen: ClusterState, step: StartCluster) -> ClusterState:
    """`minikube start` never changes the shape of a cluster that exists: its record wins."""
    old = seen.record
    record = ClusterRecord(
        driver=old.driver or step.driver,
        kubernetes=old.kubernetes or step.kubernetes,
        cpus=old.cpus or step.cpus,
        memory_mib=old.memory_mib or step.memory_mib,
        disk_mib=old.disk_mib or step.disk_mib,
        endpoint="https://192.0.2.2:8443",
    )
    running = seen._replace(power=Power.RUNNING, record=record, kubeconfig=Kubeconfig.CURRENT)
    if seen.yours.merged in (Merged.CURRENT, Merged.NOT_LOOKED):  # its port may have moved
        running = running._replace(yours=seen.yours._replace(merged=Merged.DUE))
    return running._replace(api=_answering(running))


def _merged(seen: ClusterState, step: MergeKubeconfig) -> ClusterState:
    yours = seen.yours
    assert seen.kubeconfig is Kubeconfig.CURRENT, f"nothing to merge: {step}"
    assert yours.merged in (Merged.CURRENT, Merged.DUE, Merged.NOT_LOOKED), f"not kboot's: {step}"
    current = seen.name if step.switch else yours.current_context or seen.name
    done = yours._replace(merged=Merged.CURRENT, current_context=current, recorded=True)
    return seen._replace(yours=done)


def _answering(seen: ClusterState) -> ApiLook:
    if not seen.api.failure:
        return seen.api
    version = f"v{seen.record.kubernetes}" if seen.record.kubernetes else ""
    return ApiLook(server_version=version, identity="model", nodes_ready=1, nodes_total=1)
