"""The last lines of `up`, `verify` and `down`: what is true now, and what to type next."""

from datetime import datetime

from bootstrap.core.model.finding import Status
from bootstrap.core.model.gate import GATE_IDS, GateStatus
from bootstrap.core.model.state import Backup
from bootstrap.core.model.step import DeleteCluster, UnmergeKubeconfig
from bootstrap.core.result.report import Report
from bootstrap.core.values.units import show_ago, show_seconds
from bootstrap.errors import Exit
from bootstrap.ui.layout import Line, listed, paragraph, plural, unbroken
from bootstrap.ui.shells import hand_over


def up(report: Report, shell: str, *, in_effect: bool) -> list[Line]:
    """Of a run that was not blocked and did not fail in a step.

    `shell`: the path of the person's; `in_effect`: it uses the profile's tools and cluster already.
    """
    assert report.profile is not None and report.plan is not None
    if report.exit_code is not Exit.CONVERGED:
        return _not_converged(report)
    if report.plan.is_empty:
        said = paragraph(f"Nothing to do. {_as_declared(report)}{_cluster_ready(report)}")
    elif report.gates:
        took = show_seconds(report.seconds)
        ready = f"Ready, proven by use, in {took}."
        if not _by_use(report):
            ready = f"Ready in {took}: {_passed(report)}."
        said = [Line(), *paragraph(ready)]
    else:
        took = show_seconds(report.seconds)
        said = [Line(), *paragraph(f"The tools are as declared, after {took}.")]
    return said if in_effect else [*said, *hand_over(report.profile, shell)]


def blocked(report: Report, instead: str = "") -> list[Line]:
    """Of a run that was not begun. `instead`: what else can be had here."""
    assert report.plan is not None
    names = listed(list(dict.fromkeys(each.subject for each in report.plan.blockers)))
    code = report.exit_code
    what = f"kboot: {code.id} (exit {int(code)}): blocked by {names}; nothing was changed"
    return [*paragraph(what), *(unbroken(instead, 9, "  or") if instead else [])]


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
            *unbroken(report.profile.command_line("doctor"), 9, "  next"),
        ]
    if not all(result.fine for result in report.gates):
        return gates_failed(report)
    bad = [f for f in report.findings if f.is_problem]
    said = ["; ".join(filter(None, (f"{f.subject}: {f.message}", f.detail))) for f in bad]
    return [
        *paragraph("kboot: not-converged (exit 1): some things are not well, or could not be told"),
        *(line for each in said for line in paragraph(each, 9)),
        *unbroken(report.profile.command_line("doctor"), 9, "  next"),
    ]


def gates_failed(report: Report) -> list[Line]:
    failed = [result for result in report.gates if result.status is GateStatus.FAILED]
    unknown = [result for result in report.gates if result.status is GateStatus.UNKNOWN]
    answers = any(result.gate == "api" and result.passed for result in report.gates)
    says = f"{_cluster(report)} answers" if answers else _cluster(report)
    if failed:
        says += ", but is not ready" if answers else " is not ready"
        says += f": {plural(len(failed), 'gate')} failed"
        says += f", {len(unknown)} could not be told" if unknown else ""
    else:
        says += f"; whether it is ready, {plural(len(unknown), 'gate')} could not tell"
    left = " Nothing of kboot's was left in it." if _is_clean(report) else ""
    return [
        Line(),
        *paragraph(f"{says} (exit {int(report.exit_code)}).{left}"),
        *_made_in_vain(report),
    ]


def _made_in_vain(report: Report) -> list[Line]:
    """A start that was cut off in its middle may leave what no later start completes."""
    seen = report.host.cluster if report.host else None
    if seen is None or report.profile is None or not seen.never_ready:
        return []
    anew = f"{report.profile.command_line('down', '--delete')}, then"
    return [
        *paragraph("It has not been ready once since kboot made it. If this lasts, make it anew:"),
        *unbroken(f"{anew} {report.profile.command_line('up')}", 9, "  next"),
    ]


def _cluster(report: Report) -> str:
    if report.context:
        return f"The cluster of context {report.context}"
    assert report.profile is not None and report.profile.cluster is not None
    return f"Cluster {report.profile.cluster.name}"


def _is_clean(report: Report) -> bool:
    return report.used_cluster and not report.left_behind


def verify(report: Report) -> list[Line]:
    if report.exit_code is not Exit.CONVERGED:
        return gates_failed(report)
    if _by_use(report):
        return [Line(), *paragraph(f"{_cluster(report)} is ready, proven by use.")]
    return [Line(), *paragraph(f"{_cluster(report)} is ready: {_passed(report)}.")]


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
    gone = any(isinstance(step, UnmergeKubeconfig) for step in report.plan.steps)
    if gone and not deleted:
        return paragraph(f"Cluster {cluster.name} was gone; now from your kubeconfig too.")
    done = "deleted" if deleted else "stopped; its data stay"
    return paragraph(f"Cluster {cluster.name} is {done}.")


def _by_use(report: Report) -> bool:
    """Every gate that there is was passed, or has nothing to prove here."""
    return tuple(result.gate for result in report.gates if result.fine) == GATE_IDS


def _passed(report: Report) -> str:
    return f"gates passed: {', '.join(each.gate for each in report.gates if each.passed)}"


def _as_declared(report: Report) -> str:
    assert report.host is not None and report.profile is not None
    declared = {requirement.tool for requirement in report.profile.requirements}
    fine = {f.subject for f in report.findings if f.status is Status.OK} & declared
    named = [f"{name} {state.release}" for name, state in report.host.tools.items() if name in fine]
    if not named:
        return ""
    return f"{listed(named)} {'is' if len(named) == 1 else 'are'} as declared"


def _cluster_ready(report: Report) -> str:
    assert report.profile is not None
    cluster = report.profile.cluster
    if not report.gates or cluster is None:
        return "."
    proven = [result.proven_at for result in report.gates if result.proven_at]
    if not proven:
        return f"; cluster {cluster.name} is ready ({_passed(report)})."
    since = datetime.fromisoformat(report.at) - datetime.fromisoformat(min(proven))
    ago = show_ago(since.total_seconds())
    all_gates = "all gates" if _by_use(report) else _passed(report)
    return f"; cluster {cluster.name} is ready ({all_gates} proven {ago})."


def backups(report: Report, restore: str) -> list[Line]:
    """`restore`: what puts one back, as the person types it."""
    if not report.backups:
        return [Line("kboot has changed no kubeconfig of yours, so none is kept.")]
    rows = [
        Line(f"{each.number:5}  {each.at}  {each.of}{'   the first, kept for ever' * each.first}")
        for each in report.backups
    ]
    return [*rows, Line(), Line(f"To put the first one back: {restore} {report.backups[0].number}")]


def restored(chosen: Backup, before: Backup | None) -> list[Line]:
    """`before`: what stood there until now; None: nothing, or the same."""
    said = f"{chosen.of} is again as it was before {chosen.at} (backup {chosen.number})"
    return paragraph(said + (f"; what stood there is backup {before.number}." if before else "."))
