"""Signs of a cluster that a look sees at once: without them no gate that uses it can pass.

A handful of answers, asked for together with those that every look needs.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from bootstrap.api.client import ApiClient
from bootstrap.api.clock import moment_of
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, at, holds, name, objects, text
from bootstrap.core.model.gate import WITH_PODS
from bootstrap.core.model.state import Signs

_DNS = "labelSelector=k8s-app%3Dkube-dns"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_SERVICES = f"/api/v1/namespaces/kube-system/services?{_DNS}"
_ENDPOINTS = f"/api/v1/namespaces/kube-system/endpoints?{_DNS}"
_STATIC = "/api/v1/namespaces/kube-system/pods?labelSelector=tier%3Dcontrol-plane"
_STARTERS = ("kube-controller-manager", "kube-scheduler")
_PROVISIONER = "/api/v1/namespaces/kube-system/pods/storage-provisioner"
MINIKUBES = "k8s.io/minikube-hostpath"
"""The provisioner of minikube's class `standard`: pod storage-provisioner, since 0.24."""
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_DEFAULT = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
"""The second one is what minikube's addon wrote until 2019; Kubernetes honours both."""
_CLOSED = ("NoSchedule", "NoExecute")
_OF_GATES = {
    "dns": (_SERVICES, _ENDPOINTS),
    "storage": (_CLASSES, _PROVISIONER),
}
SILENT_SECONDS = 20.0
"""A kubelet renews its lease every ten. After forty Kubernetes itself calls the node not ready."""


def questions(gates: Iterable[str]) -> tuple[str, ...]:
    """The paths that `signs` asks for these gates."""
    asked = tuple(gates)
    of_pods = (_STATIC,) if set(asked) & set(WITH_PODS) else ()
    return (*of_pods, *(path for gate in asked for path in _OF_GATES.get(gate, ())))


def signs(client: ApiClient, gates: Iterable[str], nodes: list[Object]) -> Signs:
    """Raises ApiFailure where the server does not answer; what may not be seen is None."""
    asked = set(gates)
    services = _listed(client, _SERVICES) if "dns" in asked else None
    default = _default(client) if "storage" in asked else None
    by_minikube = default is not None and text(default, "provisioner") == MINIKUBES
    return Signs(
        closed=tuple(name(node) for node in nodes if is_closed(node)),
        stopped=_stopped(_listed(client, _STATIC) or []) if asked & set(WITH_PODS) else (),
        dns=None if services is None else bool(services),
        dns_servers=_ready(_listed(client, _ENDPOINTS)) if "dns" in asked else None,
        storage=None if default is None else name(default) if default else "",
        provisioner=_is_there(client, _PROVISIONER) if by_minikube else None,
        runtime=next(filter(None, map(_runtime, nodes)), ""),
    )


def is_closed(node: Object) -> bool:
    """No new pod is started on it, unless the pod says that it tolerates that."""
    if at(node, "spec", "unschedulable") is True:
        return True
    return any(text(each, "effect") in _CLOSED for each in objects(node, "spec", "taints"))


def silent_nodes(client: ApiClient, nodes: list[Object]) -> tuple[str, ...]:
    """Those whose kubelet is silent for longer than it ever is, by the server's clock."""
    renewed = renewals(client)
    try:
        now = moment_of(client.date)
    except ValueError:
        return ()
    seen = ((name(node), renewed.get(name(node))) for node in nodes)
    return tuple(node for node, at in seen if at and (now - at).total_seconds() > SILENT_SECONDS)


def renewals(client: ApiClient) -> Mapping[str, datetime]:
    """When each node's lease was renewed, by its own clock or the server's, whichever is later.

    There are leases since 1.14; before, and where they may not be seen, there is nothing.
    """
    leases = _listed(client, LEASES) or []
    told = ((name(each), _renewed(each)) for each in leases)
    return {node: at for node, at in told if at is not None}


def _renewed(lease: Object) -> datetime | None:
    """A node's clock may be off; the server notes by its own when a field was changed (1.18+)."""
    noted = (moment(each, "time") for each in objects(lease, "metadata", "managedFields"))
    return max(filter(None, (moment(lease, "spec", "renewTime"), *noted)), default=None)


def moment(thing: object, *path: str) -> datetime | None:
    """A time as the API has it; None: there is none."""
    try:
        found = datetime.fromisoformat(text(thing, *path))
    except ValueError:
        return None
    return found if found.tzinfo else None


def default_class(listed: object) -> Object | None:
    """Where several are marked, the newest counts, as Kubernetes does since 1.26."""
    marked = [each for each in objects(listed, "items") if _is_default(each)]
    return max(marked, key=lambda each: text(each, "metadata", "creationTimestamp"), default=None)


def _is_default(found: Object) -> bool:
    annotations = at(found, "metadata", "annotations")
    return any(at(annotations, key) == "true" for key in _DEFAULT)


def _default(client: ApiClient) -> Object | None:
    """The default StorageClass; empty: there is none; None: that may not be seen."""
    classes = _listed(client, _CLASSES)
    return None if classes is None else default_class({"items": classes}) or {}


def _runtime(node: Object) -> str:
    return text(node, "status", "nodeInfo", "containerRuntimeVersion").partition(":")[0]


def _is_there(client: ApiClient, path: str) -> bool | None:
    try:
        client.get_json(path)
    except ApiFailure as failure:
        if failure.reason not in ("api-not-found", "api-forbidden"):
            raise
        return False if failure.reason == "api-not-found" else None
    return True


def _ready(endpoints: list[Object] | None) -> int | None:
    if endpoints is None:
        return None
    subsets = (part for each in endpoints for part in objects(each, "subsets"))
    return sum(len(objects(part, "addresses")) for part in subsets)


def _listed(client: ApiClient, path: str) -> list[Object] | None:
    """None: that kind is not served here, or may not be seen."""
    try:
        return objects(client.get_json(path), "items")
    except ApiFailure as failure:
        if failure.reason in ("api-not-found", "api-forbidden"):
            return None
        raise


def _stopped(static: list[Object]) -> tuple[str, ...]:
    """Where there are none at all the control plane is of another kind, as localkube is."""
    run = {text(each, "metadata", "labels", "component") for each in static if holds(each, "Ready")}
    return tuple(each for each in _STARTERS if static and each not in run)
