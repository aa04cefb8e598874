"""Why a pod of kube-system is not Ready."""

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import (
    Object,
    at,
    condition,
    explained,
    holds,
    name,
    number,
    objects,
    text,
)
from bootstrap.gates.live.said import last_words

_LINES = 2
_CONTAINERS = ("initContainerStatuses", "containerStatuses")
"""Init containers first: while one of them fails, the others only say PodInitializing."""


def pod_that_tells(client: ApiClient, pods: list[Object]) -> str:
    """The first pod that is not Ready, and why; empty where all are."""
    return next((trouble_of(client, each) for each in pods if lack_of(each)), "")


def lack_of(pod: Object) -> str:
    """What it lacks, in words; empty when nothing."""
    if holds(pod, "Ready") or text(pod, "status", "phase") == "Succeeded":
        return ""
    waiting = (text(each, "state", "waiting", "reason") for each in _statuses(pod))
    phase = text(pod, "status", "phase") or "not started"
    return next(filter(None, waiting), f"is {phase}")


def trouble_of(client: ApiClient, pod: Object) -> str:
    """Why it is not Ready; of one that ends again and again, with its last words, also while it
    runs again for a moment."""
    who = f"pod {name(pod)}"
    crashing = next((each for each in _statuses(pod) if _end_of(each)), None)
    if crashing is None:
        return f"{who}: {_waits_for(pod)}"
    again = at(crashing, "state", "terminated") is None
    own = text(crashing, "name")
    said = last_words(client, "kube-system", pod, own, lines=_LINES, previous=again)
    how = text(crashing, "state", "waiting", "reason") or ("runs again" if again else "ended")
    ended = _end_of(crashing)
    told = f"; its last words: {said}" if said else f": {explained(ended)}"
    return f"{who}: {own} {how} (exit code {number(ended, 'exitCode')}){told}"


def _end_of(status: Object) -> Object:
    """How that container last ended, where that is why it is not Ready."""
    if ended := _failed(at(status, "state", "terminated")):
        return ended
    before = _failed(at(status, "lastState", "terminated"))
    if text(status, "state", "waiting", "reason") == "CrashLoopBackOff":
        return before
    if at(status, "state", "running") is None:
        return {}
    # By a signal (128 and more) its node may have ended it when it was stopped.
    by_its_node = number(before, "exitCode") >= 128 and text(before, "reason") != "OOMKilled"
    return {} if by_its_node else before


def _failed(ended: Object | None) -> Object:
    return ended if ended and number(ended, "exitCode") else {}


def _waits_for(pod: Object) -> str:
    for status in _statuses(pod):
        if waiting := explained(at(status, "state", "waiting") or {}):
            return waiting
    for kind in ("PodScheduled", "Ready"):
        if condition(pod, kind).get("status") == "False":
            return explained(condition(pod, kind)) or f"not {kind}"
    return text(pod, "status", "phase") or "nothing is known of it yet"


def _statuses(pod: Object) -> list[Object]:
    return [each for kind in _CONTAINERS for each in objects(pod, "status", kind)]
