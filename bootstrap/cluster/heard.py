"""Whether what the API says of nodes and pods was said since the cluster was started.

What a stopped cluster keeps is what was so before the stop: nodes that are Ready, pods that run.
It is said anew by kubelets that have come back, node by node, some seconds after the API server.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.failure import ApiFailure
from bootstrap.cluster.objects import Object, condition, name, objects, text

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_BY_THEN = timedelta(seconds=20)
"""A kubelet that has lived for that long has said what changed: it looks every 10 s. Of a pod that
outlived the stop it may have nothing to say."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def nodes_heard(client: ApiClient, nodes: Iterable[Object]) -> Mapping[str, datetime]:
    """By name, when each node's kubelet last said that it lives. Raises ApiFailure."""
    renewed = _renewals(client)
    told = {name(node): _moment(condition(node, "Ready"), "lastHeartbeatTime") for node in nodes}
    return {each: max(moment, renewed.get(each, _NEVER)) for each, moment in told.items()}


def pod_is_heard(pod: Object, heard: Mapping[str, datetime], since: datetime) -> bool:
    """Whether its status is of after `since`. `heard`: as `nodes_heard` has it."""
    if _moment(condition(pod, "Ready"), "lastTransitionTime") >= since:
        return True
    running = (
        _moment(each, "state", "running", "startedAt")
        for each in objects(pod, "status", "containerStatuses")
    )
    if any(started >= since for started in running):
        return True
    return heard.get(text(pod, "spec", "nodeName"), _NEVER) >= since + _BY_THEN


def _renewals(client: ApiClient) -> Mapping[str, datetime]:
    """Nodes have leases since 1.13; before, their status is posted every 10 s."""
    try:
        leases = objects(client.get_json(_LEASES), "items")
    except ApiFailure as failure:
        if failure.reason in ("api-not-found", "api-forbidden"):
            return {}
        raise
    return {name(each): _moment(each, "spec", "renewTime") for each in leases}


def _moment(thing: object, *path: str) -> datetime:
    try:
        return datetime.fromisoformat(text(thing, *path))
    except ValueError:
        return _NEVER
