"""A whole Kubernetes 1.20.2 in one container, whose pods run: what kboot leads there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Self

from bootstrap.kubeconfig.private import Connection
from tests.helpers.hosts.engine import cluster_image, docker, path_from
from tests.helpers.hosts.fresh_host import FreshHost
from tests.helpers.places import PARTS

PROFILE = """\
name = "full"

[tools]
minikube = "1.19.0"

[cluster]
name       = "full"
driver     = "none"
kubernetes = "1.20.2"
"""
TOOLS = """\
[tools]
kubectl = "1.20.0"
docker = ">=20"
"""
"""In the place of the profile's [tools], what the gates `kubectl` and `build` want."""
INSTALL = (
    "from pathlib import Path; from tests.standins import minikube; minikube.install("
    "Path('/usr/local/bin'), version='1.19.0', backing='full', binaries=Path('/kubernetes'), "
    "python='/usr/bin/python3')"
)


class FullCluster(FreshHost):
    """A host on which `minikube start` brings up a cluster. kboot runs in it as in a FreshHost.

    Nothing is started yet: `kboot("up")`, or `minikube` by its own words.
    """

    @classmethod
    @contextmanager
    def running(
        cls, folder: Path, profile: str = PROFILE, more: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[Self]:
        """`folder`: for what a test needs of it here. The container is gone afterwards."""
        path = folder / "kboot.toml"
        path.write_text(profile)
        folder.chmod(0o755)
        binaries = path_from(PARTS / "build-kubernetes-1.20")
        made = cls(cluster_image(), path, {str(binaries): "/kubernetes", **more})
        made.folder = folder
        try:
            made.sh(f'PYTHONPATH=/kboot exec python3 -B -c "{INSTALL}"')
            yield made
        finally:
            made.close()

    folder: Path

    def sh(self, text: str) -> str:
        done = self.run("sh", "-c", text)
        if done.returncode:
            raise OSError(f"on the host: {text}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    @property
    def address(self) -> str:
        """The container's, at which this machine reaches the cluster's API, on port 8443."""
        shown = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", self.name)
        return shown.strip()

    def connection(self, home: str = "/root") -> Connection:
        """As the cluster's administrator, for a process on this machine."""
        own = f"{home}/.minikube/standin"
        certificates = self.sh(f"ls -d {own}/*/controlplane")
        files = {"ca": f"{home}/.minikube/ca.crt"}
        files |= {name: f"{certificates}/admin.{name}" for name in ("crt", "key")}
        for name, path in files.items():
            (self.folder / name).write_text(self.sh(f"cat {path}"))
        return Connection(
            server=f"https://{self.address}:8443",
            ca_file=str(self.folder / "ca"),
            certificate_file=str(self.folder / "crt"),
            key_file=str(self.folder / "key"),
        )
