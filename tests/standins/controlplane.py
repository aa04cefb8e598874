"""A Kubernetes 1.20.2 control plane, for a stand-in minikube to put a cluster behind.

Real: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, unchanged, and everything
they answer, store, decide and refuse. Without a kubelet nothing ever runs: a heartbeat process
patches, in the API, the node to Ready and the pods of a `coredns` Deployment to Running;
heartbeat.py says how. Other pods are scheduled to the node and stay Pending. With a kubelet pods
run, and nothing is patched; node.py says what that takes.
"""

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from . import credentials, images, node, processes
from .api import Api
from .node import Node
from .processes import ControlPlaneError, running

__all__ = ["ControlPlaneError", "down", "running", "stop", "up"]

START_SECONDS = 120.0
ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
DNS = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"


def up(
    folder: Path,
    binaries: Path,
    *,
    node_name: str,
    node_ip: str = "127.0.0.1",
    port: int,
    ca_cert: Path,
    ca_key: Path,
    kubelet: bool = False,
) -> None:
    """Start the cluster kept in `folder`, new or stopped before, and wait until it takes pods.

    What still runs of it is ended first. The node and the DNS Deployment exist when this
    returns, and become ready a little later.
    Raises ControlPlaneError, with nothing left running, when a component dies or after 120 s.
    """
    stop(folder)
    folder, ca_cert, ca_key = folder.resolve(), ca_cert.resolve(), ca_key.resolve()
    deadline = time.monotonic() + START_SECONDS
    subjects = credentials.CONTROL_PLANE | (node.subjects(node_name) if kubelet else {})
    credentials.issue(folder, node_ip, ca_cert, ca_key, subjects)
    api = Api.as_admin(folder, node_ip, port, ca_cert)
    here = Node(folder, binaries, node_name, node_ip, port, ca_cert)
    try:
        _start(here, _servers(here, kubelet=kubelet))
        if kubelet:
            images.load(binaries / "pause")  # while the API starts
        _wait(folder, lambda: api.answers("/readyz"), "the API", deadline)
        # Both give up when the API does not answer within 10 s, so they come after it.
        _start(here, _controllers(here, kubelet=kubelet))
        if kubelet:
            node.start(here)
            path = f"/api/v1/nodes/{node_name}"
            _wait(folder, lambda: api.answers(path), "the kubelet", deadline)
            node.furnish(here, api)
        else:
            place = [str(folder), node_name, node_ip, str(port), str(ca_cert)]
            processes.start_module(folder, "heartbeat", place)
        _wait(folder, lambda: api.answers(ACCOUNT), "a ServiceAccount", deadline)
        _wait(folder, lambda: api.answers(DNS), "the heartbeat", deadline)
    except BaseException:
        stop(folder)
        raise


def stop(folder: Path) -> None:
    """End every process of the cluster and wait until they are gone. Its data stay."""
    processes.stop(folder)
    if _has_kubelet(folder):
        node.stop()


def down(folder: Path, *, delete: bool = False) -> None:
    """Stop the cluster; with `delete` its folder goes too."""
    stop(folder)
    if delete and _has_kubelet(folder):
        node.delete(folder)
    if delete and folder.exists():
        shutil.rmtree(folder)


def _has_kubelet(folder: Path) -> bool:
    return (folder / "kubelet").exists()


def _servers(here: Node, *, kubelet: bool) -> dict[str, list[str]]:
    folder = here.folder
    with socket.create_server(("127.0.0.1", 0)) as free:
        client = f"http://127.0.0.1:{free.getsockname()[1]}"
    etcd = [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        "--listen-peer-urls=http://127.0.0.1:0",
    ]
    apiserver = [
        f"--etcd-servers={client}",
        f"--bind-address={here.ip}",
        f"--secure-port={here.port}",
        # Loopback is refused here, and the default would need the host to have a default route.
        f"--advertise-address={here.ip if kubelet else '192.0.2.1'}",
        f"--tls-cert-file={folder / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={folder / 'kube-apiserver.key'}",
        f"--client-ca-file={here.ca_cert}",
        "--authorization-mode=Node,RBAC",
        "--service-cluster-ip-range=10.96.0.0/12",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'service-accounts.key'}",
        f"--service-account-signing-key-file={folder / 'service-accounts.key'}",
        *(node.server_flags(folder) if kubelet else ()),
    ]
    return {"etcd": etcd, "kube-apiserver": apiserver}


def _controllers(here: Node, *, kubelet: bool) -> dict[str, list[str]]:
    manager = [
        f"--root-ca-file={here.ca_cert}",
        f"--service-account-private-key-file={here.folder / 'service-accounts.key'}",
        "--use-service-account-credentials",
        *(node.MANAGER_FLAGS if kubelet else ()),
    ]
    arguments = {"kube-controller-manager": manager, "kube-scheduler": []}
    for name, own in arguments.items():
        own += ["--leader-elect=false", "--port=0", "--secure-port=0"]
        own += [f"--kubeconfig={node.kubeconfig(here, name)}"]
    return arguments


def _start(here: Node, commands: dict[str, list[str]]) -> None:
    for name, arguments in commands.items():
        processes.start(here.folder, name, [str(here.binaries / name), *arguments])


def _wait(folder: Path, met: Callable[[], bool], what: str, deadline: float) -> None:
    while not met():
        if dead := processes.recorded(folder).keys() - running(folder).keys():
            log = (folder / f"{min(dead)}.log").read_text(errors="replace").splitlines()
            raise ControlPlaneError("\n".join([f"{min(dead)} died:", *log[-10:]]))
        if time.monotonic() > deadline:
            raise ControlPlaneError(f"{what} was not ready after {START_SECONDS:.0f} s")
        time.sleep(0.05)
