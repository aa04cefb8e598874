"""What a person is to type stands on one line, so that it can be copied and pasted."""

from hypothesis import given

from bootstrap.core.choose.case import case_of
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.finding import Status
from bootstrap.core.model.profile import Policy, Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import HostState
from bootstrap.core.plan.up import plan
from bootstrap.core.result.report import Report
from bootstrap.errors import Exit, KbootError
from bootstrap.ui import text
from tests.helpers.deciding.generated import cases, knowledge, reproducible
from tests.helpers.deciding.good_machine import host, judged, planned, profile_of, tool

LONG = f"kboot up --allow-sudo --mirror https://a.example=https://b.example/{'x' * 80} work.toml"


@reproducible(200)
@given(cases)
def test_no_fix_is_ever_broken_over_lines(one: tuple[Profile, HostState, Request]) -> None:
    profile, state, request = one
    case = case_of(profile, state, knowledge(), request)
    findings = assess(case)
    made = plan(case, findings)
    lines = [
        line.text
        for line in text.doctor(Report("doctor", profile, state, findings, made), verbose=True)
    ]
    shown = (Status.WARN, Status.FAIL, Status.UNKNOWN)
    for finding in findings:
        if finding.status in shown:
            assert f"      fix: {finding.fix or finding.no_fix}" in lines


def test_the_lines_that_root_runs_can_be_pasted() -> None:
    profile = profile_of(docker=("20.10", Policy.INSTALL))
    offered = {"docker": "20.10.24"}
    state = host(tool("docker"), package_manager="apt", offered=offered, systemd=True)
    made = planned(profile, state, tools_only=True)
    (blocker,) = made.blockers
    assert len(blocker.fix) > 160
    report = Report("plan", profile, state, judged(profile, state), made)
    for full in (True, False):
        told = [line.text for line in text.plan_of(report, full=full)]
        assert [line for line in told if "apt-get update && " in line and " docker.io" in line]
        assert f"       runs   {' '.join(made.steps[0].commands[1])}" in told


def test_what_to_type_next_is_one_line_however_long() -> None:
    problem = KbootError(Exit.NEEDS_PRIVILEGE, "it stopped", why="because", next=LONG)
    assert f"  next   {LONG}" in [line.text for line in text.error(problem)]
