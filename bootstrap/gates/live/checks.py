"""The live gates: for each one look at the cluster, which passes or says why it does not.

Waiting is `engine.prove.passing`'s job. What holds of a gate holds on every Kubernetes from 1.9 on.
"""

from collections.abc import Callable, Mapping

from bootstrap.api.client import ApiClient, said_by
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, condition, explained, holds, name, objects, some, text
from bootstrap.api.signs import LEASES, silent_nodes
from bootstrap.core.values.version import Version, find_version
from bootstrap.gates.live.bare_pods import BARE_PODS
from bootstrap.gates.live.system import check_system
from bootstrap.gates.live.workloads import LACKS
from bootstrap.gates.look import Expected, Look, of_failure

Check = Callable[[ApiClient, Expected], Look]


def look_at(gate: str, client: ApiClient, expected: Expected) -> Look:
    """One look at the gate of that id. Raises nothing that the server could cause."""
    try:
        return CHECKS[gate](client, expected)
    except ApiFailure as failure:
        return of_failure(failure)


def check_api(client: ApiClient, expected: Expected) -> Look:
    """The server says that it is ready, and it knows who asks.

    /readyz is there since 1.16; before, /healthz is. The status alone decides, as its documentation
    says; the body names the checks.
    """
    path = "/readyz"
    reply = client.get(f"{path}?verbose")
    if reply.status == 404:
        path = "/healthz"
        reply = client.get(f"{path}?verbose")
    if reply.status == 200:
        # Both paths answer anybody since 1.14; /api answers only those who have credentials.
        client.get("/api")
        return Look(passed=True, message=f"{path} ok")
    failed = [
        text({"line": line}, "line").removeprefix("[-]")
        for line in reply.body.decode(errors="replace").splitlines()
        if line.startswith("[-]")
    ]
    return Look(
        passed=False,
        message=f"{path} says {reply.status}",
        why=some(failed) or said_by(reply) or "the server does not say which check fails",
        reason="api-not-ready",
        fix="kboot down, then kboot up   (data in the cluster stay)",
    )


def check_version(client: ApiClient, expected: Expected) -> Look:
    """The server is of the profile's version, and kubectl at most one minor version away.

    kubectl's window is Kubernetes' version skew policy. Neither is mended by waiting.
    """
    said = text(client.get_json("/version"), "gitVersion")
    server = find_version(said)
    if server is None:
        why = f"gitVersion is {said!r}" if said else "its answer has no gitVersion"
        message = "the server's version is not understood"
        fix = "none: what answers there is perhaps not Kubernetes"
        return Look(False, message, why, "version-unknown", fix, unknown=True, final=True)
    wanted = find_version(expected.kubernetes or "")
    if wanted is not None and wanted != server:
        return Look(
            passed=False,
            message=f"server {server}, wanted {wanted}",
            why=f"the cluster runs Kubernetes {server} and the profile says {wanted}",
            reason="version-differs",
            fix=f'kubernetes = "{server}" in the profile, or kboot up --recreate   '
            "(deletes the cluster and all that is in it)",
            final=True,
        )
    kubectl = find_version(expected.kubectl or "")
    if kubectl is not None and not _within_one_minor(kubectl, server):
        return _skew(kubectl, server)
    return Look(
        passed=True, message=f"server {server}" + (f", kubectl {kubectl}" if kubectl else "")
    )


def _within_one_minor(kubectl: Version, server: Version) -> bool:
    (major, minor), (server_major, server_minor) = kubectl.minor, server.minor
    return major == server_major and abs(minor - server_minor) <= 1


def _skew(kubectl: Version, server: Version) -> Look:
    minor = ".".join(map(str, server.minor))
    return Look(
        passed=False,
        message=f"server {server}, kubectl {kubectl}",
        why=f"kubectl {kubectl} is more than one minor version away from the server's {server}",
        reason="kubectl-skew",
        fix=f'kubectl = "{minor}" under [tools] in the profile, then kboot up',
        final=True,
    )


def check_nodes(client: ApiClient, expected: Expected) -> Look:
    """There is a node, and every node is Ready."""
    nodes = objects(client.get_json("/api/v1/nodes"), "items")
    lacking = [node for node in nodes if not holds(node, "Ready")]
    silence = "its kubelet has not reported lately, and may have stopped"
    if nodes and not lacking:
        silent = silent_nodes(client, nodes)
        lacking = [node for node in nodes if name(node) in silent]
    if nodes and not lacking and expected.since:
        # A lazy point, as all that only a cluster just started needs.
        from bootstrap.gates.live.heard import unheard_nodes

        lacking = unheard_nodes(client, nodes, expected.since)
        silence = "its kubelet has not reported since the start"
    if nodes and not lacking:
        return Look(passed=True, message=f"{len(nodes)} of {len(nodes)} Ready")
    return Look(
        passed=False,
        message=f"{len(nodes) - len(lacking)} of {len(nodes)} Ready" if nodes else "no node",
        why=some([_node_trouble(node, silence) for node in lacking])
        or "no node has registered itself",
        reason="node-not-ready" if nodes else "node-missing",
        fix="kboot exec -- kubectl describe nodes" if nodes else "kboot down, then kboot up",
    )


def _node_trouble(node: Object, silence: str) -> str:
    """`silence`: of one that is Ready all the same."""
    ready = explained(condition(node, "Ready")) or "it has not reported yet"
    if holds(node, "Ready"):
        ready = silence
    pressing = [
        explained(each)
        for each in objects(node, "status", "conditions")
        if each.get("type") != "Ready" and each.get("status") == "True"
    ]
    return f"{name(node)}: {'; '.join([ready, *pressing])}"


def check_serviceaccount(client: ApiClient, expected: Expected) -> Look:
    """`default` exists in namespace default; without it no pod can be created there."""
    try:
        client.get_json("/api/v1/namespaces/default/serviceaccounts/default")
    except ApiFailure as failure:
        if failure.reason != "api-not-found":
            raise
        return of_failure(failure)._replace(
            message="default does not exist",
            why="the controller manager has not made the ServiceAccount default yet",
            reason="serviceaccount-missing",
        )
    return Look(passed=True, message="default exists")


CHECKS: Mapping[str, Check] = {
    "api": check_api,
    "version": check_version,
    "nodes": check_nodes,
    "system": check_system,
    "serviceaccount": check_serviceaccount,
}
"""By the ids of `core.model.gate.LIVE_GATES`."""

_APPS = "/apis/apps/v1/namespaces/kube-system"
AHEAD: Mapping[str, tuple[str, ...]] = {
    "api": ("/readyz?verbose", "/api"),
    "nodes": ("/api/v1/nodes", LEASES),
    "system": ("/apis/apps", *(f"{_APPS}/{kind}" for kind in LACKS), BARE_PODS),
    "serviceaccount": ("/api/v1/namespaces/default/serviceaccounts/default",),
}
"""What a look at each asks a Kubernetes of today, for `ApiClient.asked_ahead`. Older ones are asked
more, one by one."""
