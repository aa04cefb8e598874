"""The rehearsal, as a person runs it: from an empty HOME to a verified cluster, and back."""

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bootstrap.core.gate import GATE_IDS
from tests.commands.test_events import CLOCKS, lines, spans
from tests.real.engine import SCRIPTS, docker

pytestmark = pytest.mark.real

KUBECTL = "GET /release/v1.20.0/bin/linux/amd64/kubectl"


@pytest.fixture(scope="module")
def told(
    engine: None, kubectl_1_20: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.CompletedProcess[str], Path]]:
    """What scripts/rehearse said, and the folder in which its HOME was."""
    folder = tmp_path_factory.mktemp("rehearsal")
    events = folder.with_name(f"{folder.name}-events")
    done = subprocess.run(
        ["env", f"TMPDIR={folder}", str(SCRIPTS / "rehearse"), "--events", str(events)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield done, folder


def answers(told: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    """What each command of kboot's said, by its first word, in the order of asking."""
    said: dict[str, list[str]] = {}
    for part in re.split(r"^\$ kboot ", told.stdout, flags=re.MULTILINE)[1:]:
        command, _, text = part.partition("\n")
        said.setdefault(command.split()[0], []).append(" ".join(text.split()))
    return said


def test_the_rehearsal_verifies_a_cluster_and_does_nothing_twice(
    told: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, _ = told
    assert done.returncode == 0, done.stdout
    assert "Traceback" not in done.stdout
    said = answers(done)
    first, second = said["up"]
    assert "Ready, proven by use, in " in first
    assert "- build the profile declares no docker" in first
    assert "Nothing to do. " in second and "(all gates proven just now)" in second
    assert re.search(r"NAME STATUS .* Ready .* v1\.20\.2", said["exec"][0]), said["exec"]
    assert "is stopped" in said["down"][0]


def test_the_timeline_of_up_can_be_drawn_from_its_events(
    told: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, folder = told
    found = lines(folder.with_name(f"{folder.name}-events"))
    drawn = spans(found)
    steps = [
        "install kubectl 1.20.0",
        "start cluster rehearsal",
        "merge rehearsal into ~/.kube/config",
    ]
    proven = [gate for gate in GATE_IDS if gate != "build"]  # the profile has no docker
    assert [subject for _, _, subject in drawn] == [*steps, *proven]
    for (_, before, _), (after, _, _) in pairwise(drawn):
        assert before <= after + CLOCKS
    assert sum(end - begin for begin, end, _ in drawn) <= found[-1]["seconds"] + CLOCKS
    (last,) = [line for line in found if line["happening"] == "download"][-1:]
    assert last["done"] == last["total"]


def test_kubectl_is_fetched_once(told: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = told
    asked = done.stdout.partition("Asked of the mirror in all this:")[2]
    assert re.findall(r"^  (\S+ \S+)", asked, flags=re.MULTILINE) == [KUBECTL]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_nothing_of_the_rehearsal_is_left(
    told: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, folder = told
    assert list(folder.iterdir()) == []
    assert processes_knowing(f"{folder}/kboot-rehearsal-") == []
    # Others' containers come and go meanwhile, so this is one question.
    assert str(folder) not in docker("ps", "--all", "--no-trunc", "--format", "{{json .}}")


def processes_knowing(word: str) -> list[str]:
    """Of every process, whose environment or command line has `word`, the command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = process.joinpath("cmdline").read_bytes()
            environ = process.joinpath("environ").read_bytes()
        except OSError:
            continue  # it has ended
        if word.encode() in command + environ:
            found.append(command.decode(errors="replace").replace("\0", " "))
    return found
