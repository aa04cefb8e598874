"""The container runtime of this machine, where a cluster's node is the machine itself."""

import socket
from collections.abc import Mapping

_SOCKETS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "docker": ("docker", ("/var/run/docker.sock",)),
    "containerd": ("containerd", ("/run/containerd/containerd.sock",)),
    "cri-o": ("crio", ("/var/run/crio/crio.sock",)),
}
"""By what a node calls it: its service, and where that listens."""
_SECONDS = 1.0


def silent_runtime(runtime: str) -> str:
    """The service that does not answer, or empty. Whom one may not ask is not called silent."""
    service, places = _SOCKETS.get(runtime, ("", ()))
    return service if places and not any(map(_listens, places)) else ""


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_SECONDS)
        try:
            asking.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
