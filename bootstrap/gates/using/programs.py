"""What the gates `kubectl` and `build` have run for them: the person's own programs.

None runs for longer than the moment by which the API server's answers are wanted: the gate's end.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from bootstrap.core.model.gate import Lack
from bootstrap.gates.look import Look


class Ran(NamedTuple):
    """How a program ended. `said`: its last words; of one that ended well, those on stderr."""

    ended_well: bool
    out: str
    said: str = ""


class Docker(Protocol):
    """The profile's docker with one engine."""

    def __call__(self, *words: str, given: str = "") -> Ran:
        """`given`: what it reads from its stdin."""


class Images(Protocol):
    """minikube's way to the images of the cluster's nodes."""

    def __call__(self, *words: str) -> Ran: ...


class Programs(NamedTuple):
    """What the engine runs for these gates."""

    kubectl_nodes: Callable[[], Ran] | Lack
    """`kubectl get nodes -o name`, with the kubeconfig that the person will have."""
    docker: Docker | Lack
    """With the engine that the nodes' pods run on."""
    own_docker: Docker | Lack
    """With the engine of this machine, whatever the nodes run."""
    images: Images | Lack
    """`minikube image …` of the cluster."""


def without(lack: Lack) -> Look:
    """The gate's last look where it cannot do without what is not there."""
    if not lack.fix:
        return Look(passed=False, message=lack.why, absent=True, final=True)
    why = "the profile declares it"
    return Look(False, lack.why, why, reason="program-missing", fix=lack.fix, final=True)
