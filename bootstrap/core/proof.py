"""The proof: what an earlier run found out about a cluster, and when that still counts."""

import hashlib
import json
from dataclasses import dataclass, replace

from bootstrap.core.codec import to_plain
from bootstrap.core.gate import Gate, GateResult
from bootstrap.core.profile import Profile


@dataclass(frozen=True)
class Basis:
    """What a proof is about. Any of it being another, the proof says nothing."""

    profile: str
    """Of what the profile asks for, not of how it is written."""
    identity: str
    """The cluster's: fingerprint of its CA and UID of kube-system."""
    server: str
    kubectl: str
    """The version that the profile's work will use; empty: none is declared."""


@dataclass(frozen=True)
class Proof:
    """The gates that were passed, by use, together."""

    basis: Basis
    gates: tuple[str, ...]
    proven_at: str
    """RFC 3339 in UTC."""
    kboot: str


def fingerprint(profile: Profile) -> str:
    """The same for two profiles that ask the same."""
    asked = replace(profile, name="", description="", id="", source="", argument="", program="")
    return hashlib.sha256(json.dumps(to_plain(asked)).encode()).hexdigest()[:16]


def void(proof: Proof, basis: Basis) -> str:
    """Why the proof does not count for `basis`, in words; empty: it does."""
    for what, before, now in (
        ("the profile", proof.basis.profile, basis.profile),
        ("the cluster", proof.basis.identity, basis.identity),
        ("the server's version", proof.basis.server, basis.server),
        ("kubectl's version", proof.basis.kubectl, basis.kubectl),
    ):
        if before != now:
            return f"{what} is not what it was"
    return "" if basis.identity else "the cluster's identity is not known"


def proven(proof: Proof | None, basis: Basis, gates: tuple[Gate, ...]) -> tuple[str, ...]:
    """Those of `gates` that need not be passed again."""
    if proof is None or void(proof, basis):
        return ()
    return tuple(gate.id for gate in gates if not gate.live and gate.id in proof.gates)


def covered(results: tuple[GateResult, ...]) -> tuple[str, ...]:
    """What a proof of these results covers; empty unless every one of them is fine."""
    if not all(result.fine for result in results):
        return ()
    return tuple(result.gate for result in results)
