import json
import os
import shutil
import time
from pathlib import Path

import pytest

from bootstrap.host.programs.elf import fingerprint
from tests.helpers.waiting import until

PROGRAM = os.path.realpath("/bin/true")


def test_a_program_that_did_not_change_keeps_its_fingerprint() -> None:
    assert fingerprint(PROGRAM) is not None
    assert fingerprint(PROGRAM) == fingerprint(PROGRAM)


def test_a_fingerprint_survives_being_kept_as_json() -> None:
    assert json.loads(json.dumps(fingerprint(PROGRAM))) == fingerprint(PROGRAM)


def test_a_link_has_the_fingerprint_of_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(PROGRAM)
    assert fingerprint(str(tmp_path / "link")) == fingerprint(PROGRAM)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that are all old enough to be remembered."""
    folder = tmp_path_factory.mktemp("settled")
    (folder / "script").write_text("#!/bin/sh\nexec real-kubectl\n")
    (folder / "empty").touch()
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    shutil.copy(PROGRAM, folder / "kubectl")
    while fingerprint(str(folder / "kubectl")) is None:
        time.sleep(0.01)
    return folder


@pytest.mark.parametrize("name", ["script", "empty", "pipe", "folder", "missing", "nul\0"])
def test_what_is_no_program_file_has_no_fingerprint(name: str, settled: Path) -> None:
    assert fingerprint(str(settled / name)) is None


def test_a_rewrite_in_place_shows_though_size_and_mtime_are_restored(settled: Path) -> None:
    program = settled / "kubectl"
    before, status = fingerprint(str(program)), program.stat()
    with program.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert before is not None
    assert program.stat().st_mtime_ns == status.st_mtime_ns
    assert fingerprint(str(program)) is None, "changed just now: not to be remembered"
    until(lambda: fingerprint(str(program)))
    after = fingerprint(str(program))
    assert after is not None
    assert (after[:5], after[5] == before[5]) == (before[:5], False), "ctime alone tells"
