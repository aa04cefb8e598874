"""`minikube status` of every era: what is not understood is unknown, never a guess."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.core.model.state import Power
from bootstrap.core.values.version import parse_version
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from bootstrap.provider.minikube.status import Said, arguments, parse
from tests.helpers.places import TRANSCRIPTS

RECORDS: dict[str, dict[str, Any]] = {
    case: record
    for case, record in json.loads((TRANSCRIPTS / "minikube-v0.25.0.json").read_text()).items()
    if case.startswith("status-")
}
WORDS = {
    "minikube: Running": Power.RUNNING,
    "minikube: Stopped": Power.STOPPED,
    "minikube: ": Power.ABSENT,
}
NOT_PLAIN = (
    *("status-none-format", "status-none-format-json", "status-running-format"),
    *("status-running-format-all", "status-polled-during-fresh-start.txt"),
)
"""Records of other questions than kboot's: their answers must not be taken for one."""


def test_all_recorded_answers_are_here() -> None:
    assert len(RECORDS) == 69
    assert {wanted(case) for case in RECORDS} == set(Power)


def wanted(case: str) -> Power:
    out = RECORDS[case]["out"]
    if case in NOT_PLAIN or not out.startswith("minikube:"):
        return Power.UNKNOWN
    return WORDS[out.splitlines()[0]]


@pytest.mark.parametrize("case", RECORDS)
def test_minikube_0_25_is_read_by_its_fields_whatever_the_exit_code(case: str) -> None:
    record = RECORDS[case]
    said = parse(record["out"], record.get("err", ""))
    assert said.power is wanted(case)
    assert bool(said.failure) == (said.power is Power.UNKNOWN)


def test_an_error_of_0_25_is_told_without_its_time_and_process_id() -> None:
    record = RECORDS["status-kubeconfig-missing"]
    assert parse(record["out"], record["err"]).failure == (
        "minikube status said Error kubeconfig status: "
        "Kubeconfig does not have a record of the machine cluster"
    )


TEXT = "host: {}\nkubelet: {}\napiserver: {}\nkubectl: Correctly Configured: pointing to 1.2.3.4\n"
NODE = {"Name": "kboot", "Host": "Running", "Kubelet": "Running", "APIServer": "Running"}
EVENT = {"specversion": "1.0", "type": "io.k8s.sigs.minikube.info", "data": {"message": "update"}}
MISSING = 'Profile "kboot" not found. Run "minikube profile list" to view all profiles.'


def node(host: str, **more: Any) -> str:
    return json.dumps({**NODE, "Host": host, **more})


def event(kind: str, message: str) -> str:
    data = {"message": message, "exitcode": "85"}
    return json.dumps({**EVENT, "type": f"io.k8s.sigs.minikube.{kind}", "data": data})


ANSWERS = [
    ("0.31 to 1.4", TEXT.format("Running", "Running", "Running"), Power.RUNNING),
    ("without a newline", "host: Stopped\nkubelet: \napiserver: \nkubectl: ", Power.STOPPED),
    ("an API that is down", TEXT.format("Running", "Stopped", "Stopped"), Power.RUNNING),
    ("saved", TEXT.format("Saved", "", ""), Power.STOPPED),
    ("empty", TEXT.format("", "", ""), Power.ABSENT),
    ("1.5", node("Running"), Power.RUNNING),
    ("1.5 stopped", node("Stopped"), Power.STOPPED),
    ("a paused machine", node("Paused"), Power.STOPPED),
    ("1.7 without a profile", node("Nonexistent"), Power.ABSENT),
    ("1.9 nodes without a break", node("Running") + node("Running"), Power.RUNNING),
    ("nodes", f"[{node('Running')},{node('Running', Worker=True)}]", Power.RUNNING),
    ("a stopped node", f"[{node('Running')},{node('Stopped')}]", Power.STOPPED),
    ("a lost node", f"[{node('Running')},{node('Nonexistent')}]", Power.STOPPED),
    ("a strange node", f"[{node('Running')},{node('Error')}]", Power.UNKNOWN),
    ("events before", f"{json.dumps(EVENT)}\n{node('Running')}", Power.RUNNING),
    ("events after", f"{node('Stopped')}\n{json.dumps(EVENT)}\n", Power.STOPPED),
    ("text before", f"! a new version\n{node('Running')}", Power.RUNNING),
    ("1.35 without a machine", "null", Power.ABSENT),
    ("1.35 with an event", f"{json.dumps(EVENT)}\nnull\n", Power.ABSENT),
    ("1.9 without a profile", '* There is no local cluster named "kboot"\n', Power.ABSENT),
    ("1.18 without a profile", f"* {MISSING}\n", Power.ABSENT),
    ("1.38 without a profile", event("step", MISSING), Power.ABSENT),
    ("an error event", event("error", "libmachine failed"), Power.UNKNOWN),
    ("starting", node("Starting"), Power.UNKNOWN),
    ("libmachine's Error", TEXT.format("Error", "", ""), Power.UNKNOWN),
    ("null is not the start of a word", "null pointer dereference", Power.UNKNOWN),
    ("nothing", "", Power.UNKNOWN),
    ("only events", json.dumps(EVENT), Power.UNKNOWN),
    ("a number", "7", Power.UNKNOWN),
    ("another type", '{"Host": 7}', Power.UNKNOWN),
    ("deep", "[" * 100_000, Power.UNKNOWN),
]


@pytest.mark.parametrize(
    ("out", "power"), [row[1:] for row in ANSWERS], ids=[r[0] for r in ANSWERS]
)
def test_each_eras_answer_has_its_power(out: str, power: Power) -> None:
    said = parse(out)
    assert said.power is power
    assert bool(said.failure) == (power is Power.UNKNOWN)


def test_the_message_of_an_error_event_is_the_reason() -> None:
    assert "libmachine failed" in parse(event("error", "libmachine failed")).failure


def test_silence_is_said_to_be_silence() -> None:
    assert parse("", "") == Said(Power.UNKNOWN, "minikube status said nothing", "")


@given(st.text(), st.text())
def test_no_answer_raises_and_unknown_always_has_a_reason(out: str, err: str) -> None:
    said = parse(out, err)
    assert bool(said.failure) == (said.power is Power.UNKNOWN)


@pytest.mark.parametrize(
    ("minikube", "args"),
    [
        ("0.25.0", ("status", "--profile", "c")),
        ("1.4.0", ("status", "--profile", "c")),
        ("1.5.0", ("status", "-o", "json", "--profile", "c")),
        ("1.38.1", ("status", "-o", "json", "--profile", "c")),
    ],
)
def test_json_is_asked_for_as_soon_as_the_release_has_it(
    minikube: str, args: tuple[str, ...]
) -> None:
    era = read_catalogue(Cache(Path("/dev/null"))).era(parse_version(minikube))
    assert arguments(era, "c") == args
