"""The last lines of `up`, `verify` and `down`: what is true now, and what to type next."""

from bootstrap.core.finding import Status
from bootstrap.core.gate import GateStatus
from bootstrap.core.profile import Profile
from bootstrap.core.report import Report
from bootstrap.core.step import DeleteCluster
from bootstrap.core.units import show_seconds
from bootstrap.errors import Exit
from bootstrap.ui.layout import Line, paragraph, plural


def up(report: Report) -> list[Line]:
    """Of a run that was not blocked and did not fail in a step."""
    assert report.profile is not None and report.plan is not None
    if report.exit_code is not Exit.CONVERGED:
        return _not_converged(report)
    if report.plan.is_empty:
        return paragraph(f"Nothing to do. {_as_declared(report)}{_cluster_ready(report)}")
    if not report.gates:
        return [
            Line(),
            *paragraph(f"The tools are as declared, after {show_seconds(report.seconds)}."),
            *_hand_over(report.profile),
        ]
    passed = _passed(report)
    return [
        Line(),
        *paragraph(f"Ready in {show_seconds(report.seconds)}: {passed}."),
        *_hand_over(report.profile),
    ]


def blocked(report: Report) -> list[Line]:
    """Of a run that was not begun."""
    assert report.plan is not None
    names = _and(list(dict.fromkeys(each.subject for each in report.plan.blockers)))
    code = report.exit_code
    return paragraph(
        f"kboot: {code.id} (exit {int(code)}): blocked by {names}; nothing was changed"
    )


def _not_converged(report: Report) -> list[Line]:
    assert report.profile is not None
    if report.left is not None:
        left = [f"{each.subject}: {each.because}" for each in report.left.steps]
        left += [f"{each.subject}: {each.message}" for each in report.left.blockers]
        return [
            *paragraph(
                "kboot: not-converged (exit 1): the steps were done, but the machine is still not "
                f"as {report.profile.name} says"
            ),
            *(line for each in left for line in paragraph(each, 9)),
            *paragraph(report.profile.command_line("doctor"), 9, "  next"),
        ]
    if not all(result.passed for result in report.gates):
        return gates_failed(report)
    bad = [f for f in report.findings if f.is_problem]
    return [
        *paragraph("kboot: not-converged (exit 1): some things are not well, or could not be told"),
        *(Line(f"         {each.subject}: {each.message} {each.detail}".rstrip()) for each in bad),
        *paragraph(report.profile.command_line("doctor"), 9, "  next"),
    ]


def gates_failed(report: Report) -> list[Line]:
    assert report.profile is not None and report.profile.cluster is not None
    failed = [r for r in report.gates if r.status in (GateStatus.FAILED, GateStatus.UNKNOWN)]
    name = report.profile.cluster.name
    answers = any(result.gate == "api" and result.passed for result in report.gates)
    says = (
        f"Cluster {name} answers, but is not ready" if answers else f"Cluster {name} is not ready"
    )
    counted = plural(len(failed), "gate")
    return [Line(), *paragraph(f"{says}: {counted} failed (exit {int(report.exit_code)}).")]


def verify(report: Report) -> list[Line]:
    assert report.profile is not None and report.profile.cluster is not None
    if report.exit_code is not Exit.CONVERGED:
        return gates_failed(report)
    return paragraph(f"Cluster {report.profile.cluster.name} is ready: {_passed(report)}.")


def down(report: Report) -> list[Line]:
    assert report.profile is not None and report.plan is not None
    cluster = report.profile.cluster
    if cluster is None:
        return paragraph(f"Nothing to do: profile {report.profile.name} has no cluster.")
    if report.plan.is_empty:
        seen = report.host.cluster if report.host else None
        power = seen.power.value if seen else "absent"
        return paragraph(f"Nothing to do: cluster {cluster.name} is {power}.")
    deleted = any(isinstance(step, DeleteCluster) for step in report.plan.steps)
    done = "deleted" if deleted else "stopped; its data stay"
    return paragraph(f"Cluster {cluster.name} is {done}.")


def _passed(report: Report) -> str:
    return f"gates passed: {', '.join(each.gate for each in report.gates if each.passed)}"


def _as_declared(report: Report) -> str:
    assert report.host is not None and report.profile is not None
    declared = {requirement.tool for requirement in report.profile.requirements}
    fine = {f.subject for f in report.findings if f.status is Status.OK} & declared
    named = [f"{name} {state.release}" for name, state in report.host.tools.items() if name in fine]
    if not named:
        return ""
    return f"{_and(named)} {'is' if len(named) == 1 else 'are'} as declared"


def _cluster_ready(report: Report) -> str:
    assert report.profile is not None
    cluster = report.profile.cluster
    if not report.gates or cluster is None:
        return "."
    return f"; cluster {cluster.name} is ready ({_passed(report)})."


def _hand_over(profile: Profile) -> list[Line]:
    env = profile.command_line("env")
    run = profile.command_line("exec")
    what = "kubectl get nodes" if profile.cluster else "kubectl version --client"
    return [
        Line(f'Use it in this shell:   eval "$({env})"'),
        Line(f"Or for one command:     {run} -- {what}"),
    ]


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
