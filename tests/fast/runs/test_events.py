"""--events: a file from which the whole run can be told afterwards, and which stops nothing."""

import os
import shutil
import signal
import subprocess
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.gate import LIVE_GATES
from bootstrap.ui.events import DOWNLOAD_PAUSE, EventFile
from tests.helpers.driving.events import CLOCKS, SCHEMA, Line, lines, spans
from tests.helpers.driving.kboot import (
    KUBECTL,
    TOOLS,
    Kboot,
    as_root,
    held_back,
    on_amd64,
    on_linux,
    tree,
)
from tests.helpers.places import ROOT
from tests.helpers.serving.mirror import Mirror
from tests.helpers.waiting import until

LIVE_IDS = tuple(gate.id for gate in LIVE_GATES)


def happenings(found: list[Line]) -> list[str]:
    return [f"{line['happening']} {line['subject']}" for line in found]


@as_root
def test_a_run_can_be_told_from_its_file_alone(old: Kboot) -> None:
    assert old.run("up", "--events", "../events", "p.toml").code == 0
    found = lines(old.folder / "events")
    assert {line["run"] for line in found} == {found[0]["run"]}
    told = [each for each in happenings(found) if not each.startswith(("output", "waiting"))]
    gates = [each for id in LIVE_IDS for each in (f"gate-started {id}", f"gate-passed {id}")]
    merge = "merge old into ~/.kube/config"
    steps = [
        f"step-{how} {step}" for step in ("start cluster old", merge) for how in ("started", "done")
    ]
    assert told == ["run-started up", *steps, *gates, "run-ended up"]
    assert any(line["happening"] == "output" and "minikube: " in line["message"] for line in found)
    assert found[0]["profile"]["name"] == "old"
    assert (found[-1]["exit_code"], found[-1]["exit_id"]) == (0, "converged")


@as_root
def test_steps_and_gates_lie_on_a_timeline_that_adds_up(old: Kboot) -> None:
    assert old.run("up", "--events", "../events", "p.toml").code == 0
    found = lines(old.folder / "events")
    started = {
        line["subject"]: line["elapsed"]
        for line in found
        if line["happening"] in ("step-started", "gate-started")
    }
    drawn = spans(found)
    assert [subject for _, _, subject in drawn] == list(started)
    for begin, end, subject in drawn:
        assert started[subject] - CLOCKS <= begin <= end
    for (_, before, _), (after, _, _) in pairwise(drawn):
        assert before <= after + CLOCKS
    total = found[-1]["seconds"]
    assert sum(end - begin for begin, end, _ in drawn) <= total + CLOCKS
    elapsed = [line["elapsed"] for line in found]
    assert elapsed == sorted(elapsed) and abs(elapsed[-1] - total) <= CLOCKS
    times = [line["time"] for line in found]
    assert times == sorted(times)


@as_root
def test_a_gate_that_fails_has_its_reason_and_those_after_it_are_skipped(old: Kboot) -> None:
    assert old.run("up", "p.toml").code == 0
    old.end()
    done = old.run("verify", "--timeout", "1s", "--events", "../events", "p.toml")
    assert done.code == 73
    found = lines(old.folder / "events")
    by_gate = {line["subject"]: line for line in found if line["happening"].startswith("gate-")}
    assert by_gate["api"]["happening"] == "gate-failed"
    assert by_gate["api"]["reason"] == "api-refused"
    others = {by_gate[id]["happening"] for id in LIVE_IDS if id != "api"}
    assert others == {"gate-skipped"}
    assert (found[-1]["exit_id"], found[0]["subject"]) == ("cluster-not-ready", "verify")


@on_amd64
def test_a_step_that_fails_has_the_exit_codes_id_and_its_download_is_told(kboot: Kboot) -> None:
    wrong = kboot.folder / "wrong"
    wrong.write_bytes(b"#!/bin/sh\necho owned\n" * 5000)
    with Mirror({KUBECTL: wrong}) as mirror:
        kboot.env["KBOOT_MIRRORS"] = f"https://dl.k8s.io={mirror.url}"
        kboot.env["KBOOT_CA_BUNDLE"] = str(mirror.ca_file)
        done = kboot.run("up", "--events", "../events", kboot.profile(TOOLS))
    found = lines(kboot.folder / "events")
    assert done.code == 30
    assert [line["happening"] for line in found][-2:] == ["step-failed", "run-ended"]
    assert found[-2]["reason"] == found[-1]["exit_id"] == "integrity"
    assert found[-1]["message"] in " ".join(done.err.split())
    assert [line["done"] for line in found if line["happening"] == "download"]


@as_root
def test_runs_that_share_a_file_add_whole_lines_and_keep_what_was_there(old: Kboot) -> None:
    file = old.folder / "events"
    assert old.run("up", "--events", "../events", "p.toml").code == 0
    before = file.read_text()
    words = ("verify", "--events", "../events", "p.toml")
    runs = [old.start(*words, stdout=subprocess.DEVNULL) for _ in range(4)]
    assert [run.communicate() and run.returncode for run in runs] == [0] * 4
    assert file.read_text().startswith(before)
    ended = [line["run"] for line in lines(file) if line["happening"] == "run-ended"]
    assert len(ended) == len(set(ended)) == 5


@pytest.mark.parametrize("path", ["-", "", "..", "none/events", "p.toml/events"])
def test_a_file_that_cannot_be_is_an_error_before_anything_is_done(path: str, old: Kboot) -> None:
    before = tree(old.folder)
    done = old.run("up", f"--events={path}", "p.toml")
    assert done.code == 2
    assert "nothing was changed" in done.err
    assert tree(old.folder) == before
    assert old.calls() == []


@on_linux
def test_a_file_that_may_not_be_written_is_exit_41(kboot: Kboot) -> None:
    program = kboot.folder / "program"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "600"]) as running:
        done = kboot.run("up", "--events", str(program), kboot.profile(TOOLS))
        running.kill()
    assert done.code == 41
    assert "Text file busy" in done.err


@as_root
@on_linux
@pytest.mark.parametrize("how", ["-v", "-q"])
def test_a_full_disk_is_said_once_and_stops_nothing(how: str, old: Kboot) -> None:
    done = old.run("up", how, "--events", "/dev/full", "p.toml")
    assert done.code == 0
    said = " ".join(done.err.split())
    assert said.count("no more events are written to /dev/full: No space left on device") == 1
    assert old.run("plan", "--detailed-exitcode", "p.toml").code == 0


def test_a_profile_that_cannot_be_read_has_its_two_lines(kboot: Kboot) -> None:
    done = kboot.run("up", "--events", "../events", kboot.profile("nonsense"))
    found = lines(kboot.folder / "events")
    assert happenings(found) == ["run-started up", "run-ended up"]
    assert (done.code, found[0]["profile"], found[-1]["exit_code"]) == (10, None, 10)


def test_a_run_that_is_blocked_says_by_what(kboot: Kboot) -> None:
    done = kboot.run("up", "--offline", "--events", "../events", kboot.profile(TOOLS))
    assert done.code == 22
    assert "blocked by offline" in lines(kboot.folder / "events")[-1]["message"]


@as_root
@on_linux
def test_a_run_that_a_signal_ends_has_its_last_line(old: Kboot) -> None:
    with held_back(old), old.start("up", "--events", "../events", "p.toml") as run:
        until(lambda: old.calls("start"))
        run.send_signal(signal.SIGTERM)
        run.communicate()
    assert run.returncode == 143
    assert lines(old.folder / "events")[-1]["exit_id"] == "terminated"


def test_json_output_is_still_the_one_document(kboot: Kboot) -> None:
    told = kboot.json("up", "--offline", "--events", "../events", kboot.profile(TOOLS))
    assert told["exit_code"] == lines(kboot.folder / "events")[-1]["exit_code"] == 22


def test_lines_from_many_threads_are_whole(tmp_path: Path) -> None:
    events = EventFile(str(tmp_path / "events"), "up")
    events.begin(None)

    def emit(number: int) -> None:
        for _ in range(100):
            events.event(Event(Happening.OUTPUT, f"step {number}", "x" * 3000))

    threads = [threading.Thread(target=emit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(tmp_path / "events")) == 801


def test_of_a_download_the_first_and_the_last_are_told_and_few_between(tmp_path: Path) -> None:
    events = EventFile(str(tmp_path / "events"), "up")
    for done in range(1, 5001):
        events.event(Event(Happening.DOWNLOAD, "kubectl", done=done, total=5000))
    found = lines(tmp_path / "events")
    assert (found[0]["done"], found[-1]["done"]) == (1, 5000)
    between = [line["elapsed"] for line in found[:-1]]
    for before, after in pairwise(between):
        assert after - before >= DOWNLOAD_PAUSE - 0.002


def test_credentials_are_masked(tmp_path: Path) -> None:
    events = EventFile(str(tmp_path / "events"), "up")
    said = "get https://ada:secret@host/x?signature=secret failed"
    events.event(Event(Happening.OUTPUT, "install https://ada:secret@host/x", said))
    assert "secret" not in (tmp_path / "events").read_text()
    assert "https://***@host/x" in lines(tmp_path / "events")[0]["message"]


def test_what_is_no_text_makes_a_line_all_the_same(tmp_path: Path) -> None:
    events = EventFile(str(tmp_path / "events"), "up")
    message = os.fsdecode(b"\xff\n\x1b")
    events.event(Event(Happening.OUTPUT, "s", message))
    assert lines(tmp_path / "events")[0]["message"] == message


def test_the_page_and_the_schema_name_every_happening_and_key() -> None:
    page = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    assert set(SCHEMA["properties"]["happening"]["enum"]) == {each.value for each in Happening}
    for each in Happening:
        assert page.count(f"\n| `{each.value}` |") == 1
    for key in SCHEMA["properties"]:
        assert f"`{key}`" in page
