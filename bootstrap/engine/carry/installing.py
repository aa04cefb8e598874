"""Put artifacts into the store, several at once, and link them for the profile."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from typing import NamedTuple

from bootstrap.core.choose.bringing import how_to_bring
from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.step import InstallArtifact
from bootstrap.core.result.report import Outcome
from bootstrap.core.values.units import show_bytes, show_rate
from bootstrap.engine.carry.parallel import Job, at_once
from bootstrap.engine.carry.work import Work
from bootstrap.errors import Exit, KbootError, refused
from bootstrap.host.files.lock import hold
from bootstrap.store.fetch.urls import mirrored, parse_mirrors
from bootstrap.store.keep.commit import Delivery, Staged, publish, stage, staging
from bootstrap.store.keep.generation import link

_NOT_THE_FILES = (Exit.NETWORK_UNREACHABLE, Exit.OFFLINE_MISSING)
"""Failures that say nothing of the file: a person may have another way to get it."""


class Failed(NamedTuple):
    """A step that failed; the others went on."""

    step: InstallArtifact
    seconds: float
    error: KbootError


def install_artifacts(steps: Sequence[InstallArtifact], work: Work) -> Iterator[Outcome | Failed]:
    """Fetch all at once under one store lock; then publish and link each, in the plan's order."""
    places = work.around.places
    subject = ", ".join(step.subject for step in steps)
    started = time.monotonic()
    with ExitStack() as held:
        timeout = work.limits.store_lock
        try:
            held.enter_context(
                hold(places.store_lock, timeout=timeout, waiting=work.waiting(subject))
            )
            folder = held.enter_context(staging(places))
            jobs = [_job(step, folder / step.artifact.tool, work) for step in steps]
        except KbootError as error:
            yield from (Failed(step, time.monotonic() - started, error) for step in steps)
            return
        futures = held.enter_context(at_once(jobs))
        for step, future in zip(steps, futures, strict=True):
            yield _finish(step, future, started, work)


def _job(step: InstallArtifact, folder: Path, work: Work) -> Job[Staged]:
    delivery = _delivery(step.artifact, work)
    places, emit = work.around.places, work.emit

    def job(stop: Flag) -> Staged:
        return stage(step.artifact, places, delivery, folder, emit, stop)

    return job


def _finish(
    step: InstallArtifact, future: Future[Staged], started: float, work: Work
) -> Outcome | Failed:
    """Wait for the file; only this, the main thread, changes what the profile uses."""
    places = work.around.places
    try:
        staged = future.result()
        path = publish(staged, places)
        executable = work.knowledge.tool(step.artifact.tool).executable
        link(places, work.profile.id, {executable: path})
    except KbootError as error:
        if step.mends:
            error.items += (
                f"{step.artifact.tool} is not run ({step.because})",
                "  what is there stays until a verified one is ready to take its place",
            )
        return Failed(step, time.monotonic() - started, error)
    except OSError as error:
        return Failed(step, time.monotonic() - started, refused(error))
    return Outcome(step, time.monotonic() - started, _said(step, staged))


def _said(step: InstallArtifact, staged: Staged) -> str:
    received, trust = staged.received, step.artifact.trust
    if received is None:
        return f"from the store, verified ({trust})"
    size = show_bytes(received.size)
    if not received.seconds:
        return f"{size}, brought by hand, verified ({trust})"
    return f"{size}, {show_rate(received.size, received.seconds)}, verified"


def together(failures: Sequence[Failed], work: Work) -> KbootError:
    """One message of all that failed: the first in the plan's order, and what else is missing."""
    first = failures[0].error
    rest = [each for each in failures[1:] if each.error is not first]
    alike = [each for each in failures if each.error.code is first.code in _NOT_THE_FILES]
    others = [each for each in rest if each not in alike]
    folder = str(work.around.places.downloads)
    first.items += tuple(
        line for each in alike for line in how_to_bring(each.step.artifact, folder)
    )
    first.items += tuple(f"{e.step.subject}: {e.error.what}: {e.error.why}" for e in others)
    if len(alike) > 1:
        first.what = f"{' and '.join(e.step.subject for e in alike)} could not be downloaded"
    return first


def _delivery(artifact: Artifact, work: Work) -> Delivery:
    settings = work.settings
    mirrors = parse_mirrors(settings.mirrors)
    return Delivery(
        url=mirrored(artifact.url, mirrors),
        checksum_url=mirrored(artifact.checksum_url, mirrors) if artifact.checksum_url else "",
        ca_bundle=Path(settings.ca_bundle) if settings.ca_bundle else None,
        installed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        offline=work.offline,
    )
