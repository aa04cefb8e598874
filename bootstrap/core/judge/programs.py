"""Findings about the programs and files that a driver needs beside the profile's tools."""

from bootstrap.core.choose.case import Case
from bootstrap.core.model.driver import Driver, Program
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.values.version import Version, find_version, parse_version
from bootstrap.errors import Exit

_DEFAULT_RUNTIME = "docker"
"""Of every minikube up to 1.38 (--container-runtime), which kboot leaves to it."""


def program_findings(driver: Driver, case: Case) -> tuple[Finding, ...]:
    """Of those that the minikube to come looks for: what is missing, else that all are there."""
    minikube = case.minikube
    if minikube is None:
        return ()
    needed = {each.name: each for each in driver.programs if _may_apply(each, minikube, case)}
    lacking = [_lacking(driver, each, case) for each in needed.values()]
    found = tuple(finding for finding in lacking if finding is not None)
    if found or not needed:
        return found
    message = f"{', '.join(needed)}: there"
    return (Finding(Group.HOST, f"driver {driver.name}", Status.OK, "programs-there", message),)


def _may_apply(program: Program, minikube: Version, case: Case) -> bool:
    """Where it is not known which Kubernetes starts, it may."""
    state, kubernetes = case.state, _kubernetes(case)
    if not program.is_of_release(minikube) or not program.is_of_platform(state.platform):
        return False
    if program.runtime not in ("", state.runtime or _DEFAULT_RUNTIME):
        return False
    first = parse_version(program.kubernetes or "0.0")
    return kubernetes is None or first <= kubernetes


def _kubernetes(case: Case) -> Version | None:
    """What is declared, else what is there, else the release's default."""
    cluster, seen, minikube = case.profile.cluster, case.state.cluster, case.minikube
    declared = cluster.kubernetes if cluster else None
    recorded = seen.record.kubernetes if seen else None
    span = case.knowledge.catalogue.kubernetes_range(str(minikube))
    return find_version(declared or recorded or (span.default if span else ""))


def _lacking(driver: Driver, program: Program, case: Case) -> Finding | None:
    there = case.state.programs.get(program.name)
    if there:
        return None
    name, kubernetes = program.name, _kubernetes(case)
    where = "not there" if name.startswith("/") else "not on PATH"
    who = f"minikube {case.minikube} needs it for driver {driver.name}"
    if program.kubernetes:
        who += f" from Kubernetes {program.kubernetes} on"
    message = f"{name} is {where}, and {who}"
    status = Status.FAIL
    blocks: Exit | None = Exit.HOST_UNFIT
    if there is None:
        status, message = Status.UNKNOWN, f"{name} was not looked for, and {who}"
    elif program.kubernetes and kubernetes is None:
        message += "; which Kubernetes it starts is not known"
        status, blocks = Status.UNKNOWN, None
    return Finding(
        Group.HOST,
        f"driver {driver.name}",
        status,
        "program-missing" if status is Status.FAIL else "could-not-tell",
        message,
        fix=program.fix or f"install {name}",
        blocks=blocks,
    )
