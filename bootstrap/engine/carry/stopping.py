"""Stop or delete a cluster. What counts is what kboot then finds at the API's address itself."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bootstrap.api.presence import Presence, for_later, presence
from bootstrap.core.model.step import DeleteCluster, Step, StopCluster
from bootstrap.engine.carry.clusters import connection_to
from bootstrap.engine.carry.programs import run_program
from bootstrap.engine.carry.work import Work
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.disk import disk_errors, write_text
from bootstrap.kubeconfig.private import Connection
from bootstrap.provider.minikube import record
from bootstrap.regular import is_there, read_regular


def stop(step: Step, work: Work) -> str:
    """Stop the cluster. Raises KbootError (70, 72) unless it is seen to be down."""
    assert isinstance(step, StopCluster)
    return _end(step, work)


def delete(step: Step, work: Work) -> str:
    """Delete the cluster, and with it kboot's kubeconfig. Raises KbootError (70, 72) as `stop`."""
    assert isinstance(step, DeleteCluster)
    detail = _end(step, work)
    with suppress(FileNotFoundError):
        work.around.places.kubeconfig(step.cluster).unlink()
    return detail


def _end(step: StopCluster | DeleteCluster, work: Work) -> str:
    # Taken first: minikube may delete the kubeconfig and its certificates too.
    known = connection_to(step.cluster, work)
    address = for_later(known) if known else None
    failure = _run(step, work)
    found = presence(address) if address else Presence.SILENT
    if failure is not None and (found is not Presence.GONE or _recorded(step, work)):
        raise failure
    if address is not None and found in (Presence.THERE, Presence.UNKNOWN):
        raise _runs_on(step, work, address, found)
    if failure is None or address is None:
        return ""
    return f"{failure.what}; yet the cluster is not at {address.server} any more"


def _recorded(step: StopCluster | DeleteCluster, work: Work) -> bool:
    """Whether minikube still knows of a cluster that it was to delete."""
    path = work.around.minikube_home / record.path(step.cluster)
    return isinstance(step, DeleteCluster) and is_there(path)


def _run(step: StopCluster | DeleteCluster, work: Work) -> KbootError | None:
    """Run every line. How minikube failed is not yet a fact, so it is returned, not raised."""
    failure = None
    with _copy_of(work.around.places.kubeconfig(step.cluster)) as copy:
        env = work.around.for_children(work.profile.id, {"KUBECONFIG": str(copy)})
        for argv in work.knowledge.command_lines(step):
            try:
                run_program(argv, env, step, work, work.limits.stop)
            except KbootError as error:
                if argv[0] != "minikube":
                    raise
                failure = error
    return failure


@contextmanager
def _copy_of(private: Path) -> Iterator[Path]:
    """What minikube may rewrite: it takes the cluster out of the kubeconfig that it is given."""
    copy = private.with_name(f"{private.name}.given")
    with disk_errors(private.parent, "a copy of kboot's kubeconfig"):
        copy.unlink(missing_ok=True)
        if is_there(private):
            write_text(copy, read_regular(private).decode("utf-8", "replace"))
    try:
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def _runs_on(
    step: StopCluster | DeleteCluster, work: Work, address: Connection, found: Presence
) -> KbootError:
    """Recorded of minikube 0.25 with driver none: `delete` ends with 0 and Kubernetes runs on."""
    deleting = isinstance(step, DeleteCluster)
    done = "deleted" if deleting else "stopped"
    doctor = work.profile.command_line("doctor")
    if found is Presence.UNKNOWN:
        return KbootError(
            Exit.TOOL_NOT_UNDERSTOOD,
            f"minikube says that it {done} cluster {step.cluster}, and kboot cannot tell",
            why=f"something still listens at {address.server}, and does not say who it is",
            next=f"{doctor}, or look at what listens there (ss -tlnp)",
        )
    return KbootError(
        Exit.TOOL_FAILED,
        f"minikube says that it {done} cluster {step.cluster}, but its API still answers",
        why=f"kboot asked {address.server} itself",
        state=f"minikube forgot cluster {step.cluster}, and Kubernetes runs on with all its data"
        if deleting
        else f"cluster {step.cluster} still runs",
        next=f"end it by hand (driver none: systemctl stop localkube kubelet), then {doctor}",
    )
