"""Observe, assess, plan: the first half of `up`, all of `plan` and `doctor`."""

import json
from pathlib import Path
from typing import NamedTuple

from bootstrap.core.choose.case import case_of
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.finding import Finding
from bootstrap.core.model.state import HostState
from bootstrap.core.plan.up import Plan, plan
from bootstrap.core.values.masking import masked
from bootstrap.engine.look.observe import observe, replayed, saved
from bootstrap.errors import Exit, KbootError, refused
from bootstrap.run.session import Session


class Looked(NamedTuple):
    """What one look gave."""

    host: HostState
    findings: tuple[Finding, ...]
    plan: Plan


def look(session: Session) -> Looked:
    """Observe this machine, or take a saved state where the person names one."""
    source = getattr(session.arguments, "from_state", None)
    target = getattr(session.arguments, "save_state", None)
    host = _read(source) if source else _observe(session)
    if target:
        _write(target, host)
    looked = _judge(session, host)
    session.learn(host=looked.host, findings=looked.findings, plan=looked.plan)
    return looked


def look_again(session: Session) -> Looked:
    """After the steps: verifying is observing again."""
    looked = _judge(session, _observe(session))
    session.learn(host=looked.host, findings=looked.findings)
    return looked


def _observe(session: Session) -> HostState:
    return observe(session.take_asked(), session.request, session.line)


def _judge(session: Session, host: HostState) -> Looked:
    case = case_of(session.profile, host, session.knowledge, session.request)
    findings = assess(case)
    return Looked(host, findings, plan(case, findings))


def _read(source: str) -> HostState:
    try:
        state = replayed(json.loads(Path(source).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise KbootError(
            Exit.USAGE,
            f"{source} is not a state that `kboot doctor --save-state` wrote",
            why=getattr(error, "strerror", None) or str(error),
            state="nothing was changed",
            next="kboot doctor --save-state FILE",
        ) from error
    return state._replace(environment={})


def _write(target: str, host: HostState) -> None:
    try:
        Path(target).write_text(json.dumps(masked(saved(host)), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        failure = refused(error, f"the state cannot be written to {target}", target)
        if isinstance(error, FileNotFoundError):
            failure.code = Exit.PERMISSION
        if failure.code is not Exit.DISK_FULL:
            failure.next = "kboot doctor --save-state FILE, where FILE can be written"
        raise failure.with_state("nothing was changed") from error
