"""The person's own kubeconfig: is the profile's cluster in it?"""

from bootstrap.core.choose.case import Case
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.request import Request
from bootstrap.core.model.state import Merged, Power, UserKubeconfig

NOT_MERGED = "kubeconfig-not-merged"
NOT_SWITCHED = "context-not-switched"


def kubeconfig_findings(cluster: ClusterSpec, case: Case) -> tuple[Finding, ...]:
    """What is wrong with the file is said at once; what is due, once the cluster answers.

    A cluster that is started or refreshed is merged afterwards in any case.
    """
    profile, request, seen = case.profile, case.request, case.state.cluster
    if seen is None or seen.power is Power.UNKNOWN:
        return ()
    yours = seen.yours
    if yours.merged is Merged.CONFLICT:
        return (_conflict(profile, cluster, yours),)
    if yours.merged is Merged.UNUSABLE:
        return (_unusable(profile, cluster, yours),)
    if seen.power is not Power.RUNNING or seen.api.failure:
        return ()
    if yours.merged is Merged.DUE:
        message = f"is not in {yours.file} as it is now"
        return (_drift(profile, cluster, NOT_MERGED, message, request),)
    if yours.merged is Merged.CURRENT and _to_switch(cluster, yours, request):
        message = f"is not the current context of {yours.file}"
        return (_drift(profile, cluster, NOT_SWITCHED, message, request),)
    return ()


def _to_switch(cluster: ClusterSpec, yours: UserKubeconfig, request: Request) -> bool:
    return request.switch_context and yours.current_context != cluster.name


def _drift(
    profile: Profile, cluster: ClusterSpec, reason: str, message: str, request: Request
) -> Finding:
    up = profile.command_line("up", *(("--switch-context",) if reason == NOT_SWITCHED else ()))
    detail = f"`{up}` puts it there" if reason == NOT_MERGED else f"`{up}` makes it that"
    return Finding(
        Group.CLUSTER, cluster.name, Status.DRIFT, reason, message, detail=detail, fix=up
    )


def _conflict(profile: Profile, cluster: ClusterSpec, yours: UserKubeconfig) -> Finding:
    return Finding(
        Group.CLUSTER,
        cluster.name,
        Status.FAIL,
        "kubeconfig-conflict",
        f"is not merged into your kubeconfig: {yours.why}",
        detail=_still(profile),
        fix="rename or remove that entry, or give the cluster another name in the profile",
    )


def _unusable(profile: Profile, cluster: ClusterSpec, yours: UserKubeconfig) -> Finding:
    return Finding(
        Group.CLUSTER,
        cluster.name,
        Status.FAIL,
        "kubeconfig-unusable",
        f"is not merged into your kubeconfig: {yours.why}",
        detail=_still(profile),
        fix="mend that file, or name another in KUBECONFIG (/dev/null: none)",
    )


def _still(profile: Profile) -> str:
    return f"kboot leaves it alone; `{profile.command_line('exec')}` needs none of it"
