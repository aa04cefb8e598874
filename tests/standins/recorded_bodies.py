"""What the recorded API answers: recorded bodies where there are some, else the smallest made.

v0.25 is Kubernetes 1.9.0 as minikube v0.25.0 ran it, v1.19 is Kubernetes 1.20.2. Recorded are the
bodies _curl_ and _kubectl_ bring; each _made_ below says what it is made from.
"""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests.helpers.places import TRANSCRIPTS

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
RECORDED_HOST = "172.17.0.4:8443"
NOW = "@now@"
"""What stands for it in a body."""
SINCE = "2026-11-23T06:03:24Z"  # within a second of the recorded node's creation
# Made: no uid of kube-system was recorded. Fixed, so that a test can tell a cluster by it.
UIDS = {
    "v0.25": "97f3a1de-e703-11f1-a7ec-02429ecb9cad",
    "v1.19": "5b6d2f1a-0c33-4a6e-9c1d-6f2f1c0e7a55",
}


class Answer(NamedTuple):
    status: int
    kind: str
    body: bytes


def json_answer(document: object, status: int = 200) -> Answer:
    return Answer(status, JSON, json.dumps(document, indent=2).encode())


def answers(era: str, port: int, *, images_missing: bool) -> dict[str, Answer]:
    """Path → answer, with this server's address in place of the recorded one."""
    found = _recorded_1_9() if era == "v0.25" else _recorded_1_20()
    found |= _made(era, _addons(era, images_missing))
    here, there = f"127.0.0.1:{port}".encode(), RECORDED_HOST.encode()
    return {
        path: answer._replace(
            body=answer.body.replace(there, here).replace(b"172.17.0.4", b"127.0.0.1")
        )
        for path, answer in found.items()
    }


def anonymous_1_9() -> Answer:
    """The same for every path."""
    return _curl(_transcript("apiserver-v1.9.0.json")["anon-version"]["out"])


def _transcript(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TRANSCRIPTS / name).read_bytes())
    return loaded


def _recorded_1_9() -> dict[str, Answer]:
    direct = _transcript("apiserver-v1.9.0.json")
    kubectl = _transcript("kubectl-v1.9.3-with-kubernetes-1.9.json")
    named = ("api", "apis", "healthz", "healthz/etcd", "healthz/ping", "livez", "openapi/v2")
    found = {
        f"/{path}": _curl(direct["cert-" + path.replace("/", "-")]["out"])
        for path in (*named, "readyz", "version")
    }
    found["/apis/apps"] = Answer(200, JSON, kubectl["raw-apis-apps"]["out"].strip().encode())
    found["/api/v1/nodes"] = _kubectl(kubectl["get-nodes-json"]["out"], "NodeList")
    return found


def _recorded_1_20() -> dict[str, Answer]:
    kubectl = _transcript("cluster-1.20.2.json")
    version = json.loads(kubectl["v1.20.0/version-json"]["out"])["serverVersion"]
    found = {path: Answer(200, TEXT, b"ok") for path in ("/healthz", "/livez", "/readyz")}
    found["/version"] = json_answer(version)
    found["/api/v1/nodes"] = _kubectl(kubectl["v1.28.3/nodes-json"]["out"], "NodeList")
    return found


def _curl(text: str) -> Answer:
    """The answer in the output of `curl -i`."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    status, *headers = head.split("\n")
    fields = dict(line.lower().split(": ", 1) for line in headers)
    return Answer(int(status.split()[1]), fields["content-type"], body.encode())


def _kubectl(text: str, kind: str) -> Answer:
    """A list kubectl put together, as the API server has it; its items are as recorded.

    But for the moment at which a kubelet has reported: a living one has just done so.
    """
    document = json.loads(text)
    for item in document["items"]:
        item.pop("kind"), item.pop("apiVersion")
        for condition in item["status"].get("conditions", ()):
            condition["lastHeartbeatTime"] = NOW
    return json_answer(document | {"kind": kind})


def _made(era: str, addons: list[dict[str, Any]]) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    # Recorded in the time lines: these namespaces, the default account, class `standard`.
    names = ["default", "kube-public", "kube-system"]
    names += ["kube-node-lease"] if era == "v1.19" else []
    spaces = [_namespace(name, UIDS[era]) for name in names]
    found["/api/v1/namespaces"] = _list("v1", "NamespaceList", spaces)
    if era == "v1.19":  # Kubernetes 1.16 and later serve apps/v1 alone
        only = {"groupVersion": "apps/v1", "version": "v1"}
        group = {"name": "apps", "versions": [only], "preferredVersion": only}
        found["/apis/apps"] = _one("v1", "APIGroup", group)
    for space in spaces:
        name = space["metadata"]["name"]
        found[f"/api/v1/namespaces/{name}"] = _one("v1", "Namespace", space)
        account = {"metadata": _meta("default", name), "secrets": [{"name": "default-token-made"}]}
        path = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        found[path] = _one("v1", "ServiceAccount", account)
        for kind, plural in (("DaemonSet", "daemonsets"), ("StatefulSet", "statefulsets")):
            # Recorded: `get all --all-namespaces` lists none of either.
            path = f"/apis/apps/v1/namespaces/{name}/{plural}"
            found[path] = _list("apps/v1", f"{kind}List", [])
            found[f"/apis/apps/v1/{plural}"] = found[path]
        here = addons if name == "kube-system" else []
        path = f"/apis/apps/v1/namespaces/{name}/deployments"
        found[path] = _list("apps/v1", "DeploymentList", here)
        for item in here:
            found[f"{path}/{item['metadata']['name']}"] = _one("apps/v1", "Deployment", item)
        pods = [_provisioner(addons)] if name == "kube-system" else []
        path = f"/api/v1/namespaces/{name}/pods"
        minikubes = f"{path}?labelSelector=addonmanager.kubernetes.io%2Fmode"
        found[path] = found[minikubes] = _list("v1", "PodList", pods)
    found["/apis/apps/v1/deployments"] = _list("apps/v1", "DeploymentList", addons)
    found["/apis/storage.k8s.io/v1/storageclasses"] = _list(
        "storage.k8s.io/v1", "StorageClassList", [_storage_class()]
    )
    return found


def _addons(era: str, images_missing: bool) -> list[dict[str, Any]]:
    """Recorded by name and counts; the recorded host had no image for them, so 0 of 1 ran.

    As on a host that can pull, they are available here, unless the fault asks for the recorded 0.
    """
    names = ["kube-dns", "kubernetes-dashboard"] if era == "v0.25" else ["coredns"]
    return [_deployment(name, 0 if images_missing else 1) for name in names]


def _deployment(name: str, ready: int) -> dict[str, Any]:
    labels = {"k8s-app": "kube-dns" if name == "coredns" else name}
    reason = "MinimumReplicasAvailable" if ready else "MinimumReplicasUnavailable"
    available = {"type": "Available", "status": "True" if ready else "False", "reason": reason}
    status: dict[str, Any] = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    if ready:
        status |= {"readyReplicas": 1, "availableReplicas": 1}
    else:
        status |= {"unavailableReplicas": 1}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    return {
        "metadata": _meta(name, "kube-system") | {"generation": 1, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        "status": status | {"conditions": [available]},
    }


def _provisioner(addons: list[dict[str, Any]]) -> dict[str, Any]:
    """minikube's pod of no workload; it lacks its image where the other addons lack theirs.

    Made: when it began is told as just now, since a start of the stand-in's does not begin it anew.
    """
    ready = "availableReplicas" in addons[0]["status"]
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    state = {"running": {"startedAt": NOW}} if ready else {"waiting": waiting}
    meta = _meta("storage-provisioner", "kube-system")
    return {
        "metadata": meta | {"labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"}},
        "spec": {"containers": [{"name": "storage-provisioner"}], "nodeName": "minikube"},
        "status": {
            "phase": "Running" if ready else "Pending",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "storage-provisioner", "ready": ready, "state": state}],
        },
    }


def _storage_class() -> dict[str, Any]:
    default = {"storageclass.beta.kubernetes.io/is-default-class": "true"}
    return {
        "metadata": _meta("standard") | {"annotations": default},
        "provisioner": "k8s.io/minikube-hostpath",
        "reclaimPolicy": "Delete",
    }


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _namespace(name: str, uid: str) -> dict[str, Any]:
    meta = _meta(name) | ({"uid": uid} if name == "kube-system" else {})
    return {"metadata": meta, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


def _meta(name: str, namespace: str = "") -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "creationTimestamp": SINCE, "resourceVersion": "1"}
    return meta | ({"namespace": namespace} if namespace else {})


def _one(version: str, kind: str, item: dict[str, Any]) -> Answer:
    return json_answer({"kind": kind, "apiVersion": version} | item)


def _list(version: str, kind: str, items: list[dict[str, Any]]) -> Answer:
    head = {"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "1"}}
    return json_answer(head | {"items": items})
