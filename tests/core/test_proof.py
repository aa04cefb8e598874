from dataclasses import replace

import pytest

from bootstrap.core.gate import GATES, LIVE_GATES, GateResult, GateStatus, selected
from bootstrap.core.profile import ClusterSpec, Policy, Profile, Requirement, VerifySpec
from bootstrap.core.proof import Basis, Proof, covered, fingerprint, proven, void

BASIS = Basis(profile="p", identity="ca:uid", server="v1.20.2", kubectl="1.20.0")
USED = tuple(gate.id for gate in GATES if not gate.live)
PROOF = Proof(BASIS, tuple(gate.id for gate in GATES), "2026-11-23T12:00:00+00:00", "0.1")
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


def test_a_proof_of_the_very_same_covers_what_was_used_and_never_a_live_gate() -> None:
    assert proven(PROOF, BASIS, GATES) == USED
    assert proven(PROOF, BASIS, LIVE_GATES) == ()


def test_only_gates_that_the_proof_covers_are_proven() -> None:
    some = replace(PROOF, gates=("api", "dns"))
    assert proven(some, BASIS, GATES) == ("dns",)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("profile", "the profile is not what it was"),
        ("identity", "the cluster is not what it was"),
        ("server", "the server's version is not what it was"),
        ("kubectl", "kubectl's version is not what it was"),
    ],
)
def test_any_part_of_the_basis_being_another_voids_the_proof(part: str, words: str) -> None:
    other = replace(BASIS, **{part: "other"})
    assert void(PROOF, other) == words
    assert proven(PROOF, other, GATES) == ()


def test_a_cluster_whose_identity_is_not_known_is_proven_by_nothing() -> None:
    unknown = replace(BASIS, identity="")
    assert proven(replace(PROOF, basis=unknown), unknown, GATES) == ()


def test_without_a_proof_nothing_is_proven() -> None:
    assert proven(None, BASIS, GATES) == ()


def test_the_fingerprint_is_of_what_is_asked_not_of_how_it_is_written() -> None:
    told_otherwise = replace(
        PROFILE, name="w", description="", id="w-2", source="/b", argument="b", program="/k"
    )
    assert fingerprint(told_otherwise) == fingerprint(PROFILE)


@pytest.mark.parametrize(
    "changed",
    [
        replace(PROFILE, requirements=(Requirement("kubectl", "1.21.0", Policy.INSTALL),)),
        replace(PROFILE, requirements=(Requirement("kubectl", "1.20.0", Policy.WARN),)),
        replace(PROFILE, cluster=ClusterSpec("work", ("docker",), cpus=4)),
        replace(PROFILE, cluster=ClusterSpec("other", ("docker",), cpus=2)),
        replace(PROFILE, verify=VerifySpec(("api", "dns"), 300.0)),
    ],
)
def test_whatever_is_asked_differently_changes_the_fingerprint(changed: Profile) -> None:
    assert fingerprint(changed) != fingerprint(PROFILE)


@pytest.mark.parametrize("status", list(GateStatus))
def test_a_proof_covers_nothing_unless_every_gate_is_fine(status: GateStatus) -> None:
    results = tuple(GateResult(gate.id, GateStatus.PASSED, "") for gate in selected(("dns",)))
    ids = tuple(result.gate for result in results)
    last = (*results[:-1], replace(results[-1], status=status))
    fine = status in (GateStatus.PASSED, GateStatus.NOT_APPLICABLE)
    assert covered(last) == (ids if fine else ())
