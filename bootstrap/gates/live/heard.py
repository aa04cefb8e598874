"""Whether what the API says of nodes and pods was said since the cluster was started.

What a stopped cluster keeps is what was so before the stop: nodes that are Ready, pods that run.
It is said anew by kubelets that have come back, node by node, some seconds after the API server.
"""

from datetime import UTC, datetime, timedelta

from bootstrap.api.client import ApiClient
from bootstrap.api.objects import Object, condition, name, objects, text
from bootstrap.api.signs import moment, renewals

_ROUNDS = timedelta(seconds=20)
"""After all nodes were back. In two of its rounds of 10 s a kubelet says what changed; of a pod
that outlived the stop it may have nothing to say."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def unheard_nodes(client: ApiClient, nodes: list[Object], since: datetime) -> list[Object]:
    """Those whose kubelet has not said since then that it lives. Raises ApiFailure."""
    silent = [node for node in nodes if _heartbeat(node) < since]
    renewed = renewals(client) if silent else {}
    return [node for node in silent if renewed.get(name(node), _NEVER) < since]


def unheard_pods(
    client: ApiClient,
    nodes: list[Object],
    pods: list[Object],
    since: datetime,
    back: datetime | None,
) -> list[Object]:
    """Those of which what is said is of before. Raises ApiFailure.

    `back`: when all nodes had reported; None: they have not.
    """
    silent = [pod for pod in pods if not _is_told(pod, since)]
    if back is None:
        return silent
    renewed = renewals(client) if silent else {}
    heard = {name(node): max(_heartbeat(node), renewed.get(name(node), _NEVER)) for node in nodes}
    return [
        pod for pod in silent if heard.get(text(pod, "spec", "nodeName"), _NEVER) < back + _ROUNDS
    ]


def _is_told(pod: Object, since: datetime) -> bool:
    """It became Ready since then, or a container of it began."""
    running = (
        _moment(each, "state", "running", "startedAt")
        for each in objects(pod, "status", "containerStatuses")
    )
    ready = _moment(condition(pod, "Ready"), "lastTransitionTime")
    return any(moment >= since for moment in (ready, *running))


def _heartbeat(node: Object) -> datetime:
    return _moment(condition(node, "Ready"), "lastHeartbeatTime")


def _moment(thing: object, *path: str) -> datetime:
    return moment(thing, *path) or _NEVER
