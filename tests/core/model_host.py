"""A machine that exists on paper only: what each step does to it, by the step's fields alone.

It knows neither `assess` nor `plan`, so it cannot agree with them by sharing their mistakes.
"""

from dataclasses import replace
from functools import reduce

from bootstrap.core.state import (
    ApiLook,
    ClusterRecord,
    ClusterState,
    HostState,
    Kubeconfig,
    Power,
    StoredArtifact,
    ToolState,
)
from bootstrap.core.step import (
    DeleteCluster,
    InstallArtifact,
    RefreshKubeconfig,
    RunPackages,
    StartCluster,
    Step,
    StopCluster,
)


def apply_all(state: HostState, steps: tuple[Step, ...]) -> HostState:
    return reduce(apply, steps, state)


def apply(state: HostState, step: Step) -> HostState:
    """The machine after the step. Raises AssertionError when it could not be carried out."""
    if isinstance(step, InstallArtifact):
        return _install(state, step)
    if isinstance(step, RunPackages):
        return _run_packages(state, step)
    installed = state.tools["minikube"].release
    assert str(installed or "") == step.minikube, f"planned for another minikube: {step}"
    seen = state.cluster or ClusterState(step.cluster)
    assert seen.name == step.cluster, f"another cluster: {step}"
    return replace(state, cluster=_cluster_after(seen, step))


def _install(state: HostState, step: InstallArtifact) -> HostState:
    artifact = step.artifact
    assert artifact.platform == state.platform, f"for another machine: {step}"
    path = f"/store/links/{artifact.tool}"
    before = state.tools.get(artifact.tool, ToolState(artifact.tool))
    tool = ToolState(
        artifact.tool,
        path,
        candidates=(path, *before.candidates),
        version=artifact.version,
        managed=True,
    )
    stored = StoredArtifact(artifact.tool, artifact.version, artifact.sha256, artifact.trust)
    return replace(
        state, tools={**state.tools, artifact.tool: tool}, stored=(*state.stored, stored)
    )


def _run_packages(state: HostState, step: RunPackages) -> HostState:
    """A manager installs what it offers; a service that runs answers."""
    assert step.manager == state.package_manager, f"for another manager: {step}"
    assert state.root or step.sudo or step.manager == "brew", f"not allowed to: {step}"
    assert not step.service or state.systemd, f"no systemd to ask: {step}"
    before = state.tools.get(step.tool, ToolState(step.tool))
    if not step.packages:
        assert step.service in state.services, f"nothing to start: {step}"
        after = replace(before, facts={})
    else:
        assert state.offered.get(step.tool) == step.version, f"not offered: {step}"
        path = f"/usr/bin/{step.tool}"
        after = ToolState(step.tool, path, (path,), step.version)
    services = (*state.services, step.service) if step.service else state.services
    return replace(state, tools={**state.tools, step.tool: after}, services=services)


def _cluster_after(seen: ClusterState, step: Step) -> ClusterState:
    match step:
        case StartCluster():
            return _started(seen, step)
        case RefreshKubeconfig():
            assert seen.power is Power.RUNNING, f"nothing to refresh from: {step}"
            return replace(seen, kubeconfig=Kubeconfig.CURRENT, api=_answering(seen))
        case StopCluster():
            down = ApiLook(failure="connection refused")
            return replace(seen, power=Power.STOPPED, api=down, said="Stopped")
        case DeleteCluster():
            return ClusterState(seen.name)
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
    running = replace(seen, power=Power.RUNNING, record=record, kubeconfig=Kubeconfig.CURRENT)
    return replace(running, api=_answering(running))


def _answering(seen: ClusterState) -> ApiLook:
    if not seen.api.failure:
        return seen.api
    version = f"v{seen.record.kubernetes}" if seen.record.kubernetes else ""
    return ApiLook(server_version=version, identity="model", nodes_ready=1, nodes_total=1)
