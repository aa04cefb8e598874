"""A Kubernetes 1.20.2 control plane on loopback, for a stand-in minikube to put a cluster behind.

Real: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, unchanged, and everything
they answer, store, decide and refuse. Not real: there is no kubelet, so nothing ever runs. A
heartbeat process patches, in the API, the node to Ready and the pods of a `coredns` Deployment to
Running; heartbeat.py says how. Other pods are scheduled to the node and stay Pending.
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

HEARTBEAT = Path(__file__).resolve().with_name("heartbeat.py")
START_SECONDS = 120.0
END_SECONDS = 3.0

# Name → its pid, and its start in clock ticks since boot: together they mean one process.
Processes = dict[str, dict[str, int]]


class ControlPlaneError(RuntimeError):
    """A component died or was not ready in time; the text has the end of its log."""


def up(
    folder: Path,
    binaries: Path,
    *,
    node_name: str,
    node_ip: str = "127.0.0.1",
    port: int,
    ca_cert: Path,
    ca_key: Path,
) -> None:
    """Start the cluster kept in `folder`, new or stopped before, and wait until it takes pods.

    What still runs of it is ended first. The node and the DNS Deployment exist when this
    returns, and become ready a second or two later.
    Raises ControlPlaneError, with nothing left running, when a component dies or after 120 s.
    """
    stop(folder)
    folder, ca_cert, ca_key = folder.resolve(), ca_cert.resolve(), ca_key.resolve()
    deadline = time.monotonic() + START_SECONDS
    _issue_certificates(folder, node_ip, ca_cert, ca_key)
    tls = ssl.create_default_context(cafile=ca_cert)
    tls.load_cert_chain(folder / "heartbeat.crt", folder / "heartbeat.key")
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    dns = "/apis/apps/v1/namespaces/kube-system/deployments/coredns"
    try:
        for name, arguments in _servers(folder, node_ip, port, ca_cert).items():
            _start(folder, name, [str(binaries / name), *arguments])
        _wait(folder, lambda: _answers(node_ip, port, tls, "/readyz"), "the API", deadline)
        # Both give up when the API does not answer within 10 s, so they come after it.
        for name, arguments in _controllers(folder, f"https://{node_ip}:{port}", ca_cert).items():
            _start(folder, name, [str(binaries / name), *arguments])
        _wait(folder, lambda: _answers(node_ip, port, tls, account), "a ServiceAccount", deadline)
        place = [str(folder), node_name, node_ip, str(port), str(ca_cert)]
        _start(folder, "heartbeat", [sys.executable, str(HEARTBEAT), *place])
        _wait(folder, lambda: _answers(node_ip, port, tls, dns), "the heartbeat", deadline)
    except BaseException:
        stop(folder)
        raise


def stop(folder: Path) -> None:
    """End every process of the cluster and wait until they are gone. Its data stay."""
    # kube-apiserver would wait a minute for its watches; what it has acknowledged is in etcd.
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in running(folder).values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process["pid"], number)
        deadline = time.monotonic() + END_SECONDS
        while running(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
    if left := running(folder):
        raise ControlPlaneError(f"processes that do not end: {left}")
    (folder / "processes.json").unlink(missing_ok=True)


def down(folder: Path, *, delete: bool = False) -> None:
    """Stop the cluster; with `delete` its folder goes too."""
    stop(folder)
    if delete and folder.exists():
        shutil.rmtree(folder)


def running(folder: Path) -> Processes:
    """The cluster's processes that are alive."""
    recorded = _recorded(folder).items()
    return {name: it for name, it in recorded if _start_time(it["pid"]) == it["start"]}


def _servers(folder: Path, node_ip: str, port: int, ca_cert: Path) -> dict[str, list[str]]:
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
        f"--bind-address={node_ip}",
        f"--secure-port={port}",
        # Loopback is refused here, and the default would need the host to have a default route.
        "--advertise-address=192.0.2.1",
        f"--tls-cert-file={folder / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={folder / 'kube-apiserver.key'}",
        f"--client-ca-file={ca_cert}",
        "--authorization-mode=Node,RBAC",
        "--service-cluster-ip-range=10.96.0.0/12",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'service-accounts.key'}",
        f"--service-account-signing-key-file={folder / 'service-accounts.key'}",
    ]
    return {"etcd": etcd, "kube-apiserver": apiserver}


def _controllers(folder: Path, server: str, ca_cert: Path) -> dict[str, list[str]]:
    manager = [
        f"--root-ca-file={ca_cert}",
        f"--service-account-private-key-file={folder / 'service-accounts.key'}",
        "--use-service-account-credentials",
    ]
    arguments = {"kube-controller-manager": manager, "kube-scheduler": []}
    for name, own in arguments.items():
        own += ["--leader-elect=false", "--port=0", "--secure-port=0"]
        own += [f"--kubeconfig={_write_kubeconfig(folder, name, server, ca_cert)}"]
    return arguments


def _issue_certificates(folder: Path, node_ip: str, ca_cert: Path, ca_key: Path) -> None:
    subjects = {
        "kube-apiserver": "/CN=kube-apiserver",
        "kube-controller-manager": "/CN=system:kube-controller-manager",
        "kube-scheduler": "/CN=system:kube-scheduler",
        "heartbeat": "/O=system:masters/CN=heartbeat",
    }
    # The tokens kept in etcd are signed with this key, so it has to outlive a stop.
    if not (folder / "service-accounts.key").exists():
        subjects["service-accounts"] = "/CN=service-accounts"
    names = f"IP:{node_ip},IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365"]
    command += ["-CA", str(ca_cert), "-CAkey", str(ca_key), "-addext", f"subjectAltName={names}"]
    command += ["-addext", "basicConstraints=critical,CA:FALSE"]
    folder.mkdir(parents=True, exist_ok=True)
    for name, subject in subjects.items():
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt")]
        subprocess.run([*command, "-subj", subject, *files], check=True, stderr=subprocess.PIPE)


def _write_kubeconfig(folder: Path, name: str, server: str, ca_cert: Path) -> Path:
    certificate, key = (str(folder / f"{name}{suffix}") for suffix in (".crt", ".key"))
    cluster = {"server": server, "certificate-authority": str(ca_cert)}
    config = {
        "clusters": [{"name": "local", "cluster": cluster}],
        "users": [{"name": name, "user": {"client-certificate": certificate, "client-key": key}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": name}}],
        "current-context": "local",
    }
    path = folder / f"{name}.kubeconfig"
    path.write_text(json.dumps(config))
    return path


def _answers(host: str, port: int, tls: ssl.SSLContext, path: str) -> bool:
    connection = http.client.HTTPSConnection(host, port, timeout=5, context=tls)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    return False


def _wait(folder: Path, met: Callable[[], bool], what: str, deadline: float) -> None:
    while not met():
        if dead := _recorded(folder).keys() - running(folder).keys():
            log = (folder / f"{min(dead)}.log").read_text(errors="replace").splitlines()
            raise ControlPlaneError("\n".join([f"{min(dead)} died:", *log[-10:]]))
        if time.monotonic() > deadline:
            raise ControlPlaneError(f"{what} was not ready after {START_SECONDS:.0f} s")
        time.sleep(0.05)


def _start(folder: Path, name: str, command: list[str]) -> None:
    log = str(folder / f"{name}.log")
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # Without the caller's environment, a proxy set there does not get between the components.
    pid = os.posix_spawn(command[0], command, {}, file_actions=files, setsid=True)
    record = _recorded(folder) | {name: {"pid": pid, "start": _start_time(pid) or 0}}
    (folder / "processes.json").write_text(json.dumps(record))


def _recorded(folder: Path) -> Processes:
    path = folder / "processes.json"
    return cast(Processes, json.loads(path.read_text())) if path.exists() else {}


def _start_time(pid: int) -> int | None:
    """Since boot, in clock ticks; None for a process that has ended, also when not yet reaped."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if state == "Z" else int(fields[18])
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description="A real Kubernetes 1.20.2 control plane.")
    actions = parser.add_subparsers(required=True)
    start = actions.add_parser("up", help="start it and wait until it takes pods")
    end = actions.add_parser("stop", help="end its processes, keep its data")
    remove = actions.add_parser("down", help="end its processes")
    for action, function in ((start, up), (end, stop), (remove, down)):
        action.add_argument("folder", type=Path)
        action.set_defaults(function=function)
    start.add_argument("binaries", type=Path)
    options = {"node-name": str, "node-ip": str, "port": int, "ca-cert": Path, "ca-key": Path}
    for option, kind in options.items():
        start.add_argument(f"--{option}", type=kind, required=True)
    remove.add_argument("--delete", action="store_true", help="and its folder")
    given = vars(parser.parse_args())
    try:
        given.pop("function")(**given)
    except ControlPlaneError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
