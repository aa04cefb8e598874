"""The certificates minikube makes, made by the `openssl` command.

Two differences are on purpose. The keys are elliptic, not RSA, which saves a second. The real
server certificate is good for the host's address, localhost and 10.96.0.1 but not for
127.0.0.1; the stand-in listens on 127.0.0.1, so its certificate is.
"""

import os
import subprocess
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
NAMES = (
    "DNS:minikubeCA,DNS:kubernetes.default.svc.cluster.local,DNS:kubernetes.default.svc,"
    "DNS:kubernetes.default,DNS:kubernetes,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1,IP:10.0.0.1"
)
AUTHORITY = """\
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyEncipherment, keyCertSign
subjectKeyIdentifier = hash
"""
LEAF = """\
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


def make(home: Path, folder: Path, user: str, more: str = "") -> None:
    """Make in `home` the authority, in `folder` the client's and the server's, unless there.

    `more`: what else the server's is good for, as openssl has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (home / "ca.crt").exists():
        _authority(home)
    leaves = {
        "client": (f"/O=system:masters/CN={user}", "DNS:client"),
        "apiserver": ("/O=system:masters/CN=minikube", NAMES + more),
    }
    for name, (subject, names) in leaves.items():
        if not (folder / f"{name}.crt").exists():  # a start may be killed half-way
            _leaf(home, folder, name, subject, names)


def _authority(home: Path) -> None:
    config = home / "ca.cnf"
    config.write_text(AUTHORITY)
    command = ["req", "-x509", "-config", str(config), *KEY]
    command += ["-subj", "/CN=minikubeCA", "-days", "3650", "-sha256"]
    following = home / "ca.new"
    _openssl(*command, "-keyout", str(home / "ca.key"), "-out", str(following))
    following.replace(home / "ca.crt")
    config.unlink()


def _leaf(home: Path, folder: Path, name: str, subject: str, names: str) -> None:
    request, extensions = folder / f"{name}.csr", folder / f"{name}.cnf"
    config = folder / "openssl.cnf"
    config.write_text("[req]\ndistinguished_name = name\n[name]\n")
    extensions.write_text(LEAF.format(names=names))
    key = str(folder / f"{name}.key")
    command = ["req", "-new", "-config", str(config), *KEY]
    _openssl(*command, "-subj", subject, "-keyout", key, "-out", str(request))
    command = ["x509", "-req", "-in", str(request), "-days", "365", "-sha256"]
    command += ["-CA", str(home / "ca.crt"), "-CAkey", str(home / "ca.key")]
    command += ["-set_serial", str(int.from_bytes(os.urandom(8)) >> 1)]
    following = folder / f"{name}.new"
    _openssl(*command, "-extfile", str(extensions), "-out", str(following))
    following.replace(folder / f"{name}.crt")
    for left in (request, extensions, config):
        left.unlink()


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
