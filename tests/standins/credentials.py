"""What the components of a control plane show each other: certificates, and their kubeconfigs."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

CONTROL_PLANE = {
    "kube-apiserver": "/CN=kube-apiserver",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "admin": "/O=system:masters/CN=admin",
}


def issue(
    folder: Path, node_ip: str, ca_cert: Path, ca_key: Path, subjects: Mapping[str, str]
) -> None:
    """Make in `folder` a certificate for each name → subject, and the key that signs tokens."""
    subjects = dict(subjects)
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


def write_kubeconfig(folder: Path, name: str, server: str, ca_cert: Path) -> Path:
    """A kubeconfig for the certificate of that name in `folder`."""
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
