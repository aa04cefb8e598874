"""Carry out a plan under the cluster's lock, which gates share."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.step import DeleteCluster, StartCluster, StopCluster
from bootstrap.core.plan.up import Plan
from bootstrap.engine.carry.work import Limits, Work
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files import own
from bootstrap.host.files.lock import hold
from bootstrap.host.files.places import claim
from bootstrap.host.files.proofs import forget_proofs, note_new
from bootstrap.host.programs.underway import settle
from bootstrap.run.session import Session

_CHANGES = (StartCluster, StopCluster, DeleteCluster)
"""After these, what was proven of the cluster is of another."""


@contextmanager
def cluster_lock(session: Session, timeout: float) -> Iterator[bool]:
    """Hold the cluster's lock, where the run is about a cluster.

    True: it had to be waited for, or a start was cut off; what was seen before may be old.
    """
    claim(session.around.places)
    if session.request.tools_only or session.profile.cluster is None:
        yield False
        return
    name = session.profile.cluster.name
    places, waiting = session.around.places, _waiting(session, name)
    with hold(places.lock(f"cluster-{name}"), timeout=timeout, waiting=waiting) as waited:
        own.sweep(places.kubeconfig(name).parent)
        since = settle(places.starting(name), timeout=timeout, waiting=waiting)
        if since:
            told = f"its start of {since} was cut off; kboot looks again and goes on"
            session.screen.event(Event(Happening.WAITING, f"cluster {name}", told))
        yield waited or bool(since)


@contextmanager
def gates_lock(session: Session, timeout: float) -> Iterator[bool]:
    """Share the cluster's lock with others who pass gates: nobody stops or starts it meanwhile.

    True: it had to be waited for; what was seen before may be old.
    """
    assert session.profile.cluster is not None
    name = session.profile.cluster.name
    lock = session.around.places.lock(f"cluster-{name}")
    waited = False
    with ExitStack() as held:
        sharing = hold(lock, timeout=timeout, waiting=_waiting(session, name), shared=True)
        try:
            waited = held.enter_context(sharing)
        except KbootError as error:
            # Where this person may write nothing, they may still ask; the gates need no lock.
            if error.code is not Exit.PERMISSION:
                raise
        yield waited


def _waiting(session: Session, cluster: str) -> Callable[[str], None]:
    def waiting(holder: str) -> None:
        told = f"waiting for {holder}"
        session.screen.event(Event(Happening.WAITING, f"cluster {cluster}", told))

    return waiting


def carry_out(session: Session, plan: Plan, start_seconds: float) -> float | None:
    """Every step, each outcome added to the report as it comes.

    The moment of `time.monotonic` at which the cluster began to start; None: it did not.
    """
    # A lazy point: downloads, archives, YAML and sh load only for a plan with a step.
    from bootstrap.engine.carry.execute import execute

    work = Work(
        session.profile,
        session.knowledge,
        session.around,
        session.settings,
        Limits(start=start_seconds),
        session.screen.event,
        session.request.offline,
    )
    cluster = session.profile.cluster
    if cluster is not None and any(isinstance(step, _CHANGES) for step in plan.steps):
        forget_proofs(session.around.places, cluster.name)
    starts = (step for step in plan.steps if isinstance(step, StartCluster))
    if cluster is not None and any(step.new for step in starts):
        note_new(session.around.places, cluster.name)
    started = None
    for outcome in execute(plan, work):
        session.learn(outcomes=(*session.report.outcomes, outcome))
        if isinstance(outcome.step, StartCluster):
            started = time.monotonic() - outcome.seconds
    return started
