"""Start a cluster, and know the way to it. minikube's word is not taken: kboot looks itself."""

from pathlib import Path

from bootstrap.api.look import look
from bootstrap.core.model.step import RefreshKubeconfig, Step, UnpauseCluster
from bootstrap.engine.carry.programs import run_program
from bootstrap.engine.carry.work import Work
from bootstrap.errors import Exit, KbootError
from bootstrap.kubeconfig.normalise import normalise
from bootstrap.kubeconfig.private import Connection, read_private
from bootstrap.regular import is_there


def cluster_now(cluster: str, work: Work) -> str:
    """What kboot sees of a failed step's cluster, whatever minikube said of it."""
    connection = connection_to(cluster, work)
    if connection is None:
        return f"how far minikube came with cluster {cluster} is not known"
    answers = "does not answer" if look(connection).failure else "still runs: its API answers"
    return f"cluster {cluster} {answers}"


def refresh(step: Step, work: Work) -> str:
    """Have minikube write kboot's kubeconfig anew."""
    assert isinstance(step, RefreshKubeconfig)
    _minikube(step, work, work.limits.stop)
    keep_private(work.around.places.kubeconfig(step.cluster), step.cluster)
    return ""


def unpause(step: Step, work: Work) -> str:
    assert isinstance(step, UnpauseCluster)
    env = work.around.for_children(work.profile.id, {})
    for argv in work.knowledge.command_lines(step):
        run_program(argv, env, step, work, work.limits.stop)
    return ""


def connection_to(cluster: str, work: Work) -> Connection | None:
    """The way to the cluster's API, where kboot has one."""
    try:
        return read_private(work.around.places.kubeconfig(cluster))
    except (OSError, ValueError):
        return None


def keep_private(private: Path, cluster: str) -> None:
    """Make kboot's kubeconfig of what minikube wrote. Raises KbootError (72) if it wrote none."""
    if not is_there(private):
        raise KbootError(
            Exit.TOOL_NOT_UNDERSTOOD,
            f"minikube ended well, but wrote no kubeconfig for cluster {cluster}",
            why=f"{private} is not there",
            next="run it again with -v, and read what minikube says",
        )
    normalise(private, cluster)


def _minikube(step: Step, work: Work, timeout: float) -> None:
    """Run the step's command lines, relaying what the program says."""
    cluster = getattr(step, "cluster", "")
    private = work.around.places.kubeconfig(cluster)
    env = work.around.for_children(work.profile.id, {"KUBECONFIG": str(private)})
    for argv in work.knowledge.command_lines(step):
        run_program(argv, env, step, work, timeout)
