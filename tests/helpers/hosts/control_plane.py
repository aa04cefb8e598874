"""A real Kubernetes 1.20.2 control plane, of which components can be stopped."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bootstrap.kubeconfig.private import Connection
from tests.standins import controlplane


class Cluster(NamedTuple):
    folder: Path
    ca_key: Path
    kubectl: Path
    admin: Connection

    def client(self, subject: str) -> Connection:
        """A connection as another user that the cluster's CA vouches for."""
        name = self.folder.parent / subject.rpartition("=")[2]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", subject]
        command += ["-CA", self.admin.ca_file or "", "-CAkey", str(self.ca_key)]
        command += ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
        subprocess.run(command, check=True, capture_output=True)
        return self.admin._replace(certificate_file=f"{name}.crt", key_file=f"{name}.key")

    @contextlib.contextmanager
    def stopped(self, component: str) -> Iterator[None]:
        pid = controlplane.running(self.folder)[component]["pid"]
        os.kill(pid, signal.SIGSTOP)
        # Until the thread that takes the signal gets its turn, the others go on answering.
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def run_kubectl(self, *arguments: str) -> None:
        command = [str(self.kubectl), f"--server={self.admin.server}"]
        command += [f"--certificate-authority={self.admin.ca_file}"]
        command += [f"--client-certificate={self.admin.certificate_file}"]
        command += [f"--client-key={self.admin.key_file}", *arguments]
        home = {"HOME": str(self.folder)}
        subprocess.run(command, check=True, capture_output=True, env=home)
