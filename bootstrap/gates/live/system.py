"""The live gate `system`: what kube-system runs lacks nothing."""

from datetime import datetime

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import SHOWN, Object, at, holds, name, number, objects, some, text
from bootstrap.gates.live.bare_pods import bare_pods
from bootstrap.gates.live.pods import lack_of, pod_that_tells, trouble_of
from bootstrap.gates.live.workloads import LACKS, condition_that_tells, selector
from bootstrap.gates.look import Expected, Look

_DESCRIBE = "kboot exec -- kubectl -n kube-system describe pods"


def check_system(client: ApiClient, expected: Expected) -> Look:
    """DNS is Available, and no other workload of kube-system, nor minikube's pods, lacks anything.

    Told by label, for kube-dns and CoreDNS have the same one. No control-plane pod is waited for:
    a localkube has none.
    """
    workloads = _system_workloads(client)
    names = [
        name(workload)
        for kind, workload in workloads
        if kind == "deployments" and _is_dns(workload) and number(workload, "spec", "replicas")
    ]
    if not names:
        return Look(
            passed=False,
            message="no DNS",
            why="kube-system has no Deployment labelled k8s-app=kube-dns with a replica",
            reason="system-no-dns",
            fix="kboot exec -- kubectl -n kube-system get deployments",
        )
    lacking = [(workload, lack) for kind, workload in workloads if (lack := LACKS[kind](workload))]
    if lacking:
        return _lacking(client, lacking)
    bare = bare_pods(client)
    for pod in bare:
        if lack := lack_of(pod):
            return _bare_pod_lacks(client, pod, lack)
    if expected.since and (unheard := _unheard_pods(client, expected.since, expected.back)):
        return Look(
            passed=False,
            message=f"{some(unheard)}: not heard of since the start",
            why=f"what the API says of pod {unheard[0]} is of before the start of the cluster",
            reason="system-unavailable",
            fix=_DESCRIBE,
        )
    others = len(workloads) + len(bare) - len(names)
    more = f" and {others} more" if others else ""
    return Look(passed=True, message=f"{', '.join(names)}{more} available")


def _bare_pod_lacks(client: ApiClient, pod: Object, lack: str) -> Look:
    return Look(
        passed=False,
        message=f"{name(pod)}: {lack}",
        why=trouble_of(client, pod),
        reason="addon-unavailable",
        fix=_DESCRIBE.replace("describe pods", f"describe pod {name(pod)}"),
    )


def _unheard_pods(client: ApiClient, since: datetime, back: datetime | None) -> list[str]:
    from bootstrap.gates.live.heard import unheard_pods

    nodes = objects(client.get_json("/api/v1/nodes"), "items")
    pods = objects(client.get_json("/api/v1/namespaces/kube-system/pods"), "items")
    ready = [each for each in pods if holds(each, "Ready")]
    return [name(each) for each in unheard_pods(client, nodes, ready, since, back)]


def _is_dns(workload: Object) -> bool:
    return bool(at(workload, "metadata", "labels", "k8s-app") == "kube-dns")


def _system_workloads(client: ApiClient) -> list[tuple[str, Object]]:
    served = {text(each, "version") for each in objects(client.get_json("/apis/apps"), "versions")}
    version = next((each for each in ("v1", "v1beta2", "v1beta1") if each in served), "v1")
    found = []
    for kind in LACKS:
        # apps/v1beta1 (before 1.8) had no DaemonSets yet.
        old = version == "v1beta1" and kind == "daemonsets"
        group = "extensions/v1beta1" if old else f"apps/{version}"
        listed = client.get_json(f"/apis/{group}/namespaces/kube-system/{kind}")
        found += [(kind, each) for each in objects(listed, "items")]
    return found


def _lacking(client: ApiClient, lacking: list[tuple[Object, str]]) -> Look:
    # One that lacks something may only wait for another: of each it is told why.
    told = [f"{name(each)}: {_trouble(client, each) or lack}" for each, lack in lacking[:SHOWN]]
    return Look(
        passed=False,
        message=some([f"{name(workload)}: {lack}" for workload, lack in lacking]),
        why="; ".join(told),
        reason="system-unavailable",
        fix=_DESCRIBE,
    )


def _trouble(client: ApiClient, workload: Object) -> str:
    details = (condition_that_tells(workload), _pod_trouble(client, workload))
    return "; ".join(each.rstrip(".") for each in details if each)


def _pod_trouble(client: ApiClient, workload: Object) -> str:
    query = selector(workload)
    if not query:
        return ""
    try:
        pods = client.get_json(f"/api/v1/namespaces/kube-system/pods?{query}")
    except ApiFailure as failure:
        if failure.reason == "api-timeout":
            raise  # cut by the gate's deadline, maybe: then the look before says more
        return ""  # the workload lacks something either way; this only said more about it
    return pod_that_tells(client, objects(pods, "items"))
