"""Exit codes, settings and units: what a person or a script reads of a run."""

import json
from typing import Any

import pytest

from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import GATE_IDS, GATES, GateResult, GateStatus, selected
from bootstrap.core.model.step import StopCluster
from bootstrap.core.plan.up import Plan
from bootstrap.core.reading.settings import Settings, from_environment, from_file, from_flags
from bootstrap.core.result.exit_codes import doctor_exit, plan_exit, up_exit
from bootstrap.core.result.report import Report
from bootstrap.core.values.units import parse_duration, parse_size, show_bytes, show_seconds
from bootstrap.errors import Exit, KbootError

STEP = StopCluster("work", "1.38.1", "asked for")
NOTHING = Plan((), ())
PASSED = tuple(GateResult(gate, GateStatus.PASSED, "") for gate in GATE_IDS)


def found(status: Status, reason: str = "x", blocks: Exit | None = None) -> Finding:
    return Finding(Group.TOOLS, "kubectl", status, reason, "seen", fix="mend it", blocks=blocks)


def blocked(*codes: Exit) -> Plan:
    return Plan((STEP,), tuple(found(Status.FAIL, blocks=code) for code in codes))


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        ([Status.OK, Status.WARN], 0),
        ([Status.OK, Status.DRIFT], 1),
        ([Status.OK, Status.FAIL], 1),
        ([Status.OK, Status.UNKNOWN], 1),
    ],
)
def test_doctor_is_content_with_ok_and_warnings_only(statuses: list[Status], code: int) -> None:
    assert doctor_exit(tuple(map(found, statuses))) == code


def test_doctor_never_ends_with_a_blockers_own_code() -> None:
    assert doctor_exit((found(Status.FAIL, blocks=Exit.HOST_UNFIT),)) == 1


@pytest.mark.parametrize(
    ("plan", "plain", "detailed"),
    [
        (NOTHING, 0, 0),
        (Plan((STEP,), ()), 0, 2),
        (blocked(Exit.HOST_UNFIT, Exit.CONFLICT), 60, 1),
        (blocked(Exit.CONFLICT, Exit.HOST_UNFIT), 74, 1),
        (Plan((), blocked(Exit.POLICY_DENIES).blockers), 13, 1),
    ],
)
def test_plan_ends_with_the_first_blocker_or_as_terraform_does(
    plan: Plan, plain: int, detailed: int
) -> None:
    assert plan_exit(plan, detailed=False) == plain
    assert plan_exit(plan, detailed=True) == detailed


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.FAIL])
def test_an_empty_plan_that_leaves_a_problem_is_not_nothing_to_do(status: Status) -> None:
    assert plan_exit(NOTHING, (found(status),), detailed=True) == 1
    assert plan_exit(NOTHING, (found(Status.WARN),), detailed=True) == 0
    assert plan_exit(Plan((STEP,), ()), (found(status),), detailed=True) == 2


def gates(status: GateStatus) -> tuple[GateResult, ...]:
    return (*PASSED[:-1], GateResult(GATE_IDS[-1], status, "seen"))


NOT_READY = found(Status.FAIL, "nodes-not-ready")


@pytest.mark.parametrize(
    ("findings", "left", "results", "code"),
    [
        ((), None, PASSED, 0),
        ((), NOTHING, PASSED, 0),
        ((found(Status.WARN),), NOTHING, PASSED, 0),
        ((), Plan((STEP,), ()), PASSED, 1),
        ((), Plan((), blocked(Exit.CONFLICT).blockers), PASSED, 1),
        ((), Plan((STEP,), ()), gates(GateStatus.FAILED), 1),
        ((), NOTHING, gates(GateStatus.FAILED), 73),
        ((), NOTHING, gates(GateStatus.UNKNOWN), 73),
        ((), NOTHING, gates(GateStatus.SKIPPED), 73),
        ((found(Status.UNKNOWN),), NOTHING, PASSED, 1),
        ((found(Status.UNKNOWN),), None, (), 1),
        ((found(Status.FAIL),), NOTHING, PASSED, 1),
        ((NOT_READY,), NOTHING, PASSED, 0),
        ((NOT_READY,), NOTHING, PASSED[:2], 1),
        ((NOT_READY,), NOTHING, (), 1),
    ],
)
def test_up_is_converged_only_when_nothing_is_left_and_nothing_is_unknown(
    findings: tuple[Finding, ...],
    left: Plan | None,
    results: tuple[GateResult, ...],
    code: int,
) -> None:
    assert up_exit(findings, left, results) == code


def test_a_report_is_one_json_document_that_names_its_schema_and_its_exit() -> None:
    report = Report(
        "plan",
        findings=(found(Status.UNKNOWN, blocks=Exit.HOST_UNFIT), found(Status.OK)),
        plan=blocked(Exit.HOST_UNFIT),
        gates=gates(GateStatus.UNKNOWN),
        exit_code=Exit.HOST_UNFIT,
        error=KbootError(Exit.HOST_UNFIT, "what", why="why", state="state", next="next"),
    )
    read = json.loads(json.dumps(report.as_dict()))
    assert (read["schema"], read["exit_code"], read["exit_id"]) == (1, 60, "host-unfit")
    assert [each["blocks"] for each in read["findings"]] == ["host-unfit", None]
    assert [each["status"] for each in read["findings"]] == ["unknown", "ok"]
    assert read["plan"]["steps"][0]["verb"] == "stop"
    assert read["gates"][-1]["status"] == "unknown"
    assert {"what", "why", "state", "next"} <= read["error"].keys()


def test_every_exit_code_has_an_id_of_its_own() -> None:
    ids = [code.id for code in Exit]
    assert len(set(ids)) == len(ids) and all(each == each.lower() for each in ids)


def test_a_gate_brings_what_it_needs_in_the_tables_order() -> None:
    for gate in GATES:
        ids = [each.id for each in selected((gate.id,))]
        assert ids[-1] == gate.id and set(gate.needs) <= set(ids)
        assert ids == [each for each in GATE_IDS if each in ids]


# Settings: the file, then the environment, then the command line; the last wins.


def test_a_flag_wins_over_the_environment_and_that_over_the_file() -> None:
    file = from_file(Settings(), {"trust": "catalogue", "ca_bundle": "/f", "image": "f"}, "c.toml")
    assert (file.trust, file.ca_bundle, file.image) == ("catalogue", "/f", "f")
    both = from_environment(file, {"KBOOT_TRUST": "first-seen", "KBOOT_CA_BUNDLE": "/e"})
    assert (both.trust, both.ca_bundle, both.image) == ("first-seen", "/e", "f")
    all_three = from_flags(both, trust="publisher", mirrors=None, ca_bundle=None)
    assert (all_three.trust, all_three.ca_bundle, all_three.image) == ("publisher", "/e", "f")


def test_what_nobody_sets_keeps_its_default() -> None:
    assert from_environment(Settings(), {"KBOOT_TRUST": "", "PATH": "/bin"}) == Settings()
    assert from_flags(Settings(), trust=None, mirrors=[], ca_bundle="") == Settings()


def test_mirrors_are_pairs_of_urls() -> None:
    text = "https://a/=https://b/, https://c=https://d"
    assert from_environment(Settings(), {"KBOOT_MIRRORS": text}).mirrors == (
        "https://a/=https://b/",
        "https://c=https://d",
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"truts": "publisher"}, "unknown key truts"),
        ({"trust": "blind"}, "trust is one of catalogue, publisher, first-seen"),
        ({"trust": 1}, "trust has the wrong type: 1"),
        ({"allow_sudo": "yes"}, "allow_sudo has the wrong type: 'yes'"),
        ({"allow_sudo": 1}, "allow_sudo has the wrong type: 1"),
        ({"mirrors": "https://a=https://b"}, "mirrors has the wrong type"),
        ({"mirrors": [1]}, "mirrors has the wrong type"),
        ({"mirrors": ["a=b"]}, "'a=b' is not FROM=TO with two URLs"),
        ({"mirrors": ["https://a=b"]}, "'https://a=b' is not FROM=TO with two URLs"),
        ({"mirrors": ["https://a"]}, "'https://a' is not FROM=TO with two URLs"),
    ],
)
def test_a_setting_that_cannot_be_used_is_a_usage_error_with_the_reason(
    data: dict[str, Any], said: str
) -> None:
    with pytest.raises(KbootError) as caught:
        from_file(Settings(), data, "config.toml")
    assert caught.value.code is Exit.USAGE and caught.value.state == "nothing was changed"
    assert any(said in item for item in caught.value.items)


@pytest.mark.parametrize(
    ("value", "allowed"), [("1", True), ("true", True), ("0", False), ("FALSE", False)]
)
def test_sudo_is_allowed_by_a_plain_yes(value: str, allowed: bool) -> None:
    assert from_environment(Settings(), {"KBOOT_ALLOW_SUDO": value}).allow_sudo is allowed


def test_sudo_is_not_allowed_by_a_word_that_is_neither_yes_nor_no() -> None:
    with pytest.raises(KbootError, match="environment") as caught:
        from_environment(Settings(), {"KBOOT_ALLOW_SUDO": "maybe"})
    assert caught.value.items == ("KBOOT_ALLOW_SUDO is true or false, not 'maybe'",)


# Units.


@pytest.mark.parametrize(("text", "mib"), [("512MiB", 512), ("2GiB", 2048), ("1MiB", 1)])
def test_a_size_is_read_in_mib(text: str, mib: int) -> None:
    assert parse_size(text) == mib


@pytest.mark.parametrize("text", ["", "2", "2GB", "0GiB", "-1GiB", "1.5GiB", "2GiB\n", "٢GiB"])
def test_what_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("1h0m1s", 3601)]
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "5", "m", "5m5h", "-5m", "1.5h", "5m\n", "٥m"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (3.14, "3.1 s"), (59.97, "1 min 0 s"), (94, "1 min 34 s"), (11100, "3 h 5 min")],
)
def test_a_time_is_shown_in_the_units_that_people_use(seconds: float, shown: str) -> None:
    assert show_seconds(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (812_000, "812 kB"), (999_700, "1 MB"), (58_601_656, "59 MB")],
)
def test_bytes_are_shown_as_download_pages_count_them(count: int, shown: str) -> None:
    assert show_bytes(count) == shown
