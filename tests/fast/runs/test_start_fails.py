"""minikube fails, lies, hangs, asks, floods, is killed: kboot says what is true, and ends."""

import signal
import sys

import pytest

from tests.helpers.driving.kboot import Kboot, as_root, held_back, on_linux, tree
from tests.helpers.waiting import until

pytestmark = as_root

# A child's peak counts what its parent held when it was started, so the parent is a small one.
WITH_ITS_PEAK = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as peak:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=peak)
sys.exit(code)
"""


def faulty(kboot: Kboot, fault: str) -> Kboot:
    kboot.minikube("0.25.0", fault=fault)
    return kboot


def test_a_start_that_ends_with_0_over_a_dead_cluster_is_noticed(old: Kboot) -> None:
    done = faulty(old, "start-exits-0-dead").run("up", "p.toml", "--timeout", "3s")
    assert done.code == 73
    assert "✗ api" in done.err
    assert "connection refused: nothing listens there" in done.err
    assert "Cluster old is not ready" in done.err
    document = old.json("up", "p.toml", "--timeout", "1s")
    gates = {gate["gate"]: gate["status"] for gate in document["gates"]}
    assert gates.pop("api") == "failed"
    assert set(gates.values()) == {"skipped"}


def test_a_dead_cluster_is_not_ok_afterwards_either(old: Kboot) -> None:
    faulty(old, "start-exits-0-dead").run("up", "p.toml", "--timeout", "1s")
    assert old.run("doctor", "p.toml").code == 1
    assert old.run("verify", "p.toml", "--timeout", "1s").code == 73
    faulty(old, "")
    assert old.run("up", "p.toml").code == 0


def test_a_cluster_that_was_never_ready_is_told_to_be_made_anew_until_it_was_ready_once(
    old: Kboot,
) -> None:
    done = faulty(old, "start-exits-0-dead").run("up", "p.toml", "--timeout", "1s")
    assert "has not been ready once" in done.err
    assert "kboot down --delete p.toml, then kboot up p.toml" in done.err
    faulty(old, "")
    assert old.run("up", "p.toml").code == 0
    faulty(old, "start-exits-0-dead")
    old.run("down", "p.toml")
    assert "has not been ready once" not in old.run("up", "p.toml", "--timeout", "1s").err


@on_linux
def test_a_start_that_hangs_is_ended_with_all_that_it_started(old: Kboot) -> None:
    done = faulty(old, "start-hangs").run("up", "p.toml", "--start-timeout", "2s")
    assert done.code == 71
    assert "did not end within 2.0 s" in " ".join(done.err.split())
    assert "how far minikube came with cluster old is not known" in " ".join(done.err.split())
    assert old.left() == []


def test_a_start_that_asks_gets_the_end_of_input_for_an_answer(old: Kboot) -> None:
    done = faulty(old, "start-asks").run("up", "p.toml")
    assert "read end of input" in done.err
    assert done.code == 0


@on_linux
def test_a_start_that_floods_ends_and_fills_neither_memory_nor_log(old: Kboot) -> None:
    peak = old.folder / "peak"
    old.launcher = (sys.executable, "-c", WITH_ITS_PEAK, str(peak))
    done = faulty(old, "start-floods").run("up", "p.toml", "--output", "json")
    assert done.code == 0
    assert len(done.err) < 10_000_000
    assert int(peak.read_text()) < 100_000  # KiB; the flood is 100 MB


@on_linux
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGTERM, "terminated (exit 143)"),
        (signal.SIGINT, "interrupted (exit 130)"),
        (signal.SIGHUP, "hangup (exit 129)"),
    ],
)
def test_a_signal_ends_kboot_and_the_minikube_that_it_started(
    number: signal.Signals, said: str, old: Kboot
) -> None:
    with faulty(old, "start-hangs").start("up", "p.toml") as process:
        until(lambda: old.calls("start"))
        until(lambda: len(old.left()) >= 3)  # kboot, minikube, and what minikube started
        process.send_signal(number)
        _, told = process.communicate()
    assert process.returncode == 128 + number
    assert f"kboot: {said}" in told
    assert "Traceback" not in told
    assert "  state  " in told
    assert old.left() == []
    faulty(old, "")
    assert old.run("up", "p.toml").code == 0


@on_linux
def test_a_signal_while_looking_ends_the_probes_too(old: Kboot) -> None:
    with faulty(old, "version-hangs").start("doctor", "p.toml") as process:
        until(lambda: old.calls("version"))
        process.terminate()
        _, said = process.communicate()
    assert (process.returncode, "Traceback" in said) == (143, False)
    assert old.left() == []


@on_linux
def test_after_a_kill_in_the_middle_of_a_start_the_next_run_converges(old: Kboot) -> None:
    with held_back(old):
        with old.start("up", "p.toml") as process:
            until(lambda: old.calls("start"))
            process.kill()
        assert process.returncode == -signal.SIGKILL
    until(lambda: not old.left(but="recorded_api"))  # the orphaned minikube has come to its end
    assert old.run("up", "p.toml").code == 0
    assert old.run("up", "p.toml").out.startswith("Nothing to do.")


def test_a_start_that_was_never_begun_left_nothing(old: Kboot) -> None:
    before = tree(old.home, but=".cache")
    old.env["KBOOT_TRUST"] = "blind"
    old.run("up", "p.toml")
    assert tree(old.home, but=".cache") == before
