"""One run's result. Text and JSON are two renderings of it; the exit code is part of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from bootstrap.core.model.finding import Finding
from bootstrap.core.model.gate import GateResult
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import Backup, HostState
from bootstrap.core.model.step import InstallArtifact, RunPackages, Step, verb
from bootstrap.core.plan.up import Plan
from bootstrap.core.values.codec import to_plain
from bootstrap.errors import Exit, KbootError

SCHEMA = 1
"""Of the JSON document; raised when a key changes its meaning or goes."""


class Outcome(NamedTuple):
    """What happened to one step."""

    step: Step
    seconds: float
    detail: str = ""


class Report(NamedTuple):
    """Everything one command found, planned and did. None and empty: not part of this command."""

    command: str
    profile: Profile | None = None
    host: HostState | None = None
    findings: tuple[Finding, ...] = ()
    plan: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    left: Plan | None = None
    """What observing again, after the steps, would still do; must be empty."""
    gates: tuple[GateResult, ...] = ()
    used_cluster: bool = False
    """Whether gates made anything in the cluster."""
    left_behind: str = ""
    """What of it is still there, in words; empty: nothing."""
    variables: Mapping[str, str] = MappingProxyType({})
    backups: tuple[Backup, ...] = ()
    """Of the person's kubeconfigs, the oldest first."""
    error: KbootError | None = None
    exit_code: Exit = Exit.CONVERGED
    seconds: float = 0.0
    context: str = ""
    """Of the person's kubeconfig, where they named one and no profile; else empty."""
    at: str = ""
    """When the gates were passed, RFC 3339 in UTC; empty: none was."""

    def as_dict(self) -> dict[str, Any]:
        """The `--output json` document."""
        return {
            "schema": SCHEMA,
            "command": self.command,
            "exit_code": int(self.exit_code),
            "exit_id": self.exit_code.id,
            "profile": to_plain(self.profile) if self.profile else None,
            "context": self.context,
            "host": to_plain(self.host) if self.host else None,
            "findings": [_finding(each) for each in self.findings],
            "plan": _plan(self.plan) if self.plan else None,
            "outcomes": [
                {**_step(each.step), "seconds": round(each.seconds, 3), "detail": each.detail}
                for each in self.outcomes
            ],
            "left": _plan(self.left) if self.left else None,
            "gates": [to_plain(each) for each in self.gates],
            "left_behind": self.left_behind,
            "variables": dict(self.variables),
            "backups": [to_plain(each) for each in self.backups],
            "error": self.error.as_dict() if self.error else None,
            "seconds": round(self.seconds, 3),
        }


def _finding(finding: Finding) -> Mapping[str, Any]:
    plain: dict[str, Any] = to_plain(finding)
    plain["blocks"] = finding.blocks.id if finding.blocks is not None else None
    return plain


def _plan(plan: Plan) -> Mapping[str, Any]:
    return {
        "steps": [_step(each) for each in plan.steps],
        "blockers": [_finding(each) for each in plan.blockers],
    }


def _step(step: Step) -> dict[str, Any]:
    fetched = isinstance(step, InstallArtifact) and step.fetched
    packaged = isinstance(step, RunPackages) and bool(step.packages)
    kind = "download" if fetched or packaged else "local"
    return {"verb": verb(step), "subject": step.subject, "kind": kind, **to_plain(step)}
