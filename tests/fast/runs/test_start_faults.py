"""`minikube start` in every way that it is known to go wrong: the message, the code, what is left.

Together with test_start_fails.py (dead port, hanging, asking, flooding, signals).
"""

import random
import re
import signal
import subprocess
from typing import Any

import pytest

from tests.helpers.driving.kboot import Kboot, as_root, held_back, on_linux
from tests.helpers.waiting import until
from tests.standins.minikube_v0_25_texts import transcript

pytestmark = as_root

GLOG = re.compile(r"^[EF]\d{4} [\d:.]+ +\d+ ", re.MULTILINE)
REASONS = {
    "start-bad-bootstrapper": "bootstrapper-unknown",
    "start-bad-cpus": "flag-refused",
    "start-bad-disk": "disk-size",
    "start-bad-disk2": "disk-size",
    "start-corrupt-machine": "machine-record-broken",
    "start-docker-iso-cached": "driver-unsupported",
    "start-driver-flag": "flag-refused",
    "start-hyperkit-iso-cached": "driver-unsupported",
    "start-hyperv-iso-cached": "driver-unsupported",
    "start-kvm2-iso-cached": "driver-missing",
    "start-missing-machine-json": "machine-record-broken",
    "start-none-notroot": "needs-root",
    "start-virtualbox-absent-iso-cached": "vboxmanage-missing",
    "start-xhyve-iso-cached": "driver-unsupported",
}
"""Recorded failures of 0.25.0 that no second try mends; each with a text of its own."""


def joined(text: str) -> str:
    return " ".join(text.split())


def faulty(kboot: Kboot, version: str, fault: str) -> Kboot:
    kboot.minikube(version, fault=fault)
    return kboot


@pytest.mark.parametrize("case", REASONS)
def test_a_recorded_failure_is_told_in_its_own_words_with_its_reason_and_tried_once(
    case: str, old: Kboot
) -> None:
    document = faulty(old, "0.25.0", f"start-fails:{case}").json("up", "p.toml")
    error: dict[str, Any] = document["error"]
    assert (error["code"], error["reason"]) == (70, REASONS[case])
    assert f"failed (exit {transcript()[case]['rc']}): " in error["what"]
    assert error["why"] == "its last words were these"
    recorded = GLOG.sub("", transcript()[case]["err"])
    first = GLOG.sub("", error["items"][0]).replace(str(old.home), "/root")
    assert first.replace('"old"', '"minikube"') in recorded or "machines/old" in first
    assert len(old.calls("start")) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("PROVIDER_VIRTUALBOX_NOT_FOUND", "vboxmanage-missing"),
        ("DRV_NOT_HEALTHY", "driver-unhealthy"),
        ("RSRC_INSUFFICIENT_REQ_MEMORY", "too-little-memory"),
        ("GUEST_PROVISION", ""),
    ],
)
def test_an_error_event_is_told_as_minikube_words_it_and_an_unknown_one_as_it_came(
    name: str, reason: str, new: Kboot
) -> None:
    error = faulty(new, "1.19.0", f"start-fails:{name}").json("up", "p.toml")["error"]
    assert (error["code"], error["reason"]) == (70, reason)
    assert error["items"] == [f"Exiting due to {name}: the stand-in was told to fail"]


def test_a_failure_is_readable_on_a_narrow_screen_and_nothing_is_asked(old: Kboot) -> None:
    done = faulty(old, "0.25.0", "start-fails:start-none-notroot").run("up", "p.toml")
    assert done.code == 70
    assert "only root may" in joined(done.err)
    assert "its last words were these" in done.err
    assert "  next   run kboot as root, or choose another driver" in done.err
    assert "Would you like to opt in" not in done.err


def test_the_steps_of_a_start_with_events_are_told_as_lines(new: Kboot) -> None:
    done = new.run("up", "p.toml")
    assert done.code == 0
    assert "      minikube: step 3/19: Starting control plane node new in cluster new" in done.err
    assert "specversion" not in done.err
    assert all(call.endswith("--output=json") for call in new.calls("start"))


def test_a_download_that_fails_is_tried_again_aloud_until_it_goes_well(old: Kboot) -> None:
    done = faulty(old, "0.25.0", "start-fails-twice:start-virtualbox-absent").run("up", "p.toml")
    assert done.code == 0
    said = joined(done.err)
    assert "minikube could not download what it needs (try 1 of 3); again in 2.0 s" in said
    assert "minikube could not download what it needs (try 2 of 3); again in 5.0 s" in said
    assert len(old.calls("start")) == 3


def test_a_download_that_goes_on_failing_is_given_up_after_three_tries(old: Kboot) -> None:
    faulty(old, "0.25.0", "start-fails:start-none-unreachable-download")
    error = old.json("up", "p.toml")["error"]
    assert (error["code"], error["reason"]) == (70, "localkube-missing")
    assert len(old.calls("start")) == 3


def test_no_pause_is_begun_that_the_deadline_would_cut(old: Kboot) -> None:
    fault = "start-fails:start-virtualbox-absent"
    done = faulty(old, "0.25.0", fault).run("up", "p.toml", "--start-timeout", "1s")
    assert done.code in (70, 71)  # 71 where this machine is very slow
    assert len(old.calls("start")) == 1


@on_linux
def test_a_silence_is_told_with_its_length_and_the_last_words(old: Kboot) -> None:
    done = faulty(old, "0.25.0", "start-hangs").run("up", "p.toml", "--start-timeout", "4s")
    assert done.code == 71
    said = joined(done.err)
    last = 'of 4.0 s are over; its last words: "Getting VM IP address..."'
    silence = r"no word from minikube for [1-3]\.\d s; [1-4]\.\d s "
    assert len(re.findall(silence + re.escape(last), said)) >= 2
    assert "minikube is told to stop, and has 10.0 s for it" in said
    assert old.left() == []


@on_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_the_state_is_said_and_the_next_run_says_what_it_found(
    number: signal.Signals, old: Kboot
) -> None:
    with faulty(old, "0.25.0", "start-hangs").start("up", "p.toml") as process:
        until(lambda: len(old.left()) >= 3)  # kboot, minikube, and what minikube started
        process.send_signal(number)
        _, told = process.communicate()
    assert process.returncode == 128 + number
    said = joined(told)
    assert "minikube is told to stop" in said
    assert re.search(r"state minikube was told to stop and ended after \d+\.\d s; ", said)
    assert "how far minikube came with cluster old is not known" in said
    assert old.left() == []
    again = faulty(old, "0.25.0", "").run("up", "p.toml")
    assert again.code == 0
    assert re.search(r"its start of [\d: -]+ was cut off; kboot looks again", joined(again.err))
    assert old.run("up", "p.toml").out.startswith("Nothing to do.")


@on_linux
def test_a_start_that_outlives_its_kboot_is_waited_for(old: Kboot) -> None:
    told = old.folder / "told"
    with held_back(old) as gate, told.open("w") as err:
        with old.start("up", "p.toml") as first:
            until(lambda: "Setting up certs" in first.stderr.readline())  # type: ignore[union-attr]
            first.kill()
        with old.start("up", "p.toml", stderr=err) as second:
            until(lambda: "a killed kboot left at work" in joined(told.read_text()))
            assert len(old.calls("start")) == 1
            gate.touch()
            second.communicate()
    assert second.returncode == 0
    assert "was cut off; kboot looks again and goes on" in joined(told.read_text())
    assert old.left(but="recorded_api") == []


@on_linux
@pytest.mark.parametrize("era", ["old", "new"])
def test_a_start_that_dies_over_a_cluster_that_comes_up_later_is_started_again(
    era: str, request: pytest.FixtureRequest
) -> None:
    kboot: Kboot = request.getfixturevalue(era)
    version = "0.25.0" if era == "old" else "1.19.0"
    done = faulty(kboot, version, "start-dies-halfway").run("up", "p.toml")
    assert done.code == 70
    assert "was ended by SIGTERM" in joined(done.err)
    assert f"cluster {era}: its API " in joined(done.err).partition(" state ")[2]
    until(lambda: kboot.left())  # Kubernetes, which minikube began
    assert kboot.run("doctor", "p.toml").code == 1
    faulty(kboot, version, "")
    assert kboot.run("up", "p.toml").code == 0
    assert len(kboot.calls("start")) == 2


def tell_until(process: "subprocess.Popen[str]", lines: int) -> None:
    """Read that many lines of what it says, or all."""
    assert process.stderr is not None
    for _ in range(lines):
        if not process.stderr.readline():
            break


@on_linux
@pytest.mark.parametrize("seed", range(20))
def test_after_an_end_at_any_moment_the_next_run_converges(
    seed: int, request: pytest.FixtureRequest
) -> None:
    moment = random.Random(seed)
    kboot: Kboot = request.getfixturevalue(moment.choice(["old", "new"]))
    number = moment.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
    with kboot.start("up", "p.toml") as process:
        tell_until(process, moment.randint(1, 25))
        process.send_signal(number)
        _, told = process.communicate()
    ends = {0, -number if number == signal.SIGKILL else 128 + number}
    assert process.returncode in ends, told
    assert "Traceback" not in told
    if number != signal.SIGKILL:
        assert kboot.left(but="recorded_api") == []
    done = kboot.run("up", "p.toml")
    assert done.code == 0, done
    assert kboot.left(but="recorded_api") == []
    if process.returncode:
        assert len(kboot.calls("start")) <= 2
