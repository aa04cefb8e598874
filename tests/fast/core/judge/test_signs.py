"""What contradicts a gate ends its proof, is told by doctor, and is settled by the gate alone."""

from typing import Any

import pytest

from bootstrap.core.choose.case import Case, case_of
from bootstrap.core.judge.proof import basis_of, proof_finding
from bootstrap.core.judge.signs import is_contradicted, sign_findings
from bootstrap.core.model.finding import Finding, Status
from bootstrap.core.model.gate import GATE_IDS, GATES, GateResult, GateStatus, Proof
from bootstrap.core.model.profile import Policy, Requirement, VerifySpec
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import ClusterState, Signs
from bootstrap.core.result.exit_codes import doctor_exit, up_exit
from tests.helpers.deciding.generated import knowledge
from tests.helpers.deciding.good_machine import DOCKER, host, judged, profile_of, running, tool

PROFILE = profile_of(DOCKER)._replace(verify=VerifySpec(GATE_IDS, 300.0))
WELL = Signs(dns=True, dns_servers=2, storage="standard")
PASSED = tuple(GateResult(gate, GateStatus.PASSED, "") for gate in GATE_IDS)
USED = tuple(GateResult(each.id, GateStatus.PASSED, "") for each in GATES if not each.live)

AMISS = [
    (WELL._replace(closed=("n1",)), "gate dns", "nodes-closed"),
    (WELL._replace(stopped=("kube-scheduler",)), "gate dns", "control-plane-stopped"),
    (WELL._replace(dns=False, dns_servers=0), "gate dns", "dns-service-missing"),
    (WELL._replace(dns_servers=0), "gate dns", "dns-not-ready"),
    (WELL._replace(engine="containerd"), "gate dns", "node-engine-down"),
    (WELL._replace(storage=""), "gate storage", "storageclass-missing"),
    (WELL._replace(provisioner=False), "gate storage", "provisioner-missing"),
]


def with_signs(signs: Signs, **others: Any) -> ClusterState:
    seen = running()
    return seen._replace(api=seen.api._replace(signs=signs), **others)


def case(seen: ClusterState, *gates: str) -> Case:
    profile = PROFILE._replace(verify=VerifySpec(gates or GATE_IDS, 300.0))
    return case_of(profile, host(cluster=seen), knowledge(), Request())


def proven(seen: ClusterState, *gates: str) -> Case:
    made = case(seen, *gates)
    proof = Proof(basis_of(made), USED, "2026-11-27T08:00:00+00:00", "0.1")
    return case(seen._replace(proof=proof, proof_age=3 * 3600.0), *gates)


def about(seen: ClusterState) -> list[Finding]:
    return [each for each in judged(PROFILE, host(cluster=seen)) if "gate " in each.subject]


@pytest.mark.parametrize(("signs", "subject", "reason"), AMISS)
def test_a_sign_that_is_amiss_makes_doctor_not_ready_until_its_gate_has_passed(
    signs: Signs, subject: str, reason: str
) -> None:
    (found,) = about(with_signs(signs))
    assert (found.status, found.subject, found.reason) == (Status.FAIL, subject, reason)
    assert found.fix.startswith(("kboot ", "sudo "))
    assert doctor_exit((found,)) == 1
    assert up_exit((found,), None, PASSED) == 0
    earlier = tuple(each._replace(proven_at="2026-11-27") for each in PASSED)
    assert up_exit((found,), None, earlier) == 1


@pytest.mark.parametrize(("signs", "subject", "reason"), AMISS)
def test_a_sign_that_is_amiss_ends_what_was_proven(signs: Signs, subject: str, reason: str) -> None:
    assert is_contradicted(case(with_signs(signs)))
    (found,) = proof_finding(proven(with_signs(signs)))
    assert (found.status, found.reason) == (Status.WARN, "not-proven")


def test_signs_of_gates_that_the_profile_does_not_ask_for_say_nothing() -> None:
    """Where no pod starts at all, that is of matter to every gate that starts one."""
    starts_none = ("nodes-closed", "control-plane-stopped", "node-engine-down")
    for signs, subject, reason in AMISS:
        asked = ("storage",) if subject == "gate dns" else ("dns",)
        if reason in starts_none:
            for gate in ("storage", "build"):
                (found,) = sign_findings(case(with_signs(signs), gate))
                assert (found.subject, found.reason) == (f"gate {gate}", reason)
            asked = ("kubectl",)
        assert not is_contradicted(case(with_signs(signs), *asked))


@pytest.mark.parametrize("signs", [Signs(), WELL])
def test_what_is_well_or_was_not_to_be_seen_contradicts_nothing(signs: Signs) -> None:
    assert about(with_signs(signs)) == []
    assert not is_contradicted(case(with_signs(signs)))


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        (GateStatus.FAILED, "system-unavailable", Status.FAIL),
        (GateStatus.FAILED, "api-timeout", Status.UNKNOWN),
        (GateStatus.UNKNOWN, "api-forbidden", Status.UNKNOWN),
    ],
)
def test_a_live_gate_that_does_not_pass_at_once_is_told_and_ends_what_was_proven(
    status: GateStatus, reason: str, told: Status
) -> None:
    look = GateResult("system", status, "coredns: 0 of 1 available", "why", reason, "kboot down")
    seen = with_signs(WELL, looks=(look,))
    (found,) = about(seen)
    assert (found.status, found.subject) == (told, "gate system")
    assert found.fix == "kboot down work.toml"
    assert doctor_exit((found,)) == 1
    assert is_contradicted(case(seen))


def test_a_provisioner_that_is_missing_is_enabled_in_this_cluster_and_no_other() -> None:
    (found,) = about(with_signs(WELL._replace(provisioner=False)))
    assert found.fix == (
        "kboot exec work.toml -- minikube -p work addons enable storage-provisioner"
    )


def test_doctor_tells_what_it_did_not_look_at_and_how_old_that_is() -> None:
    (found,) = proof_finding(proven(with_signs(WELL)))
    assert found.status is Status.OK
    assert found.message.startswith("dns, storage, smoke, kubectl, build proven by use 3 h ago")
    (never,) = proof_finding(case(with_signs(WELL)))
    assert (never.status, never.fix) == (Status.WARN, "kboot verify work.toml")
    assert "no run has proven them" in never.message


def test_of_live_gates_alone_and_of_a_cluster_that_does_not_answer_nothing_is_proven() -> None:
    assert proof_finding(proven(with_signs(WELL), "api", "nodes")) == ()
    down = running()._replace(api=running().api._replace(failure="no answer"))
    assert proof_finding(proven(down)) == ()


def test_an_engine_that_cannot_be_used_ends_what_was_proven_with_it() -> None:
    before = proven(with_signs(WELL))
    stopped = tool("docker", "28.2.2", facts={"engine_error": "no engine answers"})
    now = case_of(PROFILE, host(stopped, cluster=before.state.cluster), knowledge(), Request())
    (found,) = proof_finding(now)
    assert found.reason == "not-proven"


def test_an_engine_that_cannot_be_used_is_a_problem_where_build_needs_the_declared_docker() -> None:
    stopped = host(
        tool("docker", "28.2.2", facts={"engine_error": "no engine answers"}), cluster=running()
    )
    docker = Requirement("docker", ">=20", Policy.WARN)
    declared = PROFILE._replace(requirements=(*PROFILE.requirements, docker))
    found = [each for each in judged(declared, stopped) if each.subject == "gate build"]
    assert [(each.status, each.reason) for each in found] == [(Status.FAIL, "engine-down")]
    without = declared._replace(verify=VerifySpec(("dns",), 300.0))
    assert not [each for each in judged(without, stopped) if each.subject == "gate build"]


@pytest.mark.parametrize(
    ("driver", "runtime", "own"),
    [
        ("virtualbox", "docker", False),
        ("docker", "docker", False),
        ("virtualbox", "containerd", True),
        ("none", "docker", True),
        (None, "", True),
    ],
)
def test_an_engine_of_this_machine_is_of_no_matter_where_the_node_builds_with_its_own(
    driver: str | None, runtime: str, own: bool
) -> None:
    """As of the 2018 tutorial: a docker client, and `minikube docker-env`."""
    cluster = with_signs(WELL._replace(runtime=runtime))
    cluster = cluster._replace(record=cluster.record._replace(driver=driver))
    stopped = tool("docker", "28.2.2", facts={"engine_error": "no engine answers"})
    docker = Requirement("docker", ">=20", Policy.WARN)
    profile = PROFILE._replace(requirements=(*PROFILE.requirements, docker))
    seen = case_of(profile, host(stopped, cluster=cluster), knowledge(), Request())
    assert is_contradicted(seen) == own
