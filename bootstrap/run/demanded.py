"""What a profile's work is run with is what it demands, or it is not run."""

import shlex

from bootstrap.core.choose.case import case_of
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import Policy, Profile
from bootstrap.core.model.request import Request
from bootstrap.engine.look.ask import ask, known_of
from bootstrap.engine.look.observe import observe
from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs.probe import Asking
from bootstrap.run.session import Session
from bootstrap.store.keep.intact import damaged_links
from bootstrap.ui.layout import listed, paragraph


def demand(session: Session) -> None:
    """Of what the profile installs or requires, all is there and as declared.

    No link that a shell would find leads to a damaged file, also none of a tool that the profile
    declares no more. What it only warns of is told where telling costs no program's start.
    Raises KbootError (1).
    """
    profile = _looked_at(session)
    _check_links(session)
    if not profile.requirements:
        return
    asked = ask(profile, session.knowledge, session.around, Asking())
    host = observe(asked, Request(tools_only=True), session.line)
    findings = assess(case_of(profile, host, session.knowledge, Request(tools_only=True)))
    own = {each.tool for each in profile.requirements}
    tools = [each for each in findings if each.group is Group.TOOLS and each.subject in own]
    for finding in tools:
        if finding.status is Status.WARN:
            session.screen.talk(paragraph(f"kboot: {_said(finding)}"))
    lacking = [each for each in tools if each.is_problem or each.status is Status.DRIFT]
    if lacking:
        raise _refusal(session, lacking)


def _check_links(session: Session) -> None:
    """Those of declared tools are judged with the tools, which the profile's line mends."""
    own = {session.knowledge.tool(e.tool).executable for e in session.profile.requirements}
    folder = session.around.places.links(session.profile.id)
    damaged = damaged_links(folder, known_of(session.knowledge, session.around))
    others = {name: why for name, why in damaged.items() if name not in own}
    are = "is" if len(others) == 1 else "are"
    if others:
        raise KbootError(
            Exit.NOT_CONVERGED,
            f"{' and '.join(others)} in kboot's store {are} damaged",
            why="; ".join(f"{name}: {why}" for name, why in others.items()),
            state="nothing was changed, and nothing was run",
            next=f"rm {' '.join(shlex.quote(f'{folder}/{name}') for name in others)}   "
            "(the profile does not declare it)",
        )


def _looked_at(session: Session) -> Profile:
    demanded = tuple(
        each
        for each in session.profile.requirements
        if each.policy is not Policy.WARN
        or session.knowledge.tool(each.tool).version_is_of_the_file
    )
    return session.profile._replace(requirements=demanded, cluster=None)


def _said(finding: Finding) -> str:
    wanted = f" (wanted {finding.wanted})" if finding.wanted else ""
    return f"{finding.subject}: {finding.message}{wanted}"


def _refusal(session: Session, lacking: list[Finding]) -> KbootError:
    names = listed(list(dict.fromkeys(each.subject for each in lacking)))
    are = "are" if " and " in names else "is"
    return KbootError(
        Exit.NOT_CONVERGED,
        f"{names} {are} not as profile {session.profile.name} says",
        why="; ".join(map(_said, lacking)),
        state="nothing was changed, and nothing was run",
        next=lacking[0].fix,
    )
