"""docker through apt, in a fresh Debian with systemd: as root, and as a user who has no sudo."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.real.conftest import SCRIPTS, path_from

pytestmark = pytest.mark.real

CAPABILITIES = (
    "AUDIT_CONTROL AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER "
    "KILL LEASE LINUX_IMMUTABLE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP "
    "SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT "
    "SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG"
)
"""All that systemd and an engine in it want; --privileged asks for one more, which CI lacks."""
PROFILE = 'name = "engine"\n[tools]\ndocker = { version = ">=20.10", policy = "install" }\n'
READY = """
for each in cpu cpuacct cpuset memory devices freezer blkio pids systemd; do
  test ! -d /sys/fs/cgroup/$each || mount -o remount,rw,bind /sys/fs/cgroup/$each
done
until systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
  sleep 0.2
done
useradd -m dev
"""


def docker(*words: str) -> str:
    return subprocess.run(("docker", *words), check=True, stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The machine's own engine, or one that is gone afterwards."""
    folder = tmp_path_factory.mktemp("engine")
    had_bridge = Path("/sys/class/net/docker0").exists()
    started = subprocess.run(
        (SCRIPTS / "engine", folder), check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    yield
    if started:
        os.kill(int(started), signal.SIGTERM)
        subprocess.run(("tail", f"--pid={started}", "-f", "/dev/null"), check=True)
        if not had_bridge:
            subprocess.run(("ip", "link", "delete", "docker0"), check=True)


@pytest.fixture(scope="module")
def image(engine: None) -> Iterator[str]:
    name = f"kboot-fresh:{uuid4().hex[:12]}"
    docker("import", str(path_from(SCRIPTS / "fresh-host")), name)
    yield name
    docker("rmi", "--force", name)


class FreshHost:
    """One fresh Debian, with this checkout at /kboot and apt as this machine has it."""

    def __init__(self, image: str, profile: Path) -> None:
        mounts = {
            str(SCRIPTS.parent): "/kboot",
            sysconfig.get_paths()["purelib"]: "/dependencies",
            "/etc/apt/sources.list.d/debian.sources": "/etc/apt/sources.list.d/debian.sources",
            "/etc/apt/sources.list": "/etc/apt/sources.list",
            str(profile): "/profile/kboot.toml",
        }
        own = Path("/etc/apt/apt.conf.d").glob("9*")
        mounts |= {str(file): f"/etc/apt/apt.conf.d/host-{file.name}" for file in own}
        self.name = docker(
            *("run", "--detach", "--cgroupns=private", "--device=/dev/kmsg"),
            *(f"--cap-add={each}" for each in CAPABILITIES.split()),
            *(f"--security-opt={each}=unconfined" for each in ("seccomp", "apparmor")),
            *("--security-opt=systempaths=unconfined", "--volume=/var/lib/docker"),
            *("--tmpfs=/run", "--tmpfs=/run/lock", "--tmpfs=/tmp:exec"),
            *(f"--volume={a}:{b}:ro" for a, b in mounts.items() if Path(a).exists()),
            *(image, "/sbin/init"),
        ).strip()
        assert self.run("timeout", "60", "sh", "-c", READY).returncode == 0

    def run(self, *words: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        proxies = [f"--env={name}" for name in os.environ if name.lower().endswith("_proxy")]
        command = ("docker", "exec", "--user", user, *proxies, self.name, *words)
        return subprocess.run(command, capture_output=True, text=True, timeout=600)

    def kboot(self, command: str, *flags: str, user: str = "root") -> tuple[int, dict[str, Any]]:
        home = "/root" if user == "root" else f"/home/{user}"
        path = ("PYTHONPATH=/kboot:/dependencies", "PYTHONDONTWRITEBYTECODE=1", f"HOME={home}")
        python = f"python{sys.version_info.major}.{sys.version_info.minor}"
        words = (command, "--tools-only", "--output", "json", *flags, "/profile/kboot.toml")
        done = self.run("env", *path, python, "-m", "bootstrap", *words, user=user)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def fresh(image: str, tmp_path: Path) -> Iterator[FreshHost]:
    profile = tmp_path / "kboot.toml"
    profile.write_text(PROFILE)
    tmp_path.chmod(0o755)
    host = FreshHost(image, profile)
    yield host
    docker("rm", "--force", "--volumes", host.name)


def test_root_gets_an_engine_that_answers_and_the_second_run_does_nothing(fresh: FreshHost) -> None:
    code, report = fresh.kboot("up")
    assert code == 0, report
    (outcome,) = report["outcomes"]
    assert (outcome["tool"], outcome["manager"], outcome["packages"]) == (
        *("docker", "apt"),
        ["docker.io"],
    )
    assert "usermod -aG docker" in outcome["detail"]
    assert fresh.run("systemctl", "is-active", "docker").stdout.strip() == "active"
    assert fresh.run("docker", "version", "--format", "{{.Server.Version}}").returncode == 0
    code, report = fresh.kboot("up")
    assert (code, report["plan"]["steps"]) == (0, [])


def test_a_stopped_engine_is_only_started(fresh: FreshHost) -> None:
    assert fresh.kboot("up")[0] == 0
    fresh.run("systemctl", "disable", "--now", "docker.service", "docker.socket")
    code, report = fresh.kboot("up")
    assert code == 0, report
    assert [each["commands"] for each in report["outcomes"]] == [
        [["systemctl", "enable", "--now", "docker"]]
    ]


def test_the_lines_that_a_user_is_told_make_it_right_when_root_runs_them(fresh: FreshHost) -> None:
    code, report = fresh.kboot("up", user="dev")
    assert code == 50, report
    assert report["outcomes"] == []
    (blocker,) = report["plan"]["blockers"]
    lines = blocker["fix"].removeprefix("as root: ").partition("   ")[0]
    assert fresh.run("sh", "-c", lines).returncode == 0, lines
    assert fresh.kboot("doctor")[0] == 0
    _, report = fresh.kboot("doctor", user="dev")
    forbidden = [each for each in report["findings"] if each["reason"] == "engine-forbidden"]
    assert ["usermod -aG docker" in each["fix"] for each in forbidden] == [True]


def test_a_version_that_apt_does_not_have_is_not_installed(
    fresh: FreshHost, tmp_path: Path
) -> None:
    (tmp_path / "kboot.toml").write_text(PROFILE.replace(">=20.10", "18.02"))
    code, report = fresh.kboot("up")
    assert code == 51, report
    assert "docker.io 20.10" in report["error"]["why"]
    assert fresh.run("dpkg", "-s", "docker.io").returncode != 0
    # Its lists are known now, so the plan says it by itself.
    code, report = fresh.kboot("up")
    assert (code, report["plan"]["steps"]) == (51, [])
