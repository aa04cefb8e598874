"""down on a host with a unit `localkube`: what minikube 0.25 leaves running, kboot stops itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import Done, Kboot, as_root, script
from tests.standins import systemctl

UNITS = "/usr/lib/systemd/system"
BOUND = f'{shutil.which("mount")} --bind "$0" {UNITS} && exec "$@"'


def _can_bind() -> bool:
    words = ("unshare", "--mount", "sh", "-c", f"mount --bind /tmp {UNITS}")
    return (
        bool(shutil.which("unshare")) and not subprocess.run(words, capture_output=True).returncode
    )


pytestmark = [
    as_root,
    pytest.mark.skipif(not _can_bind(), reason="needs a mount namespace and the units' folder"),
]


@pytest.fixture
def host(old: Kboot) -> Kboot:
    """minikube 0.25 on a host that has, for kboot's eyes only, a unit `localkube`."""
    units = old.folder / "units"
    units.mkdir()
    (units / "localkube.service").touch()
    unshare = shutil.which("unshare") or ""
    old.launcher = (unshare, "--mount", "/bin/sh", "-c", BOUND, str(units))
    script(old.bin / "docker", f'echo "$@" >>"{old.folder}/docker"\n[ "$1" != ps ] || echo 1a')
    (old.system / "xargs").symlink_to(shutil.which("xargs") or "")
    furnish(old)
    return old


def furnish(host: Kboot, *, stops: bool = True) -> None:
    systemctl.install(host.system, host.home / ".minikube", stops=stops)


def joined(done: Done) -> str:
    return " ".join((done.out + done.err).split())


def engine(host: Kboot) -> list[str]:
    return Path(host.folder, "docker").read_text().splitlines()


@pytest.mark.parametrize("fault", ["", "stop-fails"])
def test_down_stops_the_unit_first_and_minikubes_failure_does_not_end_it(
    fault: str, host: Kboot
) -> None:
    assert host.run("up", "p.toml").code == 0
    host.minikube("0.25.0", fault=fault)
    done = host.run("down", "p.toml")
    assert (done.code, done.out) == (0, "Cluster old is stopped; its data stay.\n")
    assert "runs systemctl stop localkube runs minikube stop --profile old" in joined(done)
    # After the stop systemd is asked, too: 0.25 says Stopped of a unit that is about to start.
    assert systemctl.calls(host.system) == ["stop localkube", "is-active localkube"]
    assert host.calls("stop") == ["stop --profile old"]
    assert ("yet the cluster is not at" in joined(done)) == bool(fault)
    assert engine(host)[1:] == ["stop 1a"]
    assert host.run("down", "p.toml").out == "Nothing to do: cluster old is stopped.\n"
    assert host.run("up", "p.toml").code == 0


def test_down_delete_disables_the_unit_and_removes_its_containers(host: Kboot) -> None:
    assert host.run("up", "p.toml").code == 0
    refused = host.run("down", "--delete", "p.toml")
    assert refused.code == 13
    assert "docker rm --force" in joined(refused)  # what a yes would destroy is said before
    assert systemctl.calls(host.system) == []
    done = host.run("down", "--delete", "--yes", "p.toml")
    assert (done.code, done.out) == (0, "Cluster old is deleted.\n")
    assert systemctl.calls(host.system) == ["disable --now localkube"]
    assert engine(host)[1:] == ["rm --force 1a"]
    assert host.run("up", "p.toml").code == 0


@pytest.mark.parametrize("flags", [(), ("--delete", "--yes")])
def test_nobodys_word_that_it_is_down_counts_when_the_api_is_still_there(
    flags: tuple[str, ...], host: Kboot
) -> None:
    assert host.run("up", "p.toml").code == 0
    furnish(host, stops=False)
    done = host.run("down", *flags, "p.toml")
    assert done.code == 70
    assert "is stopped" not in done.out and "is deleted" not in done.out
    assert "its API" in joined(done) and "answers" in joined(done)
    assert host.run("verify", "p.toml").code == 0


def test_a_cluster_that_minikube_forgot_is_still_deleted(host: Kboot) -> None:
    assert host.run("up", "p.toml").code == 0
    words = ("minikube", "delete", "--profile", "old")
    assert host.run(program=(str(host.bin / words[0]), *words[1:])).code == 0
    done = host.run("down", "--delete", "--yes", "p.toml")
    assert (done.code, done.out) == (0, "Cluster old is deleted.\n")
    assert systemctl.calls(host.system) == ["disable --now localkube"]
