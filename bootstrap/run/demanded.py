"""What a profile's work is run with is what it demands, or it is not run."""

from bootstrap.core.choose.case import case_of
from bootstrap.core.judge.assess import assess
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import Policy, Profile
from bootstrap.core.model.request import Request
from bootstrap.engine.look.ask import ask
from bootstrap.engine.look.observe import observe
from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs.probe import Asking
from bootstrap.run.session import Session
from bootstrap.ui.layout import paragraph


def demand(session: Session) -> None:
    """Of what the profile installs or requires, all is there and as declared.

    What it only warns of is told where telling costs no program's start. Raises KbootError (1).
    """
    profile = _looked_at(session)
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
    names = " and ".join(each.subject for each in lacking)
    are = "is" if len(lacking) == 1 else "are"
    return KbootError(
        Exit.NOT_CONVERGED,
        f"{names} {are} not as profile {session.profile.name} says",
        why="; ".join(map(_said, lacking)),
        state="nothing was changed, and nothing was run",
        next=lacking[0].fix,
    )
