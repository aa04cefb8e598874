"""The node of a cluster whose pods run: kubelet, kube-proxy, DNS and a default StorageClass.

For a host of its own, as root, with an engine: kube-proxy writes into the host's tables. Real are
kubelet, kube-proxy, every container, and kube-controller-manager's host-path provisioner. DNS is
a Deployment `coredns` as minikube's, whose pods run dnsmasq with the records of names.py.
"""

import contextlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from . import images, processes
from .api import Api, ApiError
from .credentials import write_kubeconfig

DNS_IP = "10.96.0.10"
DNS_LABELS = {"k8s-app": "kube-dns"}
VOLUMES = Path("/tmp/hostpath_pv")  # fixed in the provisioner's source
MANAGER_FLAGS = ("--enable-hostpath-provisioner=true",)
LABELS = {"node-role.kubernetes.io/control-plane": "", "node-role.kubernetes.io/master": ""}
POD_FILTER = "label=io.kubernetes.pod.uid"


class Node(NamedTuple):
    folder: Path
    binaries: Path
    name: str
    ip: str
    port: int
    ca_cert: Path


def subjects(name: str) -> dict[str, str]:
    """Of the certificates that the node shows."""
    return {
        "kubelet": f"/O=system:nodes/CN=system:node:{name}",
        "kube-proxy": "/CN=system:kube-proxy",
    }


def server_flags(folder: Path) -> list[str]:
    """So that kube-apiserver may read logs from the kubelet."""
    return [
        f"--kubelet-client-certificate={folder / 'admin.crt'}",
        f"--kubelet-client-key={folder / 'admin.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged=true",
    ]


def kubeconfig(node: Node, component: str) -> Path:
    return write_kubeconfig(node.folder, component, f"https://{node.ip}:{node.port}", node.ca_cert)


def start(node: Node) -> None:
    """Start kubelet and kube-proxy; the API answers, and the images are there."""
    folder = node.folder
    (folder / "kubelet.json").write_text(json.dumps(_kubelet_configuration(node)))
    kubelet = [
        f"--kubeconfig={kubeconfig(node, 'kubelet')}",
        f"--config={folder / 'kubelet.json'}",
        f"--root-dir={folder / 'kubelet'}",
        f"--cert-dir={folder / 'kubelet-certificates'}",
        f"--pod-infra-container-image={images.PAUSE}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.ip}",
    ]
    proxy = [
        f"--kubeconfig={kubeconfig(node, 'kube-proxy')}",
        f"--hostname-override={node.name}",
        "--proxy-mode=iptables",
        # Pods share one bridge: without it, where the kernel has no br_netfilter, a reply would
        # reach its pod from another address than the Service's.
        "--masquerade-all",
        # In a container these limits of the kernel's may not be written.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
        "--oom-score-adj=0",
    ]
    for name, arguments in {"kubelet": kubelet, "kube-proxy": proxy}.items():
        processes.start(folder, name, [str(node.binaries / name), *arguments])


def furnish(node: Node, api: Api) -> None:
    """Make what minikube's addons make, unless it is there; the kubelet has registered."""
    api.call("PATCH", f"/api/v1/nodes/{node.name}", {"metadata": {"labels": LABELS}})
    names = node.folder / "names"
    names.mkdir(exist_ok=True)
    api.create("/apis/storage.k8s.io/v1/storageclasses", _storage_class())
    with contextlib.suppress(ApiError):  # 422 where it has its address already
        api.create("/api/v1/namespaces/kube-system/services", _dns_service())
    api.create("/apis/apps/v1/namespaces/kube-system/deployments", _dns_deployment(names))
    place = [str(node.folder), node.ip, str(node.port), str(node.ca_cert)]
    processes.start_module(node.folder, "names", place)


def stop() -> None:
    """Remove every pod's containers; the kubelet, which would restart them, has ended."""
    words = ["docker", "ps", "--all", "--quiet", "--filter", POD_FILTER]
    found = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    if found:
        subprocess.run(["docker", "rm", "--force", *found], check=True, capture_output=True)


def delete(folder: Path) -> None:
    """Remove the data of pods and volumes."""
    mounts = (line.split()[1] for line in Path("/proc/mounts").read_text().splitlines())
    for mount in sorted((each for each in mounts if each.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", mount], check=True)
    shutil.rmtree(VOLUMES, ignore_errors=True)


def _kubelet_configuration(node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.ip,
        "authentication": {
            "anonymous": {"enabled": False},
            "x509": {"clientCAFile": str(node.ca_cert)},
        },
        "clusterDNS": [DNS_IP],
        "clusterDomain": "cluster.local",
        "resolvConf": "",  # pods ask the cluster alone
        "cgroupDriver": "cgroupfs",
        # A container may not divide its own control groups for the kubelet.
        "cgroupsPerQOS": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "readOnlyPort": 0,
        "nodeStatusUpdateFrequency": "4s",
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "imagefs.available": "1%",
            "nodefs.available": "1%",
            "memory.available": "100Mi",
        },
    }


def _storage_class() -> dict[str, Any]:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "metadata": {"name": "standard", "annotations": default},
        "provisioner": "kubernetes.io/host-path",
    }


def _dns_service() -> dict[str, Any]:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    return {
        "metadata": {"name": "kube-dns", "labels": DNS_LABELS},
        "spec": {"clusterIP": DNS_IP, "selector": DNS_LABELS, "ports": ports},
    }


def _dns_deployment(names: Path) -> dict[str, Any]:
    container = {
        "name": "coredns",
        "image": images.DNS,
        "imagePullPolicy": "Never",
        "args": [
            *("--keep-in-foreground", "--log-facility=-", "--user=root", "--group=root"),
            *("--no-resolv", "--no-hosts", "--hostsdir=/names", "--local=/cluster.local/"),
        ],
        "readinessProbe": {"tcpSocket": {"port": 53}, "periodSeconds": 1},
        "volumeMounts": [{"name": "names", "mountPath": "/names", "readOnly": True}],
    }
    spec = {
        "containers": [container],
        "dnsPolicy": "Default",
        "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "names", "hostPath": {"path": str(names)}}],
    }
    return {
        "metadata": {"name": "coredns", "labels": DNS_LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": DNS_LABELS},
            "template": {"metadata": {"labels": DNS_LABELS}, "spec": spec},
        },
    }
