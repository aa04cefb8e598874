"""A report as lines of text: doctor, plan, verdicts, errors."""

import shlex
from collections.abc import Iterable

from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.gate import GateResult, GateStatus
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import HostState
from bootstrap.core.model.step import InstallArtifact, LinkTools, RunPackages, Step, verb
from bootstrap.core.plan.up import Plan
from bootstrap.core.result.report import Report
from bootstrap.core.values.units import show_bytes, show_seconds
from bootstrap.errors import Exit, KbootError
from bootstrap.ui.layout import Line, paragraph, plural, row, unbroken

_TITLES = {Group.TOOLS: "Tools", Group.HOST: "Host", Group.CLUSTER: "Cluster"}
_GATE_MARKS = {
    GateStatus.PASSED: "ok",
    GateStatus.FAILED: "fail",
    GateStatus.UNKNOWN: "unknown",
    GateStatus.SKIPPED: "skipped",
    GateStatus.NOT_APPLICABLE: "skipped",
}


def doctor(report: Report, *, verbose: bool) -> list[Line]:
    """Everything looked at, grouped, the verdict last."""
    assert report.profile is not None and report.host is not None
    lines = [*_heading(report.profile, report.host)]
    for group, title in _TITLES.items():
        found = [each for each in report.findings if each.group is group]
        if found:
            lines += [Line(), Line(title), *_group(found, verbose=verbose)]
    if verbose:
        lines += _environment(report.host)
    return [*lines, Line(), *_doctor_verdict(report)]


def store(report: Report, *, verbose: bool) -> list[Line]:
    """Each place of the store, the verdict last."""
    lines = _group(report.findings, verbose=verbose)
    bad = sum(each.status is not Status.OK for each in report.findings)
    count = plural(len(report.findings), "tool")
    said = f"{bad} of {count} are not" if bad else f"{count}, and all are"
    return [*lines, Line(), *paragraph(f"In the store: {said} as verified.")]


def _heading(profile: Profile, host: HostState) -> list[Line]:
    about = f"{profile.name}: {profile.description}" if profile.description else profile.name
    machine = (
        f"{host.description}, {host.platform}, {plural(host.cpus, 'CPU')}, "
        f"{host.memory_mib / 1024:.1f} GiB"
    )
    return [*paragraph(about, 9, "Profile"), *paragraph(machine, 9, "Host")]


def _group(found: Iterable[Finding], *, verbose: bool) -> list[Line]:
    """What is well with the host stands together on one line; the rest each on its own."""
    lines: list[Line] = []
    well = []
    for finding in found:
        if finding.group is Group.HOST and finding.status is Status.OK and not verbose:
            well.append(f"{finding.subject} {finding.message}")
        else:
            lines += _finding(finding, verbose=verbose)
    if well:
        first, *rest = paragraph(" · ".join(well), 4)
        lines += [Line(first.text.strip(), "ok"), *rest]
    return lines


def _finding(finding: Finding, *, verbose: bool) -> list[Line]:
    wanted = f"wanted {finding.wanted}" if finding.wanted else ""
    lines = row(finding.status.value, finding.subject, finding.message, wanted)
    if finding.status is Status.OK and not verbose:
        return lines
    if finding.detail:
        lines += paragraph(finding.detail, 6)
    lines += [line for item in finding.items for line in paragraph(item, 8, "      ")]
    if finding.status in (Status.WARN, Status.FAIL, Status.UNKNOWN):
        lines += unbroken(finding.fix or finding.no_fix, 11, "      fix:")
    return lines


def _environment(host: HostState) -> list[Line]:
    if not host.environment:
        return []
    shown = (f"{name}={value}" for name, value in host.environment.items())
    return [Line(), Line("Environment that the tools see"), *(Line(f"    {e}") for e in shown)]


def _doctor_verdict(report: Report) -> list[Line]:
    assert report.profile is not None
    count = dict.fromkeys(Status, 0)
    for finding in report.findings:
        count[finding.status] += 1
    problems = count[Status.FAIL] + count[Status.UNKNOWN]
    parts = [plural(problems, "problem")] if problems else []
    parts += [plural(count[Status.WARN], "warning")] if count[Status.WARN] else []
    steps = report.plan.steps if report.plan else ()
    if steps:
        parts.append(f"{plural(len(steps), 'change')} that `up` would make")
    name = report.profile.name
    if not problems and not count[Status.DRIFT]:
        with_what = f", with {', '.join(parts)}" if parts else ": everything is as declared"
        return paragraph(f"Ready for {name}{with_what}.")
    return [*paragraph(f"Not ready for {name}: {', '.join(parts)}."), *_still_works(report)]


def _still_works(report: Report) -> list[Line]:
    """A host that cannot have the cluster may still get the tools."""
    plan, profile = report.plan, report.profile
    if plan is None or profile is None or not plan.blockers:
        return []
    tools = any(isinstance(step, InstallArtifact) for step in plan.steps)
    if not tools or any(finding.blocks_tools for finding in plan.blockers):
        return []
    return paragraph(f"`{profile.command_line('up', '--tools-only')}` still works.")


def plan_of(report: Report, *, full: bool) -> list[Line]:
    """What will be done. `full`: also sources, digests, command lines and warnings."""
    assert report.plan is not None and report.profile is not None
    lines = paragraph(_aim(report.profile, report.plan))
    if report.plan.steps or not report.plan.blockers:
        lines += [Line(), *_steps(report.plan, full=full)]
    if full or report.plan.blockers:
        lines += _notes(report)
    return lines


def _aim(profile: Profile, plan: Plan) -> str:
    cluster = profile.cluster
    if cluster is None:
        return f"Profile {profile.name} (tools only)"
    version = f"Kubernetes {cluster.kubernetes}, " if cluster.kubernetes else ""
    drivers = " or ".join(cluster.drivers)
    return f"Profile {profile.name} → cluster {cluster.name} ({version}{drivers} driver)"


def _steps(plan: Plan, *, full: bool) -> list[Line]:
    if not plan.steps:
        return paragraph("Nothing to do.")
    lines = paragraph(f"Plan: {plural(len(plan.steps), 'step')}{_downloads(plan)}")
    for number, step in enumerate(plan.steps, start=1):
        lines += paragraph(step.because, 52, f"  {number}  {_step(step)}")
        if full or isinstance(step, RunPackages):
            lines += _step_details(step)
    return lines


def _downloads(plan: Plan) -> str:
    known, unknown = plan.download_bytes
    parts = [f"{show_bytes(known)} to download"] if known else []
    if unknown:
        parts.append(f"{' and '.join(unknown)} (size not known yet)")
    return f", {', and '.join(parts)}" if parts else ""


def _step(step: Step) -> str:
    if not isinstance(step, InstallArtifact):
        return f"{verb(step):<7} {step.subject:<37}  "
    artifact = step.artifact
    size = show_bytes(artifact.size) if artifact.size else ""
    size = "in store" if step.stored else "by hand" if step.brought else size
    name = f"{artifact.tool:<8} {artifact.version}"
    return f"{verb(step):<7} {name:<17}{size:>9}  {artifact.trust:<11}"


def _step_details(step: Step) -> list[Line]:
    lines: list[Line] = []
    if isinstance(step, InstallArtifact):
        artifact = step.artifact
        lines += paragraph(artifact.url, 14, "       from")
        if artifact.member:
            lines += paragraph(artifact.member, 14, "       member")
        if artifact.checksum_url:
            lines += paragraph(artifact.checksum_url, 14, "       digest")
        else:
            lines += paragraph(artifact.sha256, 14, "       sha256")
        trust = f"{artifact.trust}: {artifact.in_words}"
        origin = "" if artifact.checksum_url else f" ({artifact.origin})"
        lines += paragraph(trust + origin, 14, "       trust")
    if isinstance(step, LinkTools):
        lines += paragraph(f"the links of profile {step.profile}", 14, "       to")
    for argv in step.commands:
        lines += unbroken(shlex.join(argv), 14, "       runs")
    return lines


def _notes(report: Report) -> list[Line]:
    assert report.plan is not None
    lines: list[Line] = []
    blockers = report.plan.blockers
    if blockers:
        lines += [Line(), *paragraph("Blocked: no step is done until this is mended")]
        for finding in blockers:
            lines += _finding(finding, verbose=False)
        lines += _still_works(report)
    kinds = (Status.WARN, Status.UNKNOWN, Status.FAIL)
    others = [f for f in report.findings if f.status in kinds and f not in blockers]
    if others:
        lines += [Line(), Line("Warnings")]
        for finding in others:
            lines += _finding(finding, verbose=False)
    return lines


def gate(result: GateResult) -> list[Line]:
    """One gate: what was seen, and when it is not passed why, and what to type."""
    seconds = show_seconds(result.seconds) if result.seconds >= 1 else ""
    lines = row(_GATE_MARKS[result.status], result.gate, result.message, seconds)
    if result.why:
        lines += paragraph(result.why, 13, "      why")
    if result.fix:
        lines += unbroken(result.fix, 13, "      fix")
    return lines


def error(problem: KbootError) -> list[Line]:
    """What happened, why, what state things are in now, what to type next."""
    lines = paragraph(f"kboot: {problem.code.id} (exit {int(problem.code)}): {problem.what}")
    for label, text in (("why", problem.why),):
        lines += paragraph(text, 9, f"  {label}") if text else []
    lines += [line for item in problem.items for line in _item(item, problem.code)]
    lines += paragraph(problem.state, 9, "  state") if problem.state else []
    lines += unbroken(problem.next, 9, "  next") if problem.next else []
    lines += unbroken(problem.instead, 9, "  or") if problem.instead else []
    return lines


def _item(item: str, code: Exit) -> list[Line]:
    """A program's own words stay as it said them: they are what people search for."""
    if code in (Exit.TOOL_FAILED, Exit.TOOL_TIMED_OUT):
        return [Line(f"         {item}")]
    return paragraph(item, 11, "         ")
