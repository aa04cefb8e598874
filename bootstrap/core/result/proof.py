"""The proof: what an earlier run found out about a cluster, and when that still counts."""

import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple

from bootstrap.core.model.gate import LIVE_GATES, Gate, GateResult
from bootstrap.core.model.profile import Profile
from bootstrap.core.values.codec import to_plain


class Basis(NamedTuple):
    """What a proof is about. Any of it being another, the proof says nothing."""

    profile: str
    """Of what the profile asks for, not of how it is written."""
    identity: str
    """The cluster's: fingerprint of its CA and UID of kube-system."""
    server: str
    kubectl: str
    """The version that the profile's work will use; empty: there is none."""
    docker: str
    """As with kubectl."""


class Proof(NamedTuple):
    """What the gates said that are not passed by every run, all of them fine."""

    basis: Basis
    results: tuple[GateResult, ...]
    proven_at: str
    """RFC 3339 in UTC."""
    kboot: str


def fingerprint(profile: Profile) -> str:
    """The same for two profiles that ask the same."""
    asked = profile._replace(name="", description="", id="", source="", argument="", program="")
    return hashlib.sha256(json.dumps(to_plain(asked)).encode()).hexdigest()[:16]


def void(proof: Proof, basis: Basis) -> str:
    """Why the proof does not count for `basis`, in words; empty: it does."""
    for what, before, now in (
        ("the profile", proof.basis.profile, basis.profile),
        ("the cluster", proof.basis.identity, basis.identity),
        ("the server's version", proof.basis.server, basis.server),
        ("kubectl's version", proof.basis.kubectl, basis.kubectl),
        ("docker's version", proof.basis.docker, basis.docker),
    ):
        if before != now:
            return f"{what} is not what it was"
    return "" if basis.identity else "the cluster's identity is not known"


def proven(proof: Proof | None, basis: Basis, gates: tuple[Gate, ...]) -> Mapping[str, GateResult]:
    """By gate, what need not be found out again, with the time at which it was."""
    if proof is None or void(proof, basis):
        return {}
    asked = {gate.id for gate in gates if not gate.live}
    return {
        result.gate: result._replace(seconds=0.0, proven_at=proof.proven_at)
        for result in proof.results
        if result.gate in asked and result.fine
    }


def proof_of(results: tuple[GateResult, ...], basis: Basis, now: str, kboot: str) -> Proof | None:
    """What a run that passed all gates of its profile leaves to later ones.

    None: not every gate was fine, none was passed by use, or some were proven before already.
    """
    live = {gate.id for gate in LIVE_GATES}
    used = tuple(result for result in results if result.gate not in live)
    if not all(result.fine and not result.proven_at for result in results):
        return None
    if not any(result.passed for result in used):
        return None
    return Proof(basis, used, now, kboot)
