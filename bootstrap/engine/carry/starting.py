"""`minikube start`: relayed, within its own deadline, tried again only where that can help."""

import time
from pathlib import Path

from bootstrap.api.look import look
from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.step import StartCluster, Step, verb
from bootstrap.core.values.units import show_seconds
from bootstrap.engine.carry.clusters import keep_private
from bootstrap.engine.carry.programs import Heard, failure, hear
from bootstrap.engine.carry.work import Work
from bootstrap.errors import KbootError
from bootstrap.host.files import own
from bootstrap.kubeconfig.normalise import normalise
from bootstrap.kubeconfig.private import Connection, read_private
from bootstrap.provider.minikube.events import tell
from bootstrap.provider.minikube.reasons import recognise

PAUSES = (2.0, 5.0)
"""Seconds before the second and the third try. minikube itself retries each download first."""


def start(step: Step, work: Work) -> str:
    """Create or start the cluster; kboot's own kubeconfig of it is whole afterwards.

    While it runs there is no such kubeconfig, so one that is there tells of a start that ended
    well: after any other the next run starts again, which is idempotent (decision 14).
    """
    assert isinstance(step, StartCluster)
    places = work.around.places
    private, note = places.kubeconfig(step.cluster), places.starting(step.cluster)
    own.make(private.parent)
    private.unlink(missing_ok=True)
    _run(step, work, note)
    keep_private(private, step.cluster)
    return ""


def left_behind(step: StartCluster, work: Work) -> str:
    """What kboot sees of a cluster whose start failed or was stopped, whatever minikube said."""
    connection = _take(work.around.places.kubeconfig(step.cluster), step.cluster)
    if connection is None:
        return f"how far minikube came with cluster {step.cluster} is not known"
    if look(connection).failure:
        return f"cluster {step.cluster}: its API does not answer"
    return f"cluster {step.cluster}: its API answers, though its start did not end well"


def _take(private: Path, cluster: str) -> Connection | None:
    """The way to the API that minikube wrote, if it came that far; the file is gone afterwards."""
    try:
        normalise(private, cluster)
        return read_private(private)
    except (KbootError, OSError, ValueError):
        return None
    finally:
        private.unlink(missing_ok=True)


def _run(step: StartCluster, work: Work, note: Path) -> None:
    """The command line, again after a failure that may be gone in a moment; each try is told."""
    (argv,) = work.knowledge.command_lines(step)
    private = work.around.places.kubeconfig(step.cluster)
    env = work.around.for_children(work.profile.id, {"KUBECONFIG": str(private)})
    until = time.monotonic() + work.limits.start
    for tries, pause in enumerate((*PAUSES, None), start=1):
        left = until - time.monotonic()
        heard = hear(argv, env, step, work, left, tell=tell, recognise=recognise, note=note)
        note.unlink(missing_ok=True)  # it has ended; a signal leaves the note for the next run
        if not heard.failed:
            return
        if pause is None or not _may_be_gone(heard) or until - time.monotonic() <= pause:
            raise failure(heard, work, work.limits.start)
        _say_again(step, work, heard, tries, pause)
        time.sleep(pause)


def _may_be_gone(heard: Heard) -> bool:
    known = heard.known
    return not heard.result.timed_out and known is not None and known.reason.transient


def _say_again(step: StartCluster, work: Work, heard: Heard, tries: int, pause: float) -> None:
    assert heard.known is not None
    which = f"try {tries} of {len(PAUSES) + 1}"
    message = f"{heard.known.reason.meaning} ({which}); again in {show_seconds(pause)}"
    work.emit(Event(Happening.WAITING, f"{verb(step)} {step.subject}", message))
