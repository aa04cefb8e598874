import pytest

from bootstrap.core.judge.proof import fingerprint, proof_of, proven, void
from bootstrap.core.model.gate import GATES, LIVE_GATES, Basis, GateResult, GateStatus, Proof
from bootstrap.core.model.profile import ClusterSpec, Policy, Profile, Requirement, VerifySpec

BASIS = Basis(profile="p", identity="ca:uid", server="v1.20.2", kubectl="1.20.0", docker="20.10.24")
NOW = "2026-11-23T12:00:00+00:00"
RESULTS = tuple(GateResult(gate.id, GateStatus.PASSED, "it works", seconds=2.0) for gate in GATES)
USED = tuple(result for result in RESULTS if result.gate not in {each.id for each in LIVE_GATES})
PROOF = Proof(BASIS, USED, NOW, "0.1")
PROFILE = Profile(
    name="work",
    description="some work",
    requirements=(Requirement("kubectl", "1.20.0", Policy.INSTALL),),
    cluster=ClusterSpec("work", ("docker",), cpus=2),
    verify=VerifySpec(("api",), 300.0),
    id="work-1",
    source="/home/a/kboot.toml",
    argument="work.toml",
)


def test_a_proof_of_the_very_same_tells_what_was_found_and_when() -> None:
    told = proven(PROOF, BASIS, GATES)
    assert tuple(told.values()) == tuple(r._replace(seconds=0.0, proven_at=NOW) for r in USED)
    assert tuple(told) == tuple(result.gate for result in USED)


def test_a_live_gate_is_never_proven() -> None:
    assert proven(PROOF._replace(results=RESULTS), BASIS, LIVE_GATES) == {}


def test_only_gates_that_the_proof_covers_are_proven() -> None:
    assert tuple(proven(PROOF._replace(results=USED[:1]), BASIS, GATES)) == ("dns",)


def test_what_had_nothing_to_prove_is_not_told_as_passed() -> None:
    results = (*RESULTS[:-1], RESULTS[-1]._replace(status=GateStatus.NOT_APPLICABLE))
    proof = proof_of(results, BASIS, NOW, "0.1")
    assert proven(proof, BASIS, GATES)["build"].status is GateStatus.NOT_APPLICABLE


def test_a_proof_that_was_tampered_with_proves_no_failed_gate() -> None:
    failed = USED[0]._replace(status=GateStatus.FAILED)
    assert proven(PROOF._replace(results=(failed,)), BASIS, GATES) == {}


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("profile", "the profile is not what it was"),
        ("identity", "the cluster is not what it was"),
        ("server", "the server's version is not what it was"),
        ("kubectl", "kubectl's version is not what it was"),
        ("docker", "docker's version is not what it was"),
    ],
)
def test_any_part_of_the_basis_being_another_voids_the_proof(part: str, words: str) -> None:
    other = BASIS._replace(**{part: "other"})
    assert void(PROOF, other) == words
    assert proven(PROOF, other, GATES) == {}


def test_a_cluster_whose_identity_is_not_known_is_proven_by_nothing() -> None:
    unknown = BASIS._replace(identity="")
    assert proven(PROOF._replace(basis=unknown), unknown, GATES) == {}


def test_without_a_proof_nothing_is_proven() -> None:
    assert proven(None, BASIS, GATES) == {}


def test_the_fingerprint_is_of_what_is_asked_not_of_how_it_is_written() -> None:
    told_otherwise = PROFILE._replace(
        name="w", description="", id="w-2", source="/b", argument="b", program="/k"
    )
    assert fingerprint(told_otherwise) == fingerprint(PROFILE)


@pytest.mark.parametrize(
    "changed",
    [
        PROFILE._replace(requirements=(Requirement("kubectl", "1.21.0", Policy.INSTALL),)),
        PROFILE._replace(requirements=(Requirement("kubectl", "1.20.0", Policy.WARN),)),
        PROFILE._replace(cluster=ClusterSpec("work", ("docker",), cpus=4)),
        PROFILE._replace(cluster=ClusterSpec("other", ("docker",), cpus=2)),
        PROFILE._replace(verify=VerifySpec(("api", "dns"), 300.0)),
    ],
)
def test_whatever_is_asked_differently_changes_the_fingerprint(changed: Profile) -> None:
    assert fingerprint(changed) != fingerprint(PROFILE)


def test_of_a_run_that_passed_everything_by_use_a_proof_is_kept() -> None:
    assert proof_of(RESULTS, BASIS, NOW, "0.1") == PROOF


@pytest.mark.parametrize("status", list(GateStatus))
@pytest.mark.parametrize("place", [0, len(GATES) - 1])
def test_no_proof_is_kept_unless_every_gate_is_fine(place: int, status: GateStatus) -> None:
    results = list(RESULTS)
    results[place] = results[place]._replace(status=status)
    kept = proof_of(tuple(results), BASIS, NOW, "0.1")
    assert (kept is not None) == (status in (GateStatus.PASSED, GateStatus.NOT_APPLICABLE))


def test_no_proof_is_kept_of_live_gates_alone() -> None:
    live = tuple(result for result in RESULTS if result not in USED)
    assert proof_of(live, BASIS, NOW, "0.1") is None


def test_no_proof_is_kept_where_nothing_was_passed_by_use() -> None:
    idle = [result._replace(status=GateStatus.NOT_APPLICABLE) for result in USED]
    live = [result for result in RESULTS if result not in USED]
    assert proof_of((*live, *idle), BASIS, NOW, "0.1") is None


def test_what_an_earlier_run_proved_does_not_prolong_its_proof() -> None:
    results = (*RESULTS[:-1], RESULTS[-1]._replace(proven_at=NOW))
    assert proof_of(results, BASIS, NOW, "0.1") is None
