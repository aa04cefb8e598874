"""Plays the kubelet's part in the API of a cluster that has none, so that it looks ready.

It registers the node and patches its status to Ready, again and again as a kubelet does, and
patches the pods of a `coredns` Deployment to Running. That the Deployment is Available is then
the real controllers' own conclusion. Nothing runs; other pods stay Pending. controlplane.py
starts it and records it with the other processes.
"""

import argparse
import http.client
import json
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .api import Api

BEAT_SECONDS = 4.0

DNS_LABELS = {"k8s-app": "kube-dns"}
READY = ("Ready", "True")
DNS_PODS = "/api/v1/namespaces/kube-system/pods"


def heartbeat(folder: Path, api: Api, node_name: str) -> None:
    """Play the kubelet's part in the API until the process is ended or `folder` is gone."""
    since, registered = _now(), False
    while folder.exists():
        settled = False
        try:
            if not registered:
                _register(api, node_name)
                registered = True
            _patch_node(api, node_name, since)
            settled = _patch_dns_pods(api, since)
        except (OSError, http.client.HTTPException) as error:
            print(_now(), error, flush=True)
        time.sleep(BEAT_SECONDS if settled else BEAT_SECONDS / 8)


def _register(api: Api, node_name: str) -> None:
    labels = {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/hostname": node_name}
    api.create("/api/v1/nodes", {"metadata": {"name": node_name, "labels": labels}})
    container = {"name": "coredns", "image": "coredns", "imagePullPolicy": "Never"}
    pod = {"metadata": {"labels": DNS_LABELS}, "spec": {"containers": [container]}}
    deployment = {
        "metadata": {"name": "coredns", "labels": DNS_LABELS},
        "spec": {"replicas": 1, "selector": {"matchLabels": DNS_LABELS}, "template": pod},
    }
    api.create("/apis/apps/v1/namespaces/kube-system/deployments", deployment)


def _patch_node(api: Api, node_name: str, since: str) -> None:
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "patched: there is no kubelet",
        "lastHeartbeatTime": _now(),
        "lastTransitionTime": since,
    }
    room = {"cpu": "2", "memory": "4Gi", "pods": "110"}
    status = {
        "addresses": [
            {"type": "InternalIP", "address": api.host},
            {"type": "Hostname", "address": node_name},
        ],
        "capacity": room,
        "allocatable": room,
        "conditions": [ready],
        "nodeInfo": {
            "kubeletVersion": "v1.20.2",
            "operatingSystem": "linux",
            "kernelVersion": platform.release(),
        },
    }
    api.call("PATCH", f"/api/v1/nodes/{node_name}/status", {"status": status})


def _patch_dns_pods(api: Api, since: str) -> bool:
    """Whether a DNS pod was there and none needed anything; none outlives the cluster's stop."""
    pods = json.loads(api.call("GET", f"{DNS_PODS}?labelSelector=k8s-app%3Dkube-dns"))["items"]
    settled = bool(pods)
    for pod in pods:
        path = f"{DNS_PODS}/{pod['metadata']['name']}"
        told = pod["status"].get("conditions", [])
        ready = {c["lastTransitionTime"] for c in told if (c["type"], c["status"]) == READY}
        if "deletionTimestamp" in pod["metadata"]:
            api.call("DELETE", path, {"gracePeriodSeconds": 0})
        elif "nodeName" in pod["spec"] and not any(each >= since for each in ready):
            api.call("PATCH", f"{path}/status", {"status": _running_status(api.host)})
        else:
            settled = settled and "nodeName" in pod["spec"]
            continue
        settled = False
    return settled


def _running_status(node_ip: str) -> dict[str, Any]:
    since = _now()
    container = {"name": "coredns", "image": "coredns", "imageID": "", "restartCount": 0}
    state = {"ready": True, "started": True, "state": {"running": {"startedAt": since}}}
    return {
        "phase": "Running",
        "hostIP": node_ip,
        "podIP": "10.244.0.2",
        "startTime": since,
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": since}
            for kind in ("Initialized", "ContainersReady", "Ready")
        ],
        "containerStatuses": [container | state],
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    parser = argparse.ArgumentParser(description="Keep a cluster without a kubelet ready.")
    parser.add_argument("folder", type=Path, help="has admin.crt and admin.key")
    parser.add_argument("node_name")
    parser.add_argument("node_ip")
    parser.add_argument("port", type=int)
    parser.add_argument("ca_cert", type=Path)
    given = parser.parse_args()
    api = Api.as_admin(given.folder, given.node_ip, given.port, given.ca_cert)
    heartbeat(given.folder, api, given.node_name)
