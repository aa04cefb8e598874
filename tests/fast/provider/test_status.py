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
    found = {wanted(case) for case in RECORDS}
    assert found == {Power.ABSENT, Power.STOPPED, Power.RUNNING, Power.UNKNOWN}


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
    ("a paused machine", node("Paused"), Power.PAUSED),
    ("paused by `minikube pause`", node("Running", APIServer="Paused"), Power.STOPPED),
    ("a full disk inside", node("InsufficientStorage"), Power.RUNNING),
    ("1.7 without a profile", node("Nonexistent"), Power.ABSENT),
    ("1.9 nodes without a break", node("Running") + node("Running"), Power.RUNNING),
    ("nodes", f"[{node('Running')},{node('Running', Worker=True)}]", Power.RUNNING),
    ("a stopped node", f"[{node('Running')},{node('Stopped')}]", Power.STOPPED),
    ("a lost node", f"[{node('Running')},{node('Nonexistent')}]", Power.STOPPED),
    ("a strange node", f"[{node('Running')},{node('Error')}]", Power.UNKNOWN),
    ("events before", f"{json.dumps(EVENT)}\n{node('Running')}", Power.RUNNING),
    ("events after", f"{node('Stopped')}\n{json.dumps(EVENT)}\n", Power.STOPPED),
    ("text before", f"! a new version\n{node('Running')}", Power.RUNNING),
    ("null, and no word why", "null", Power.UNKNOWN),
    ("null with an event", f"{json.dumps(EVENT)}\nnull\n", Power.UNKNOWN),
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


OF_TODAY: dict[str, dict[str, Any]] = {
    f"{by}: {case}": record
    for by, cases in json.loads((TRANSCRIPTS / "minikube-status.json").read_text()).items()
    for case, record in cases.items()
}
"""From 1.0.1 to 1.38.1, without a cluster, and asked about one that 1.38.1 made."""
GONE = ("container-removed", "container-and-volume-removed", "machine-dir-missing", "no-machine")
SO = (  # a part of the case's name, what is so of the machine
    (("docker-down: ", "docker-forbidden: "), Power.UNKNOWN),
    (("container-removed, started", "volume-removed, started"), Power.RUNNING),
    (GONE, Power.ABSENT),
    (("container-paused: ",), Power.PAUSED),
    ((": paused: ", "all-stopped", "two-nodes stopped", "second-node-stopped"), Power.STOPPED),
    (("record-empty", "record-garbage", "record-null", "record-no-nodes"), Power.UNKNOWN),
    (("record-truncated", "record-nul-bytes", "memory-string"), Power.UNKNOWN),
    (("machine-empty", "machine-garbage", "machine-missing"), Power.UNKNOWN),
    (("unwritable", "is-a-file"), Power.UNKNOWN),
    (("kubelet-stopped", "kubelet-killed", "apiserver-gone", "kubeconfig-"), Power.RUNNING),
    (("record-missing", "no-profile", ": deleted: "), Power.ABSENT),
)


@pytest.mark.parametrize(("parts", "power"), SO)
def test_of_every_recorded_minikube_the_machines_state_is_told(
    parts: tuple[str, ...], power: Power
) -> None:
    claimed = [part for before, _ in SO[: SO.index((parts, power))] for part in before]
    asked = {
        case: record
        for case, record in OF_TODAY.items()
        if any(part in f"{case}: " for part in parts)
        and not any(part in f"{case}: " for part in claimed)
        and not case.startswith("v1.6.2-on")  # it knows no driver docker
    }
    assert asked
    told = {case: parse(each["out"], each["err"]).power for case, each in asked.items()}
    assert told == dict.fromkeys(asked, power)


def test_a_machine_that_cannot_be_asked_is_told_in_its_engines_words() -> None:
    for case, record in OF_TODAY.items():
        if "docker-down: " in f"{case}: " and "-on-" in case:
            failure = parse(record["out"], record["err"]).failure
            assert "Cannot connect to the Docker daemon" in failure, case


def test_neither_frames_nor_where_to_report_are_the_reason() -> None:
    for case, record in OF_TODAY.items():
        failure = parse(record["out"], record["err"]).failure
        assert not set("│╭╮╯╰─") & set(failure), case
        assert "github.com" not in failure, case


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
