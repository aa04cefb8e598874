"""Several kboots on one store, from nothing: one does the work, the others find it done."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.helpers.driving.kboot import Kboot, check_text, on_amd64
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.serving.releases import KUBECTL, MINIKUBE, profile, settings
from tests.helpers.waiting import until

pytestmark = on_amd64

SIZE = 300_000
RELEASES = (KUBECTL, MINIKUBE)
HELD_UP = Fault(stall=600, stall_at=100_000)


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    """Has both releases, and holds up whoever asks first for kubectl, within its body."""
    with Mirror({}) as running:
        for release in RELEASES:
            release.publish(running, kboot.folder, SIZE)
        running.fault(KUBECTL.path, HELD_UP)
        kboot.env.update(settings(running))
        kboot.profile(profile(*RELEASES))
        yield running


class Run:
    """One kboot among others, whose talk goes into a file."""

    def __init__(self, kboot: Kboot, name: str) -> None:
        self._talk = kboot.folder / f"talk-{name}"
        with self._talk.open("w") as talk:
            self.process: subprocess.Popen[str] = kboot.start("up", "p.toml", stderr=talk)

    @property
    def said(self) -> str:
        return self._talk.read_text(encoding="utf-8")

    def code(self) -> int:
        self.process.communicate()
        assert "Traceback" not in self.said
        check_text(self.said)
        return self.process.returncode


def queue(kboot: Kboot, mirror: Mirror, many: int) -> tuple[Run, list[Run]]:
    """One that is held up in the midst of its download, and the others, who wait for it."""
    first = Run(kboot, "first")
    until(lambda: KUBECTL.path in mirror.asked)
    others = [Run(kboot, str(number)) for number in range(1, many)]
    until(lambda: all("waiting for" in other.said for other in others))
    return first, others


def check_store(kboot: Kboot) -> None:
    """Each release is there once and linked, and nothing else is."""
    (links,) = kboot.data.glob("profiles/*/current")
    for release in RELEASES:
        (receipt,) = kboot.data.glob(f"artifacts/{release.tool}/*/receipt.json")
        assert json.loads(receipt.read_text())["version"] == release.version
        assert (links / release.tool).resolve() == receipt.with_name(release.tool)
        assert (links / release.tool).read_bytes() == release.program(SIZE)
    assert {path.name for path in links.iterdir()} == {release.tool for release in RELEASES}
    assert list((kboot.data / "staging").iterdir()) == []
    assert kboot.run("exec", "p.toml", "--", "kubectl").out.strip() == KUBECTL.answer


@pytest.mark.parametrize("many", [2, 8])
def test_all_end_well_and_each_file_is_fetched_once(
    many: int, kboot: Kboot, mirror: Mirror
) -> None:
    first, others = queue(kboot, mirror, many)
    mirror.release.set()
    assert [run.code() for run in (first, *others)] == [0] * many
    wanted = [path for each in RELEASES for path in (each.checksum_path, each.path)]
    assert sorted(mirror.asked) == sorted(wanted)
    check_store(kboot)


def test_those_who_wait_say_for_whom(kboot: Kboot, mirror: Mirror) -> None:
    first, (other,) = queue(kboot, mirror, 2)
    holder = f"`kboot up p.toml` (process {first.process.pid}"
    assert holder in " ".join(other.said.split())
    mirror.release.set()
    assert (first.code(), other.code()) == (0, 0)


def test_when_the_one_that_downloads_is_killed_the_others_take_over(
    kboot: Kboot, mirror: Mirror
) -> None:
    first, others = queue(kboot, mirror, 4)
    first.process.send_signal(signal.SIGKILL)
    assert first.code() == -signal.SIGKILL
    assert [run.code() for run in others] == [0, 0, 0]
    assert mirror.asked.count(KUBECTL.path) == 2
    assert mirror.asked.count(MINIKUBE.path) == 1
    check_store(kboot)


def test_a_race_from_a_cold_start_without_anybody_held_up_fetches_once(
    kboot: Kboot, mirror: Mirror
) -> None:
    mirror.release.set()
    runs = [Run(kboot, str(number)) for number in range(8)]
    assert [run.code() for run in runs] == [0] * 8
    assert len(mirror.asked) == len(set(mirror.asked)) == 2 * len(RELEASES)
    check_store(kboot)


def test_kboots_with_one_store_and_two_state_folders_wait_for_each_other(
    kboot: Kboot, mirror: Mirror
) -> None:
    first = Run(kboot, "first")
    until(lambda: KUBECTL.path in mirror.asked)
    kboot.env["XDG_STATE_HOME"] = str(kboot.folder / "another-state")
    second = Run(kboot, "second")
    until(lambda: "waiting for" in second.said)
    mirror.release.set()
    assert (first.code(), second.code()) == (0, 0)
    assert sorted(mirror.asked) == sorted(
        path for each in RELEASES for path in (each.path, each.checksum_path)
    )
