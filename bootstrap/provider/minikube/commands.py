"""From a step to minikube's command lines, in the flags of its era."""

from collections.abc import Callable, Mapping

from bootstrap.core.choose import packages
from bootstrap.core.model.catalogue import Catalogue
from bootstrap.core.model.step import (
    ClusterStep,
    CommandLines,
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
from bootstrap.core.values.version import Version, find_version

_COMMANDS = {
    RefreshKubeconfig: "update-context",
    StopCluster: "stop",
    DeleteCluster: "delete",
}
_PODS = "--quiet --filter label=io.kubernetes.pod.name"
_SERVICES: Mapping[type, tuple[tuple[str, ...], str]] = {
    # At once: each container may take the 10 s that it has to end.
    StopCluster: (("stop",), f"docker ps {_PODS} | xargs -r -n 1 -P 8 docker stop"),
    DeleteCluster: (
        ("disable", "--now"),
        f"docker ps --all {_PODS} | xargs -r docker rm --force",
    ),
}
"""What is done to the units, and to the containers of their pods. No engine: no containers."""
_FIRST_NAMES = {"qemu": "qemu2"}
"""What every release calls a driver. On macOS minikube lists no `qemu` (driver_darwin.go)."""
_UNKNOWN = Version((0,))
"""For a minikube whose version is not known: the oldest era's flags, which every release takes."""


def command_lines(catalogue: Catalogue) -> Callable[[Step], CommandLines]:
    """The function that says what a step runs. Installing and writing files run nothing."""
    silent = InstallArtifact | LinkTools | MergeKubeconfig | UnmergeKubeconfig

    def lines(step: Step) -> CommandLines:
        if isinstance(step, silent):
            return ()
        if isinstance(step, RunPackages):
            return packages.command_lines(step)
        if isinstance(step, StartCluster):
            return (_start(step, catalogue),)
        if isinstance(step, UnpauseCluster):
            return ((step.engine, "unpause", step.cluster),)
        own = ("minikube", _COMMANDS[type(step)], "--profile", step.cluster)
        return _with_services(step, own) if step.services else (own,)

    return lines


def _with_services(step: ClusterStep, own: tuple[str, ...]) -> CommandLines:
    """The units first: 0.25's own command then finds them stopped, and fails no more.

    The containers last: nothing restarts them any more. 0.25 stops none when its unit is stopped
    already, and removes none that is stopped (github.com/kubernetes/minikube/issues/2519).
    """
    units, containers = _SERVICES[type(step)]
    return (("systemctl", *units, *step.services), own, ("sh", "-c", containers))


def _start(step: StartCluster, catalogue: Catalogue) -> tuple[str, ...]:
    era = catalogue.era(find_version(step.minikube) or _UNKNOWN)
    return (
        "minikube",
        "start",
        "--profile",
        step.cluster,
        f"--{era.driver_flag}={_FIRST_NAMES.get(step.driver, step.driver)}",
        *_kubernetes(step, catalogue),
        *_choices(step),
        *era.start_flags,
    )


def _kubernetes(step: StartCluster, catalogue: Catalogue) -> tuple[str, ...]:
    """Nothing for the release's default; else with a leading v, which 0.25 insists on."""
    span = catalogue.kubernetes_range(step.minikube)
    if step.kubernetes is None or (span is not None and span.default == step.kubernetes):
        return ()
    return (f"--kubernetes-version=v{step.kubernetes}",)


def _choices(step: StartCluster) -> tuple[str, ...]:
    """Sizes in the one form that every era reads alike.

    `--memory` takes an integer of MiB up to 1.2 and reads a bare one so ever since; `--disk-size`
    reads a bare number as bytes up to 1.2, so it needs its unit (pkg/util/utils.go).
    """
    values = (
        ("bootstrapper", step.bootstrapper, ""),
        ("cpus", step.cpus, ""),
        ("memory", step.memory_mib, ""),
        ("disk-size", step.disk_mib, "m"),
    )
    return tuple(f"--{flag}={value}{unit}" for flag, value, unit in values if value is not None)
