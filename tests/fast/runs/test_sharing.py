"""Gates share the cluster's lock: nobody stops the cluster beneath them, and several may look."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import Kboot, as_root
from tests.helpers.waiting import until
from tests.helpers.working.starting import Start

pytestmark = as_root


@pytest.fixture
def up(new: Kboot) -> Kboot:
    """A cluster that runs, and is proven."""
    assert new.run("up", "p.toml").code == 0
    return new


@contextmanager
def waiting(kboot: Kboot, start: Start, how: str, *words: str) -> Iterator[tuple[Path, object]]:
    """A run that waits for another's hold of the cluster's lock, until the block is left."""
    lock = kboot.home / ".local" / "state" / "kboot" / "locks" / "cluster-new"
    holder = start("holder", how, str(lock))
    assert holder.stdout and holder.stdin
    assert holder.stdout.readline() == "held False\n"
    talk = kboot.folder / "talk"
    with talk.open("w") as stderr, kboot.start(*words, stderr=stderr) as process:
        until(lambda: f"(process {holder.pid}" in " ".join(talk.read_text().split()))
        assert process.poll() is None
        yield talk, process
        holder.stdin.close()
        process.communicate()
    assert process.returncode == 0, talk.read_text()


def test_down_waits_for_those_who_pass_gates_and_says_for_whom(up: Kboot, start: Start) -> None:
    with waiting(up, start, "share", "down", "p.toml"):
        assert up.calls("stop") == []
    assert len(up.calls("stop")) == 1


@pytest.mark.parametrize(
    "words", [("verify", "p.toml"), ("up", "p.toml", "--prove")], ids=lambda it: it[0]
)
def test_gates_wait_for_who_changes_the_cluster(
    words: tuple[str, ...], up: Kboot, start: Start
) -> None:
    with waiting(up, start, "hold", *words):
        pass


def test_gates_of_several_runs_are_passed_side_by_side(up: Kboot, start: Start) -> None:
    lock = up.home / ".local" / "state" / "kboot" / "locks" / "cluster-new"
    holder = start("holder", "share", str(lock))
    assert holder.stdout and holder.stdout.readline() == "held False\n"
    done = up.run("verify", "p.toml")
    assert done.code == 0 and "waiting for" not in done.err


def test_up_that_waited_for_a_down_does_not_call_the_cluster_ready(up: Kboot, start: Start) -> None:
    """What it saw before is old: it looks again, and tells what is left."""
    lock = up.home / ".local" / "state" / "kboot" / "locks" / "cluster-new"
    holder = start("holder", "hold", str(lock))
    assert holder.stdout and holder.stdin and holder.stdout.readline() == "held False\n"
    talk = up.folder / "talk"
    with talk.open("w") as stderr, up.start("up", "p.toml", "--prove", stderr=stderr) as process:
        until(lambda: "waiting for" in talk.read_text())
        stop = (str(up.bin / "minikube"), "stop", "--profile", "new")
        assert up.run(program=stop).code == 0
        holder.stdin.close()
        out, _ = process.communicate()
    assert process.returncode == 1, (out, talk.read_text())
    assert "is stopped" in talk.read_text()
