import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs.hearing import Listener
from bootstrap.host.programs.runner import run
from bootstrap.host.programs.underway import note, settle


def test_a_program_notes_itself_before_it_does_anything(tmp_path: Path) -> None:
    path = tmp_path / "starting"
    lines: list[str] = []
    run(
        ("/bin/sh", "-c", f"echo $$; cat {path}"),
        env={"PATH": os.environ["PATH"]},
        timeout=60,
        listener=Listener(lambda stream, line: lines.append(line)),
        note=path,
    )
    assert f'"pid": {lines[0]},' in lines[1]


def test_without_a_note_there_is_nothing_to_wait_for(tmp_path: Path) -> None:
    assert settle(tmp_path / "starting", timeout=0, waiting=pytest.fail) == ""


def noting(path: Path) -> "subprocess.Popen[bytes]":
    code = (
        "import sys; from pathlib import Path; from bootstrap.host.programs.underway import note\n"
        f"note(Path({str(path)!r})); print('noted', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        (sys.executable, "-c", code),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stdout.readline() == b"noted\n"
    return process


def test_a_program_that_runs_is_waited_for_and_its_note_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "starting"
    said = []
    with noting(path) as process:

        def end(who: str) -> None:
            said.append(who)
            process.communicate()

        since = settle(path, timeout=60, waiting=end)
    assert since[:2] == "20"
    assert f"process {process.pid}" in said[0]
    assert not path.exists()


def test_a_program_that_does_not_end_is_named(tmp_path: Path) -> None:
    path = tmp_path / "starting"
    with noting(path) as process:
        with pytest.raises(KbootError) as raised:
            settle(path, timeout=0, waiting=lambda who: None)
        process.communicate()
    assert raised.value.code == Exit.LOCK_TIMEOUT
    assert f"process {process.pid}" in raised.value.why
    assert path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="start times are read in /proc")
def test_another_process_with_the_same_number_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "starting"
    note(path)
    path.write_text(path.read_text().replace('"start": "', '"start": "9'))
    assert settle(path, timeout=0, waiting=pytest.fail)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "start": "", "since": ""}'])
def test_a_note_that_was_cut_off_holds_nobody_up(text: str, tmp_path: Path) -> None:
    path = tmp_path / "starting"
    path.write_text(text)
    assert settle(path, timeout=0, waiting=pytest.fail)
    assert not path.exists()


def test_a_note_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    note(tmp_path / "no" / "folder")
