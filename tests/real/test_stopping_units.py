"""`down` on a systemd host whose cluster is a unit `localkube`, as minikube 0.25 leaves it."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.driving.kboot import OLD
from tests.helpers.hosts.fresh_host import FreshHost

pytestmark = pytest.mark.real

INSTALL = (
    "from pathlib import Path; from tests.standins import minikube; minikube.install("
    "Path('/usr/local/bin'), version='0.25.0', backing='service', python='/usr/bin/python3', "
    "fault={fault!r})"
)
PRIVATE = "/root/.local/state/kboot/clusters/old/kubeconfig"
DATA = "/var/lib/localkube/kept"
PODS = "label=io.kubernetes.pod.name"
DOCKER = f"""\
#!/bin/sh
echo "$@" >>/var/log/docker-calls
case "$*" in *"--filter {PODS}") echo 1a; echo 2b ;; esac
"""
"""An engine's words to a Kubernetes whose pods run two containers; none can run here."""


class Host(FreshHost):
    """One on which Kubernetes runs as a unit."""

    def minikube(self, fault: str = "") -> None:
        code = INSTALL.format(fault=fault)
        done = self.run("env", "PYTHONPATH=/kboot", "python3", "-B", "-c", code)
        assert done.returncode == 0, done.stderr

    def sh(self, text: str) -> str:
        done = self.run("sh", "-c", text)
        assert done.returncode == 0, done
        return done.stdout.strip()

    def unit(self) -> tuple[str, str]:
        """Is it active, and will it be after a boot?"""
        words = (("is-active", "localkube"), ("is-enabled", "localkube"))
        active, enabled = (self.run("systemctl", *each).stdout.strip() for each in words)
        return active, enabled

    def answers(self) -> bool:
        """Does anything take a connection at the API's address?"""
        host, port = self.address
        return self.run("bash", "-c", f"exec 3<>/dev/tcp/{host}/{port}").returncode == 0

    def up(self) -> None:
        code, report = self.kboot("up")
        assert code == 0, report
        server = json.loads(self.sh(f"cat {PRIVATE}"))["clusters"][0]["cluster"]["server"]
        host, _, port = server.removeprefix("https://").partition(":")
        self.address = (host, port)
        assert self.unit() == ("active", "enabled")
        assert self.answers()


@pytest.fixture
def host(image: str, tmp_path: Path) -> Iterator[Host]:
    profile = tmp_path / "kboot.toml"
    profile.write_text(OLD)
    tmp_path.chmod(0o755)
    made = Host(image, profile)
    made.run("sh", "-c", f"echo {shlex.quote(DOCKER)} >/usr/bin/docker; chmod +x /usr/bin/docker")
    yield made
    made.close()


def lines(report: dict[str, Any]) -> list[str]:
    """What the first step runs: the one about the cluster itself."""
    return [shlex.join(line) for line in report["plan"]["steps"][0]["commands"]]


@pytest.mark.parametrize("fault", ["", "stop-fails"])
def test_down_stops_it_whatever_minikube_says_and_up_starts_it_with_its_data(
    fault: str, host: Host
) -> None:
    host.minikube(fault)
    host.up()
    host.sh(f"echo 1 >{DATA}")
    if fault:  # as recorded: by itself it fails, and leaves Kubernetes running
        assert host.run("minikube", "stop", "--profile", "old").returncode == 1
        assert host.answers()
    code, report = host.kboot("down")
    assert code == 0, report
    assert lines(report)[:2] == ["systemctl stop localkube", "minikube stop --profile old"]
    assert host.unit() == ("inactive", "enabled")
    assert not host.answers()
    assert ("failed (exit 1)" in report["outcomes"][0]["detail"]) == bool(fault)
    assert host.sh("grep -c '^stop' /var/log/docker-calls") == "2"
    code, report = host.kboot("down")
    assert (code, report["plan"]["steps"]) == (0, [])
    host.up()
    assert host.sh(f"cat {DATA}") == "1"


def test_down_delete_leaves_neither_api_nor_unit_nor_data(host: Host) -> None:
    host.minikube()
    host.up()
    host.sh(f"echo 1 >{DATA}")
    code, report = host.kboot("down", "--delete", "--yes")
    assert code == 0, report
    assert lines(report)[:2] == [
        "systemctl disable --now localkube",
        "minikube delete --profile old",
    ]
    assert host.unit() == ("inactive", "disabled")
    assert not host.answers()
    assert host.run("test", "-e", "/var/lib/localkube").returncode == 1
    assert host.sh("grep '^rm' /var/log/docker-calls") == "rm --force 1a 2b"
    host.up()


def test_a_cluster_that_minikube_forgot_is_still_deleted(host: Host) -> None:
    host.minikube()
    host.up()
    host.run("minikube", "delete", "--profile", "old")
    assert host.answers()
    code, report = host.kboot("down", "--delete", "--yes")
    assert code == 0, report
    assert host.unit() == ("inactive", "disabled")
    assert not host.answers()
