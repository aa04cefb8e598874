"""Findings about tools: is what is there what the profile asks for?"""

from bootstrap.core.choose.choice import Choice
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import Policy, Profile
from bootstrap.core.model.tool import Verdict
from bootstrap.errors import Exit


def tool_findings(choice: Choice, profile: Profile, *, needed: bool) -> tuple[Finding, ...]:
    """The tool itself, then what its own module says of its state.

    `needed`: the cluster cannot be started without it.
    """
    presence = _presence(choice, profile, needed=needed)
    return (presence, *_passed_over(choice), *_verdicts(choice, profile, needed=needed))


def _presence(choice: Choice, profile: Profile, *, needed: bool) -> Finding:
    if choice.state.failure:
        return _unknown(choice, needed=needed)
    if choice.state.path is None:
        return _absent(choice, profile, needed=needed)
    if choice.satisfied:
        return _finding(choice, Status.OK, "as-declared")
    if choice.undriven:
        return _undriven(choice, profile, needed=needed)
    return _unfit(choice, profile, "trust-too-low" if choice.distrusted else "wrong-version")


def _unknown(choice: Choice, *, needed: bool) -> Finding:
    path = choice.state.path
    return _finding(
        choice,
        Status.UNKNOWN,
        "could-not-tell",
        detail=f"{path or choice.tool.executable}: {choice.state.failure}",
        fix=f"run `{' '.join((path or choice.tool.executable, *choice.tool.version_args))}` "
        "and see why it does not answer",
        blocks=Exit.HOST_UNFIT if needed else None,
    )


def _absent(choice: Choice, profile: Profile, *, needed: bool) -> Finding:
    reason = "damaged" if choice.state.damaged else "not-found"
    if choice.artifact is not None:
        return _drift(choice, profile, reason)
    if choice.offer is not None:
        return _package_drift(choice, profile, reason)
    if choice.refusal is not None:
        return _cannot_install(choice, reason)
    blocks = None
    if needed or _policy(choice) is Policy.REQUIRE:
        blocks = Exit.HOST_UNFIT if needed else Exit.POLICY_DENIES
    return _finding(
        choice,
        Status.FAIL if blocks else Status.WARN,
        reason,
        detail=_DEMANDS[blocks],
        fix=choice.by_hand,
        blocks=blocks,
        blocks_tools=blocks is Exit.POLICY_DENIES,
    )


def _unfit(choice: Choice, profile: Profile, reason: str) -> Finding:
    """There, but not of the declared version, not verified as far as is asked, or not its own."""
    if choice.artifact is not None and choice.state.borrowed:
        return _drift(choice, profile, "of-another-profile")
    if choice.artifact is not None:
        return _drift(choice, profile, reason)
    if choice.offer is not None:
        return _package_drift(choice, profile, reason)
    if _policy(choice) is Policy.INSTALL:
        return _cannot_install(choice, reason)
    by_hand = f"{choice.by_hand}, or change the version in the profile"
    why = choice.distrusted or choice.undriven or "not the declared version"
    if _policy(choice) is Policy.REQUIRE:
        return _finding(
            choice,
            Status.FAIL,
            reason,
            detail=f'{why}; the profile says policy = "require"',
            fix=by_hand,
            blocks=Exit.POLICY_DENIES,
            blocks_tools=True,
        )
    return _finding(
        choice,
        Status.WARN,
        reason,
        detail=f'{why}; the profile says policy = "warn", so kboot goes on',
        fix=by_hand,
    )


def _undriven(choice: Choice, profile: Profile, *, needed: bool) -> Finding:
    if choice.artifact is not None or not needed:
        return _unfit(choice, profile, "minikube-too-old")
    return _finding(
        choice,
        Status.FAIL,
        "minikube-too-old",
        detail=choice.undriven,
        fix=f"{choice.by_hand}, and declare its version in the profile",
        blocks=Exit.HOST_UNFIT,
    )


def _drift(choice: Choice, profile: Profile, reason: str) -> Finding:
    artifact = choice.artifact
    assert artifact is not None
    ours = choice.state.path is None or choice.state.managed
    beside = "" if ours else f" beside {choice.state.path}, which stays"
    if choice.state.borrowed:
        beside = " for this profile; the one on PATH is another profile's"
    up = profile.command_line("up")
    installs = f"`{up}` installs {artifact.version}{beside} ({artifact.in_words})"
    return _finding(
        choice,
        Status.DRIFT,
        reason,
        detail="; ".join(filter(None, (choice.distrusted, choice.undriven, installs))),
        fix=up,
    )


def _package_drift(choice: Choice, profile: Profile, reason: str) -> Finding:
    offer = choice.offer
    assert offer is not None
    what = f"{offer.manager}'s {' '.join(offer.packages)}"
    version = offer.version or "once it is known that its version fits"
    up = profile.command_line("up")
    installs = f"`{up}` installs {what}, {version}" if offer.packages else f"`{up}` starts it"
    detail = "; ".join(filter(None, (installs, choice.tool.afterwards)))
    return _finding(choice, Status.DRIFT, reason, detail=detail, fix=up)


def _cannot_install(choice: Choice, reason: str) -> Finding:
    """Policy is `install`, and kboot has nothing that it may install."""
    assert choice.refusal is not None
    return _finding(
        choice,
        Status.FAIL,
        reason,
        detail=choice.refusal.why,
        fix=choice.refusal.fix,
        blocks=choice.refusal.blocks,
        blocks_tools=True,
    )


def _verdicts(choice: Choice, profile: Profile, *, needed: bool) -> tuple[Finding, ...]:
    if choice.state.path is None:
        return ()
    if choice.offer is not None and not choice.satisfied:
        return ()  # of a tool that is going to be another
    return tuple(
        _started_by_step(choice, verdict, profile)
        if verdict.startable and choice.offer is not None
        else _verdict_finding(choice, verdict, needed=needed)
        for verdict in choice.tool.judge(choice.state)
    )


def _started_by_step(choice: Choice, verdict: Verdict, profile: Profile) -> Finding:
    up = profile.command_line("up")
    return Finding(
        Group.TOOLS,
        choice.tool.name,
        Status.DRIFT,
        verdict.reason,
        verdict.message,
        detail=f"`{up}` starts it",
        fix=up,
    )


def _verdict_finding(choice: Choice, verdict: Verdict, *, needed: bool) -> Finding:
    required = _policy(choice) is Policy.REQUIRE
    blocks = None
    if not verdict.usable and (needed or required):
        blocks = Exit.HOST_UNFIT if needed else Exit.POLICY_DENIES
    return Finding(
        Group.TOOLS,
        choice.tool.name,
        Status.FAIL if blocks else Status.WARN,
        verdict.reason,
        verdict.message,
        detail=_DEMANDS[blocks],
        fix=verdict.fix,
        blocks=blocks,
        blocks_tools=blocks is Exit.POLICY_DENIES,
    )


_DEMANDS = {
    Exit.HOST_UNFIT: "the profile's driver needs it",
    Exit.POLICY_DENIES: "the profile requires it",
    None: "",
}


def _policy(choice: Choice) -> Policy | None:
    return choice.requirement.policy if choice.requirement else None


def _finding(
    choice: Choice,
    status: Status,
    reason: str,
    *,
    detail: str = "",
    fix: str = "",
    blocks: Exit | None = None,
    blocks_tools: bool = False,
) -> Finding:
    return Finding(
        Group.TOOLS,
        choice.tool.name,
        status,
        reason,
        _seen(choice),
        wanted=choice.requirement.version if choice.requirement else "",
        detail="; ".join(
            filter(None, (_other_candidates(choice), choice.tool.detail(choice.state), detail))
        ),
        fix=fix,
        blocks=blocks,
        blocks_tools=blocks_tools,
    )


def _seen(choice: Choice) -> str:
    state = choice.state
    if state.failure:
        return "could not tell"
    if state.damaged:
        return f"damaged: {state.damaged}"
    if state.path is None:
        return "not found"
    where = "installed by kboot" if state.managed else state.path
    cached = "  (cached)" if state.cached else ""
    return f"{state.version}  {where}{cached}"


def _other_candidates(choice: Choice) -> str:
    count = len(choice.state.candidates)
    return f"first of {count} on PATH" if count > 1 and not choice.state.managed else ""


def _passed_over(choice: Choice) -> tuple[Finding, ...]:
    """A shell would run them: whoever reads this should know that kboot does not."""
    return tuple(
        Finding(
            Group.TOOLS,
            choice.tool.name,
            Status.WARN,
            "passed-over",
            f"kboot does not run {file}: {why}",
            fix="see to it that only you or root can write it, or leave its folder out of PATH",
        )
        for file, why in choice.state.passed_over.items()
    )
