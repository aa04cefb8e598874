"""A plan's installations: fetched at once, put in place one after the other."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Profile, VerifySpec
from bootstrap.core.model.step import InstallArtifact
from bootstrap.core.plan.up import Plan
from bootstrap.core.reading.settings import Settings
from bootstrap.core.result.report import Outcome
from bootstrap.engine.carry.execute import execute
from bootstrap.engine.carry.work import Limits, Work
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.tools import TOOLS
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.working.samples import BODY, PUBLISHER, artifact, places_in

NAMES = ("minikube", "kubectl", "docker")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    file = tmp_path / "served"
    file.write_bytes(BODY)
    with Mirror({f"/{name}": file for name in NAMES}) as running:
        yield running


def wanted(name: str) -> Artifact:
    return artifact()._replace(tool=name, url=f"{PUBLISHER}/{name}")


def work_at(home: Path, mirror: Mirror, events: list[Event], *, offline: bool = False) -> Work:
    places = places_in(home)
    cache = Cache(places.cache, fresh=True)
    knowledge = Knowledge(TOOLS, read_catalogue(cache), lambda step: ())
    settings = Settings(mirrors=(f"{PUBLISHER}={mirror.url}",), ca_bundle=str(mirror.ca_file))
    around = Surroundings({}, places, cache)
    profile = Profile("p", "", (), None, VerifySpec((), 0.0), id="p")
    return Work(profile, knowledge, around, settings, Limits(), events.append, offline)


def carry_out(work: Work) -> tuple[list[Outcome], KbootError | None]:
    outcomes = []
    try:
        for outcome in execute(
            Plan(tuple(InstallArtifact(wanted(n), "") for n in NAMES), ()), work
        ):
            outcomes.append(outcome)
    except KbootError as error:
        return outcomes, error
    return outcomes, None


def linked(work: Work) -> list[str]:
    folder = work.around.places.links("p")
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_all_are_under_way_at_once_and_told_in_the_plans_order(
    mirror: Mirror, tmp_path: Path
) -> None:
    """Each answer waits until all have been asked for."""
    for name in NAMES:
        mirror.fault(f"/{name}", Fault(stall=60, stall_at=100_000))
    mirror.on_request = lambda number: mirror.release.set() if number == len(NAMES) else None
    events: list[Event] = []
    outcomes, error = carry_out(work := work_at(tmp_path / "home", mirror, events))
    assert error is None
    assert [each.step.subject for each in outcomes] == [f"{name} 1.2.3" for name in NAMES]
    assert all("/s, verified" in each.detail for each in outcomes)
    assert linked(work) == sorted(NAMES)
    assert len(mirror.requests) == len(NAMES)
    told = [each.subject for each in events if each.happening is Happening.STEP_DONE]
    assert told == [f"install {name} 1.2.3" for name in NAMES]
    assert list(work.around.places.staging.iterdir()) == []


def test_when_one_fails_the_others_are_installed_and_the_state_says_so(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fault("/minikube", Fault(status=404))
    outcomes, error = carry_out(work := work_at(tmp_path / "home", mirror, []))
    assert error is not None and error.code is Exit.SERVER_ERROR
    assert error.state == "done: install kubectl 1.2.3, install docker 1.2.3"
    assert [each.step.subject for each in outcomes] == ["kubectl 1.2.3", "docker 1.2.3"]
    assert linked(work) == ["docker", "kubectl"]


def test_failures_of_different_causes_are_all_told(mirror: Mirror, tmp_path: Path) -> None:
    mirror.fault("/minikube", Fault(status=404))
    mirror.fault("/docker", Fault(flip=9))
    _, error = carry_out(work_at(tmp_path / "home", mirror, []))
    assert error is not None and error.code is Exit.SERVER_ERROR
    assert "minikube" in error.what
    assert any("docker 1.2.3: " in item and "sha256" in item for item in error.items)
    assert error.state == "done: install kubectl 1.2.3"


def test_files_brought_by_hand_need_no_network(mirror: Mirror, tmp_path: Path) -> None:
    work = work_at(tmp_path / "home", mirror, [], offline=True)
    folder = work.around.places.downloads
    folder.mkdir(parents=True)
    (folder / artifact().sha256).write_bytes(BODY)
    outcomes, error = carry_out(work)
    assert error is None and len(outcomes) == len(NAMES)
    assert all("brought by hand, verified" in each.detail for each in outcomes)
    assert (work.around.places.links("p") / "kubectl").read_bytes() == BODY
    assert mirror.requests == []


def test_offline_fetches_nothing_also_when_the_plan_was_mistaken(
    mirror: Mirror, tmp_path: Path
) -> None:
    outcomes, error = carry_out(work_at(tmp_path / "home", mirror, [], offline=True))
    assert outcomes == [] and error is not None
    assert error.code is Exit.OFFLINE_MISSING
    assert all(any(name in item for item in error.items) for name in NAMES)
    assert mirror.requests == []


def test_who_listens_hears_one_event_at_a_time(mirror: Mirror, tmp_path: Path) -> None:
    inside, clashes = threading.Lock(), []

    def listen(event: Event) -> None:
        if not inside.acquire(blocking=False):
            clashes.append(event)
            return
        inside.release()

    carry_out(work_at(tmp_path / "home", mirror, [])._replace(emit=listen))
    assert clashes == []
