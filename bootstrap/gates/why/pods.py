"""Why something of a trial's does not come: a reason id, words, and whether it may still come.

`final` is said only of what Kubernetes itself will not change any more. Whatever it tries again by
itself, a pull, a mount, a sandbox, a volume, may come, however slowly: that is for the gate's time.
"""

import re
from collections.abc import Iterator

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure, refusal
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
from bootstrap.gates.why.ends import (
    MAIN,
    TERMINATED,
    container,
    is_lost,
    is_of_the_runtime,
    memory_limit,
)
from bootstrap.gates.why.pulls import IMAGES, WORDS, of_image
from bootstrap.gates.why.trouble import Trouble, last_event, listed
from bootstrap.gates.why.volumes import of_claim

_WAITING = {
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
_NETWORK = re.compile(r"(?i)network|\bcni\b")
"""Of a sandbox that cannot be made. Else a limit of the pod's, or the runtime, is why."""
_TOO_SMALL = "memory limit too low"


def of_pod(client: ApiClient, namespace: str, pod: Object) -> Trouble:
    """Of a pod that is not Ready, or has not ended well."""
    return (
        _of_loss(pod)
        or _of_init(client, namespace, pod)
        or _of_main(client, namespace, pod)
        or _of_schedule(client, namespace, pod)
        or _of_node(client, pod)
        or _of_events(client, namespace, pod, "pod")
        or _of_nobody(pod)
    )


def of_controller(client: ApiClient, namespace: str, found: Object, label: str) -> Trouble:
    """Of a Deployment or StatefulSet that is not complete; its pods are labelled `app: label`."""
    pods = listed(client, f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{label}")
    for pod in pods:
        if not holds(pod, "Ready"):
            return of_pod(client, namespace, pod)
    failure = explained(condition(found, "ReplicaFailure"))
    if failure:
        return _refused(f"{label}: {failure}", failure)
    told = _of_events(client, namespace, found, label)
    return told or Trouble("pod-not-created", f"{label}: no pod of it is there yet")


def claims_of(client: ApiClient, namespace: str, pod: Object) -> Iterator[Object]:
    """The claims that it mounts and that have no volume yet."""
    volumes = objects(pod, "spec", "volumes")
    mounted = {text(each, "persistentVolumeClaim", "claimName") for each in volumes} - {""}
    if mounted:
        for found in listed(client, f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"):
            if name(found) in mounted and text(found, "status", "phase") == "Pending":
                yield found


def _of_loss(pod: Object) -> Trouble | None:
    """It is gone, or says nothing of what it was to do; another one may come to do it."""
    if not is_lost(pod):
        return None
    status: Object = at(pod, "status") or {}
    ended = explained(at(container(pod, MAIN), "state", "terminated") or {})
    said = explained(status) or ended or "it is being deleted"
    kind = "pod-evicted" if text(status, "reason") == "Evicted" else "pod-lost"
    return Trouble(kind, f"pod {name(pod)}: {said}")


def _of_init(client: ApiClient, namespace: str, pod: Object) -> Trouble | None:
    """kboot's pods have no init containers; those that admission adds are waited for like it.

    One that runs beside it (a native sidecar) is ended when it has come to its own end.
    """
    if at(container(pod, MAIN), "state", "terminated"):
        return None
    for status in objects(pod, "status", "initContainerStatuses"):
        own = text(status, "name")
        who = f"pod {name(pod)}: its init container {own}, which admission added,"
        waiting: Object = at(status, "state", "waiting") or {}
        code = number(status, "state", "terminated", "exitCode")
        if text(waiting, "reason") in (*IMAGES, *_WAITING, "CrashLoopBackOff"):
            said = explained(waiting)
            return Trouble("injected-fails", f"{who} does not run: {said}")
        if code:
            said = last_words(client, namespace, pod, own)
            words = f"{who} ended with exit code {code}{said and f': {said}'}"
            return Trouble("injected-fails", words, text(pod, "status", "phase") == "Failed")
    return None


def _of_main(client: ApiClient, namespace: str, pod: Object) -> Trouble | None:
    status = container(pod, MAIN)
    waiting: Object = at(status, "state", "waiting") or {}
    reason = text(waiting, "reason")
    if reason in IMAGES:
        return of_image(client, namespace, pod, status)
    if reason == "CrashLoopBackOff":
        ended: Object = at(status, "lastState", "terminated") or {}
        return _of_end(client, namespace, pod, ended, previous=True)
    if reason in _WAITING:
        return Trouble(_WAITING[reason], f"pod {name(pod)}: {explained(waiting)}")
    if number(status, "state", "terminated", "exitCode"):
        return _of_end(client, namespace, pod, status["state"]["terminated"])
    if at(status, "state", "running") is not None:
        return _of_running(client, namespace, pod)
    return None


def _of_end(
    client: ApiClient, namespace: str, pod: Object, ended: Object, *, previous: bool = False
) -> Trouble:
    who, code = f"pod {name(pod)}", number(ended, "exitCode")
    said = text(ended, "message") or last_words(client, namespace, pod, MAIN, previous=previous)
    # One that is started again may do better; by a signal (128 and more) also after a crash loop.
    stays = previous or text(pod, "spec", "restartPolicy") == "Never"
    if text(ended, "reason") == "OOMKilled":
        limit = memory_limit(pod)
        may = f"than the {limit} that it may" if limit else "than the node has left"
        words = f"{who}: its container used more memory {may}{said and f': {said}'}"
        return Trouble("out-of-memory", words, final=stays and bool(limit))
    if code == TERMINATED and stays and not previous:
        return Trouble("pod-not-ended", f"{who}: its time was over{said and f': {said}'}")
    kind = "crash-loop" if previous else "pod-failed"
    ends = "ends again and again" if previous else "ended"
    words = f"{who} {ends} with exit code {code}{said and f': {said}'}"
    may_pass = previous and (code >= 128 or is_of_the_runtime(ended))
    return Trouble(kind, words, final=stays and not may_pass)


def _of_running(client: ApiClient, namespace: str, pod: Object) -> Trouble | None:
    """Of one that is to come to its end, or to become Ready."""
    if text(pod, "spec", "restartPolicy") == "Never":
        said = last_words(client, namespace, pod, MAIN, lines=1)
        words = f"pod {name(pod)} runs{said and f': {said}'}"
        return _of_node(client, pod) or Trouble("pod-not-ended", words)
    if holds(pod, "Ready"):
        return None
    told = text(last_event(client, namespace, pod), "message")
    others = objects(pod, "status", "containerStatuses")
    lacking = [text(each, "name") for each in others if each.get("ready") is not True]
    beside = [each for each in lacking if each != MAIN]
    added = beside and MAIN not in lacking
    whose = f" (container {', '.join(beside)}, which admission added)" if added else ""
    words = f"pod {name(pod)} runs, but is not Ready{whose}{told and f': {told}'}"
    return Trouble("pod-not-ready", words)


def _of_schedule(client: ApiClient, namespace: str, pod: Object) -> Trouble | None:
    scheduled = condition(pod, "PodScheduled")
    said = text(scheduled, "message") or text(scheduled, "reason")
    refused = scheduled.get("status") == "False"
    if not refused or "persistentvolumeclaim" in said.lower():
        for found in claims_of(client, namespace, pod):
            return of_claim(client, namespace, found)
    if not refused:
        return None
    cordoned = _nobody_takes_pods(client)
    why = "every node is cordoned (kubectl uncordon NODE ends that); " if cordoned else ""
    return Trouble("pod-unschedulable", f"pod {name(pod)}: {why}{said}", final=cordoned)


def _nobody_takes_pods(client: ApiClient) -> bool:
    """Every node is cordoned, and nobody is there who would add one."""
    nodes = listed(client, "/api/v1/nodes")
    if not nodes or not all(at(each, "spec", "unschedulable") is True for each in nodes):
        return False
    scaler = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status"
    try:
        groups = objects(client.get_json("/apis"), "groups")
        adds = any("karpenter" in text(each, "name") for each in groups)
        return not adds and client.get(scaler).status == 404
    except ApiFailure:
        return False


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
    reason, said = text(event, "reason"), text(event, "message", limit=WORDS)
    has_node = text(about, "spec", "nodeName")
    if not reason or (reason == "FailedScheduling" and has_node):  # of before it was scheduled
        return None
    words = f"{kind} {name(about)}: {reason}: {said}"
    if reason == "FailedCreate":
        return _refused(words, said)
    if reason == "FailedCreatePodSandBox" and "sandbox image" in said:
        return Trouble("image-not-pulled", words)
    if _TOO_SMALL in said and (limit := memory_limit(about)):
        words = f"{words} (kboot sets no limit, and the pod has one of {limit})"
        return Trouble("out-of-memory", words, final=True)
    if reason == "FailedCreatePodSandBox" and not _NETWORK.search(said):
        return Trouble("container-not-created", words, final=_TOO_SMALL in said)
    return Trouble(_EVENTS.get(reason, "pod-not-started"), words)


def _of_nobody(pod: Object) -> Trouble:
    """Nothing says anything of it."""
    if not text(pod, "spec", "nodeName"):
        words = f"pod {name(pod)} has no node, and no scheduler has looked at it"
        return Trouble("pod-not-scheduled", words)
    phase, node = text(pod, "status", "phase"), text(pod, "spec", "nodeName")
    words = f"pod {name(pod)} is {phase} on node {node}, whose kubelet says nothing of it"
    return Trouble("pod-not-started", words)


def _refused(words: str, said: str) -> Trouble:
    """Of a controller whose pods the API server refuses, as it says."""
    failure = refusal(403, said)
    if failure.reason == "api-forbidden":  # no refusal, or of a controller whose rights come yet
        return Trouble("pod-not-created", words)
    reason = "pod-not-created" if failure.reason == "create-refused" else failure.reason
    return Trouble(reason, words)  # the controller tries again
