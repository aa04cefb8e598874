"""Why something of a trial's does not come: a reason id, words, and whether waiting may help."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.failure import CANNOT_MEND_ITSELF, ApiFailure, refusal
from bootstrap.cluster.objects import (
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

_LOG_LINES = 3
_PULL = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
_GIVEN_UP = ("ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")
_WAITING = {
    "ErrImageNeverPull": "image-not-there",
    "InvalidImageName": "image-name-invalid",
    "CrashLoopBackOff": "crash-loop",
    "CreateContainerConfigError": "container-not-created",
    "CreateContainerError": "container-not-created",
    "RunContainerError": "container-not-created",
}
_EVENTS = {
    "FailedMount": "volume-not-mounted",
    "FailedAttachVolume": "volume-not-mounted",
    "FailedCreatePodSandBox": "pod-network-fails",
    "FailedCreate": "pod-not-created",
    "FailedScheduling": "pod-unschedulable",
    "Evicted": "pod-evicted",
}


class Trouble(NamedTuple):
    """`words`: the object, its condition, its last event or log lines. `final`: it stays so."""

    reason: str
    words: str
    final: bool = False


def of_pod(client: ApiClient, namespace: str, pod: Object) -> Trouble:
    """Of a pod that is not Ready, or has failed."""
    return (
        _of_container(client, namespace, pod)
        or _of_schedule(client, namespace, pod)
        or _of_node(client, pod)
        or _of_events(client, namespace, pod, "pod")
        or _of_nobody(pod)
    )


def _of_nobody(pod: Object) -> Trouble:
    """Nothing says anything of it."""
    if not text(pod, "spec", "nodeName"):
        words = f"pod {name(pod)} has no node, and no scheduler has looked at it"
        return Trouble("pod-not-scheduled", words)
    return Trouble("pod-not-started", f"pod {name(pod)} is {text(pod, 'status', 'phase')}")


def of_claim(client: ApiClient, namespace: str, found: Object) -> Trouble:
    """Of a claim that is not bound. That it waits for a provisioner is a Normal event."""
    event = last_event(client, namespace, found, types=("Warning", "Normal"))
    if event:
        words = f"claim {name(found)}: {text(event, 'reason')}: {text(event, 'message')}"
        return Trouble("claim-not-bound", words)
    phase = text(found, "status", "phase") or "not looked at yet"
    return Trouble("claim-not-bound", f"claim {name(found)} is {phase}, and no event says why")


def of_controller(client: ApiClient, namespace: str, found: Object, label: str) -> Trouble:
    """Of a Deployment or StatefulSet that is not complete; its pods are labelled `app: label`."""
    pods = _list(client, f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{label}")
    for pod in pods:
        if not holds(pod, "Ready"):
            return of_pod(client, namespace, pod)
    failure = explained(condition(found, "ReplicaFailure"))
    if failure:
        return Trouble(_refused(failure), f"{label}: {failure}", final=True)
    told = _of_events(client, namespace, found, label)
    return told or Trouble("pod-not-created", f"{label}: no pod of it is there yet")


def last_event(
    client: ApiClient,
    namespace: str,
    about: Object,
    types: tuple[str, ...] = ("Warning",),
    word: str = "",
) -> Object:
    """The last event of those types, and with that word, about that object, or an empty one."""
    uid = text(about, "metadata", "uid")
    query = quote(f"involvedObject.uid={uid}")
    events = _list(client, f"/api/v1/namespaces/{namespace}/events?fieldSelector={query}")
    fitting = [
        each for each in events if text(each, "type") in types and word in text(each, "message")
    ]
    return max(fitting, key=_moment, default={})


def last_words(client: ApiClient, namespace: str, pod: Object, *, previous: bool = False) -> str:
    """The last lines that its container printed, or empty."""
    path = f"/api/v1/namespaces/{namespace}/pods/{name(pod)}/log?tailLines={_LOG_LINES}"
    try:
        reply = client.get(path + ("&previous=true" if previous else ""))
    except ApiFailure:
        return ""
    said = reply.body.decode("utf-8", "replace") if reply.status == 200 else ""
    return text({"log": " / ".join(said.split("\n")).strip(" /")}, "log")


def _of_container(client: ApiClient, namespace: str, pod: Object) -> Trouble | None:
    who = f"pod {name(pod)}"
    for status in objects(pod, "status", "containerStatuses"):
        waiting: Object = at(status, "state", "waiting") or {}
        reason, image = text(waiting, "reason"), text(status, "image")
        if reason in _PULL or reason in ("ErrImageNeverPull", "InvalidImageName"):
            # The kubelet's later events, and the state, do not say why any more.
            told = text(last_event(client, namespace, pod, word="pull"), "message")
            said = told or text(waiting, "message")
            words = f"{who}: image {image}: {said or reason}"
            kind = _WAITING.get(reason, "image-not-pulled")
            return Trouble(kind, words, final=reason in _GIVEN_UP)
        ended: Object = at(status, "state", "terminated") or {}
        if reason == "CrashLoopBackOff":
            ended = at(status, "lastState", "terminated") or {}
            return _of_end(client, namespace, pod, ended, previous=True)
        if ended:
            return _of_end(client, namespace, pod, ended)
        if reason in _WAITING:
            return Trouble(_WAITING[reason], f"{who}: {explained(waiting)}")
        if at(status, "state", "running") is not None and not holds(pod, "Ready"):
            told = text(last_event(client, namespace, pod), "message")
            return Trouble("pod-not-ready", f"{who} runs, but is not Ready{told and f': {told}'}")
    return None


def _of_end(
    client: ApiClient, namespace: str, pod: Object, ended: Object, *, previous: bool = False
) -> Trouble:
    who, code = f"pod {name(pod)}", number(ended, "exitCode")
    if text(ended, "reason") == "OOMKilled":
        return Trouble("out-of-memory", f"{who}: its container used more memory than it may", True)
    said = text(ended, "message") or last_words(client, namespace, pod, previous=previous)
    kind = "crash-loop" if previous else "pod-failed"
    ends = "ends again and again" if previous else "ended"
    return Trouble(kind, f"{who} {ends} with exit code {code}{said and f': {said}'}", final=True)


def _of_schedule(client: ApiClient, namespace: str, pod: Object) -> Trouble | None:
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") != "False":
        return None
    said = text(scheduled, "message") or text(scheduled, "reason")
    if "PersistentVolumeClaim" in said or "persistentvolumeclaim" in said:
        claims = _list(client, f"/api/v1/namespaces/{namespace}/persistentvolumeclaims")
        for found in claims:
            if text(found, "status", "phase") == "Pending" and _mounts(pod, found):
                return of_claim(client, namespace, found)
    return Trouble("pod-unschedulable", f"pod {name(pod)}: {said}")


def _mounts(pod: Object, found: Object) -> bool:
    volumes = objects(pod, "spec", "volumes")
    names = (text(each, "persistentVolumeClaim", "claimName") for each in volumes)
    return name(found) in names


def _of_node(client: ApiClient, pod: Object) -> Trouble | None:
    """Of a node that has the pod but is not there to run it."""
    node_name = text(pod, "spec", "nodeName")
    if not node_name:
        return None
    try:
        node = client.get_json(f"/api/v1/nodes/{node_name}")
    except ApiFailure:
        return None
    if holds(node, "Ready"):
        return None
    ready = explained(condition(node, "Ready")) or "it does not report"
    return Trouble("node-not-ready", f"node {node_name} has pod {name(pod)}, but: {ready}")


def _of_events(client: ApiClient, namespace: str, about: Object, kind: str) -> Trouble | None:
    event = last_event(client, namespace, about)
    reason, said = text(event, "reason"), text(event, "message")
    if not reason:
        return None
    refused = _refused(said) if reason == "FailedCreate" else _EVENTS.get(reason)
    final = refused in CANNOT_MEND_ITSELF
    words = f"{kind} {name(about)}: {reason}: {said}"
    return Trouble(refused or "pod-not-started", words, final)


def _refused(said: str) -> str:
    """Why the API server refuses a controller's pods."""
    reason = refusal(403, said).reason
    return "pod-not-created" if reason == "api-forbidden" else reason


def _moment(event: Object) -> str:
    """RFC 3339 in UTC sorts as text. Events of newer servers have only `eventTime`."""
    return text(event, "lastTimestamp") or text(event, "eventTime")


def _list(client: ApiClient, path: str) -> list[Object]:
    """Empty also where it may not be looked at: it only says more about what is wrong anyway.

    Raises ApiFailure when time is over: then what was told before says more.
    """
    try:
        found: Mapping[str, object] = client.get_json(path)
    except ApiFailure as failure:
        if failure.reason == "api-timeout":
            raise
        return []
    return objects(found, "items")
