"""Plan → outcomes: carry out the steps in order, stop at the first that fails.

Imported only once a plan has a step: the download, archive, YAML and `sh` parts load with it.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from bootstrap.cluster.kubeconfig import Connection, read_private
from bootstrap.cluster.look import look
from bootstrap.cluster.normalise import normalise
from bootstrap.core.catalogue import Artifact
from bootstrap.core.events import Emit, Event, Happening
from bootstrap.core.knowledge import Knowledge
from bootstrap.core.packages import install_lines, refresh_lines
from bootstrap.core.plan import Plan
from bootstrap.core.profile import Profile
from bootstrap.core.report import Outcome
from bootstrap.core.settings import Settings
from bootstrap.core.step import (
    DeleteCluster,
    InstallArtifact,
    RefreshKubeconfig,
    RunPackages,
    StartCluster,
    Step,
    StopCluster,
    verb,
)
from bootstrap.core.units import show_bytes, show_seconds
from bootstrap.engine.packages import fitting
from bootstrap.errors import Exit, KbootError
from bootstrap.host.path import candidates
from bootstrap.host.runner import run
from bootstrap.host.surroundings import Surroundings
from bootstrap.store.commit import Delivery, install
from bootstrap.store.generation import link
from bootstrap.store.lock import hold
from bootstrap.store.urls import mirrored, parse_mirrors

LAST_LINES = 12
"""Of a failed program's own words, how many are repeated."""
RELAYED_LINES = 2000
RELAYED_LENGTH = 2000
"""Of what a program says, how many lines are told while it runs, and how much of each."""


@dataclass(frozen=True)
class Limits:
    """Seconds that long steps may take."""

    start: float = 1800.0
    packages: float = 1800.0
    stop: float = 300.0
    store_lock: float = 1800.0


@dataclass(frozen=True)
class Work:
    """What every step is carried out with."""

    profile: Profile
    knowledge: Knowledge
    around: Surroundings
    settings: Settings
    limits: Limits
    emit: Emit


def execute(plan: Plan, work: Work) -> Iterator[Outcome]:
    """One outcome per step, as it is done. Raises KbootError at the first that fails.

    The error's `state` says truly which steps are done.
    """
    done: list[str] = []
    for step in plan.steps:
        title = f"{verb(step)} {step.subject}"
        work.emit(Event(Happening.STEP_STARTED, title, step.because))
        started = time.monotonic()
        try:
            detail = _DOERS[type(step)](step, work)
        except KbootError as error:
            seconds = time.monotonic() - started
            work.emit(Event(Happening.STEP_FAILED, title, error.what, seconds=seconds))
            error.with_state("; ".join([*_state(done, plan, step), *_cluster_now(step, work)]))
            raise
        seconds = time.monotonic() - started
        work.emit(Event(Happening.STEP_DONE, title, detail, seconds=seconds))
        done.append(title)
        yield Outcome(step, seconds, detail)


def _state(done: list[str], plan: Plan, failed: Step) -> list[str]:
    """What was done before, and what was not begun."""
    after = plan.steps[plan.steps.index(failed) + 1 :]
    # An installation that failed left nothing; what minikube left is told by `_cluster_now`.
    nothing = "nothing was changed" + ("" if isinstance(failed, InstallArtifact) else " before it")
    said = [f"done: {', '.join(done)}"] if done else [nothing]
    if after:
        said.append(f"not begun: {', '.join(f'{verb(s)} {s.subject}' for s in after)}")
    return said


def _cluster_now(failed: Step, work: Work) -> list[str]:
    """What kboot sees of the failed step's cluster, whatever minikube said of it."""
    if isinstance(failed, InstallArtifact | RunPackages):
        return []
    connection = _connection(failed.cluster, work)
    if connection is None:
        return [f"how far minikube came with cluster {failed.cluster} is not known"]
    answers = "does not answer" if look(connection).failure else "still runs: its API answers"
    return [f"cluster {failed.cluster} {answers}"]


def _connection(cluster: str, work: Work) -> Connection | None:
    """The way to the cluster's API, where kboot has one."""
    try:
        return read_private(work.around.places.kubeconfig(cluster))
    except ValueError:
        return None


def _install(step: Step, work: Work) -> str:
    assert isinstance(step, InstallArtifact)
    places = work.around.places
    waiting = _waiting(work.emit, step.subject)
    with hold(places.lock("store"), timeout=work.limits.store_lock, waiting=waiting):
        path = install(step.artifact, places, _delivery(step.artifact, work.settings), work.emit)
        executable = work.knowledge.tool(step.artifact.tool).executable
        link(places, work.profile.id, {executable: path})
    size = "from the store" if step.stored else show_bytes(path.stat().st_size)
    return f"{size}, verified ({step.artifact.trust})"


def _packages(step: Step, work: Work) -> str:
    """Fetch the manager's lists, make sure that what it offers fits, and only then install."""
    assert isinstance(step, RunPackages)
    env = work.around.for_children(work.profile.id, {"DEBIAN_FRONTEND": "noninteractive"})
    for argv in refresh_lines(step):
        _run(argv, env, step, work, work.limits.packages)
    tool = work.knowledge.tool(step.tool)
    version = fitting(step, tool, work.profile, work.around) if step.packages else ""
    for argv in install_lines(step):
        _run(argv, env, step, work, work.limits.packages)
    return "; ".join(filter(None, (version, tool.afterwards if step.packages else "")))


def _delivery(artifact: Artifact, settings: Settings) -> Delivery:
    mirrors = parse_mirrors(settings.mirrors)
    return Delivery(
        url=mirrored(artifact.url, mirrors),
        checksum_url=mirrored(artifact.checksum_url, mirrors) if artifact.checksum_url else "",
        ca_bundle=Path(settings.ca_bundle) if settings.ca_bundle else None,
        installed_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _start(step: Step, work: Work) -> str:
    assert isinstance(step, StartCluster)
    private = work.around.places.kubeconfig(step.cluster)
    private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _minikube(step, work, work.limits.start)
    _keep_private(private, step.cluster)
    return ""


def _refresh(step: Step, work: Work) -> str:
    assert isinstance(step, RefreshKubeconfig)
    _minikube(step, work, work.limits.stop)
    _keep_private(work.around.places.kubeconfig(step.cluster), step.cluster)
    return ""


def _stop(step: Step, work: Work) -> str:
    assert isinstance(step, StopCluster)
    _minikube(step, work, work.limits.stop)
    return ""


def _delete(step: Step, work: Work) -> str:
    assert isinstance(step, DeleteCluster)
    # Taken first: minikube may delete the kubeconfig too.
    connection = _connection(step.cluster, work)
    _minikube(step, work, work.limits.stop)
    if connection is not None and not look(connection).failure:
        raise _runs_on(step, work, connection)
    with suppress(FileNotFoundError):
        work.around.places.kubeconfig(step.cluster).unlink()
    return ""


def _runs_on(step: DeleteCluster, work: Work, connection: Connection) -> KbootError:
    """Recorded of minikube 0.25 with driver none: `delete` ends with 0 and Kubernetes runs on."""
    return KbootError(
        Exit.TOOL_FAILED,
        f"minikube says that it deleted cluster {step.cluster}, but its API still answers",
        why=f"kboot asked {connection.server} itself",
        state=f"minikube forgot cluster {step.cluster}, and Kubernetes runs on with all its data",
        next=f"end it by hand (driver none: systemctl stop localkube kubelet), "
        f"then {work.profile.command_line('doctor')}",
    )


_DOERS: Mapping[type, Callable[[Step, Work], str]] = {
    InstallArtifact: _install,
    RunPackages: _packages,
    StartCluster: _start,
    RefreshKubeconfig: _refresh,
    StopCluster: _stop,
    DeleteCluster: _delete,
}


def _waiting(emit: Emit, subject: str) -> Callable[[str], None]:
    return lambda holder: emit(Event(Happening.WAITING, subject, f"waiting for {holder}"))


def _keep_private(private: Path, cluster: str) -> None:
    if not private.exists():
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
        _run(argv, env, step, work, timeout)


def _run(
    argv: tuple[str, ...], env: dict[str, str], step: Step, work: Work, timeout: float
) -> None:
    name, *arguments = argv
    executable = next((t.executable for t in work.knowledge.tools if t.name == name), name)
    found = candidates(executable, work.around.folders(work.profile.id))
    if not found:
        raise KbootError(Exit.TOOL_FAILED, f"{name} is not there any more", why="it left PATH")
    title = f"{verb(step)} {step.subject}"
    result = run(
        (found[0], *arguments),
        env=env,
        timeout=timeout,
        on_line=_relay(title, name, work.emit),
    )
    command = " ".join(argv)
    last = _last_words(result.out, result.err)
    if result.timed_out:
        raise KbootError(
            Exit.TOOL_TIMED_OUT,
            f"`{command}` did not end within {show_seconds(timeout)}",
            why="its last words were these" if last else "it said nothing",
            items=last,
            next=f"{work.profile.command_line('doctor')}, or a longer --start-timeout",
        )
    if result.exit_code != 0:
        raise KbootError(
            Exit.TOOL_FAILED,
            f"`{command}` failed (exit {result.exit_code})",
            why="its last words were these" if last else "it said nothing",
            items=last,
            next=work.profile.command_line("doctor"),
        )


def _relay(title: str, name: str, emit: Emit) -> Callable[[str, str], None]:
    """Tell what the program says, up to what a person or a log can bear."""
    lines = count()

    def relay(_stream: str, line: str) -> None:
        number = next(lines)
        if number < RELAYED_LINES:
            emit(Event(Happening.OUTPUT, title, f"{name}: {line[:RELAYED_LENGTH]}"))
        elif number == RELAYED_LINES:
            emit(Event(Happening.OUTPUT, title, f"{name}: … it says more, which is not shown"))

    return relay


def _last_words(out: str, err: str) -> list[str]:
    """What the program said of it itself: the end of its errors, else of its output."""
    lines = [line for line in (err.strip() or out.strip()).splitlines() if line.strip()]
    return lines[-LAST_LINES:]
