"""What a container engine says of a cluster's machine: it is a container of the cluster's name.

minikube labels its own (pkg/drivers/kic/oci/types.go), containers and volumes alike, since 1.8.
"""

from collections.abc import Mapping

from bootstrap.core.model.state import Machine

_LABEL = "name.minikube.sigs.k8s.io"
_SHOWN = f'{{{{.Names}}}}\t{{{{.Status}}}}\t{{{{.Label "{_LABEL}"}}}}'


def questions(cluster: str) -> Mapping[str, tuple[str, ...]]:
    """The arguments after `docker` or `podman`."""
    return {
        "containers": ("ps", "--all", "--filter", f"name={cluster}", "--format", _SHOWN),
        "volumes": ("volume", "ls", "--quiet", "--filter", f"label={_LABEL}={cluster}"),
    }


def parse(cluster: str, containers: str, volumes: str) -> Machine:
    """Of both answers. The engine's filter by name takes parts of names, too."""
    for line in containers.splitlines():
        name, _, rest = line.partition("\t")
        status, _, label = rest.partition("\t")
        if name == cluster:
            return Machine(_state(status), foreign=label != cluster, volume=bool(volumes.strip()))
    return Machine(volume=bool(volumes.strip()))


def _state(status: str) -> str:
    """Of `Up 6 minutes (Paused)`, `Exited (137) 2 hours ago`, `Created`."""
    if "(Paused)" in status:
        return "paused"
    return "running" if status.startswith("Up") else "stopped"
