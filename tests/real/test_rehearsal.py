"""The rehearsal, as a person runs it: from an empty HOME to a verified cluster, and back."""

import re
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from bootstrap.core.model.gate import GATE_IDS
from tests.helpers.driving.events import CLOCKS, lines, spans
from tests.helpers.places import SCRIPTS

pytestmark = pytest.mark.real

KUBECTL = "GET /release/v1.35.2/bin/linux/amd64/kubectl"
SILENCE = 15.0
"""Seconds within which something must move, also in a pipe."""


class Told(NamedTuple):
    code: int
    out: str
    folder: Path
    moments: tuple[float, ...]
    """When it began, and each line came."""


@pytest.fixture(scope="module")
def told(kubernetes_1_35: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What scripts/rehearse said in a pipe, when, and the folder that it had for its own."""
    folder = tmp_path_factory.mktemp("rehearsal")
    events = folder.with_name(f"{folder.name}-events")
    command = ["env", f"TMPDIR={folder}", str(SCRIPTS / "rehearse"), "--events", str(events)]
    pipe, lines, moments = subprocess.PIPE, [], [time.monotonic()]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            moments.append(time.monotonic())
    return Told(process.returncode, "".join(lines), folder, tuple(moments))


def answers(told: Told) -> dict[str, list[str]]:
    """What each command of kboot's said, by its first word, in the order of asking."""
    said: dict[str, list[str]] = {}
    for part in re.split(r"^\$ kboot ", told.out, flags=re.MULTILINE)[1:]:
        command, _, text = part.partition("\n")
        said.setdefault(command.split()[0], []).append(" ".join(text.split()))
    return said


def test_the_rehearsal_verifies_a_cluster_and_does_nothing_twice(told: Told) -> None:
    assert told.code == 0, told.out
    assert "Traceback" not in told.out
    said = answers(told)
    first, second = said["up"]
    assert "Ready, proven by use, in " in first
    assert "✓ build an image built with docker, brought by minikube image load," in first
    assert "Nothing to do. " in second and "(all gates proven just now)" in second
    assert re.search(r"NAME STATUS .* Ready .* v1\.35\.1", said["exec"][0]), said["exec"]
    assert "is deleted" in said["down"][0]


def test_something_moves_always(told: Told) -> None:
    assert max(after - before for before, after in pairwise(told.moments)) < SILENCE


def test_the_timeline_of_up_can_be_drawn_from_its_events(told: Told) -> None:
    found = lines(told.folder.with_name(f"{told.folder.name}-events"))
    drawn = spans(found)
    steps = [
        "install kubectl 1.35.2",
        "start cluster minikube",
        "merge minikube into ~/.kube/config",
    ]
    assert [subject for _, _, subject in drawn] == [*steps, *GATE_IDS]
    for (_, before, _), (after, _, _) in pairwise(drawn):
        assert before <= after + CLOCKS
    assert sum(end - begin for begin, end, _ in drawn) <= found[-1]["seconds"] + CLOCKS
    (last,) = [line for line in found if line["happening"] == "download"][-1:]
    assert last["done"] == last["total"]


def test_kubectl_is_fetched_once(told: Told) -> None:
    asked = told.out.partition("Asked of the mirror in all this:")[2]
    assert re.findall(r"^  (\S+ \S+)", asked, flags=re.MULTILINE) == [KUBECTL]


def test_nothing_of_the_rehearsal_is_left(told: Told) -> None:
    """What a machine leaves: test_machine."""
    assert list(told.folder.iterdir()) == []
    assert processes_knowing(f"{told.folder}/kboot-rehearsal-") == []


def test_a_rehearsal_that_is_stopped_says_when_nothing_is_left(
    kubernetes_1_35: Path, tmp_path: Path
) -> None:
    command = ("env", f"TMPDIR={tmp_path}", SCRIPTS / "rehearse")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("$ kboot up"))
        process.terminate()
        out = process.stdout.read()
    assert process.returncode == 130
    assert "\nrehearse: stopped\n" in out
    assert out.endswith("\nrehearse: nothing of it is left\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("cache", "lacks"),
    [("/var/cache/kboot-tests", "outside /etc"), ("/tmp/kboot tests", "paths without spaces")],
)
def test_a_place_that_cannot_be_is_told_before_anything_is_made(cache: str, lacks: str) -> None:
    command = ("env", f"KBOOT_TEST_CACHE={cache}", SCRIPTS / "rehearse")
    said = subprocess.run(command, capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (1, "")
    assert lacks in said.stderr
    assert not Path(cache).exists()


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
