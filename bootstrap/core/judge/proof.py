"""The proof: what an earlier run found out about a cluster, and when that still counts."""

import hashlib
import json
from collections.abc import Mapping

from bootstrap.core.choose.case import Case
from bootstrap.core.judge.signs import is_contradicted
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import (
    LIVE_GATES,
    Basis,
    Gate,
    GateResult,
    Proof,
    selected,
)
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import ApiLook, Power
from bootstrap.core.values.codec import to_plain
from bootstrap.core.values.units import show_ago


def basis_of(case: Case) -> Basis:
    api = case.state.cluster.api if case.state.cluster else ApiLook()
    return Basis(
        profile=fingerprint(case.profile),
        identity=api.identity,
        server=api.server_version,
        kubectl=_usable(case, "kubectl"),
        docker=_usable(case, "docker"),
    )


def _usable(case: Case, tool: str) -> str:
    choice = case.choices.get(tool)
    if choice is None or not all(each.usable for each in choice.tool.judge(choice.state)):
        return ""
    return str(choice.state.release or "")


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


def proof_finding(case: Case) -> tuple[Finding, ...]:
    """What of a running cluster is known from an earlier run only, and since when."""
    seen, verify = case.state.cluster, case.profile.verify
    used = [gate.id for gate in selected(verify.gates) if not gate.live]
    if seen is None or seen.power is not Power.RUNNING or seen.api.failure or not used:
        return ()
    why = not_proven(case)
    if not why:
        told = f"{', '.join(used)} proven by use {show_ago(seen.proof_age)}"
        message = f"{told}; now only their signs were looked at"
        return (Finding(Group.CLUSTER, "proof", Status.OK, "proven", message),)
    return (
        Finding(
            Group.CLUSTER,
            "proof",
            Status.WARN,
            "not-proven",
            f"{', '.join(used)}: not looked at; {why}",
            fix=case.profile.command_line("verify"),
        ),
    )


def not_proven(case: Case) -> str:
    """Why no earlier run's proof counts for the cluster as it is, in words; empty: one does."""
    seen = case.state.cluster
    if seen is None or seen.proof is None:
        return "no run has proven them"
    if is_contradicted(case):
        return f"what was proven {show_ago(seen.proof_age)} counts no more, as things are"
    if why := void(seen.proof, basis_of(case)):
        return f"what was proven {show_ago(seen.proof_age)} counts no more: {why}"
    return ""
