"""A fresh Debian with systemd in a container: what it takes to run one, and kboot in it."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.helpers.hosts.engine import docker
from tests.helpers.places import SCRIPTS

CAPABILITIES = (
    "AUDIT_CONTROL AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER "
    "KILL LEASE LINUX_IMMUTABLE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP "
    "SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT "
    "SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG"
)
"""All that systemd and an engine in it want; --privileged asks for one more, which CI lacks."""
READY = """
for each in cpu cpuacct cpuset memory devices freezer blkio pids systemd; do
  test ! -d /sys/fs/cgroup/$each || mount -o remount,rw,bind /sys/fs/cgroup/$each
done
until systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
  sleep 0.2
done
useradd -m dev
"""


class FreshHost:
    """One fresh Debian, with this checkout at /kboot and apt as this machine has it."""

    def __init__(
        self, image: str, profile: Path, more: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """`profile` becomes /profile/kboot.toml; a change of it is seen inside.

        `more`: what else of this machine, to be read only, is where inside.
        """
        mounts = {
            str(SCRIPTS.parent): "/kboot",
            sysconfig.get_paths()["purelib"]: "/dependencies",
            "/etc/apt/sources.list.d/debian.sources": "/etc/apt/sources.list.d/debian.sources",
            "/etc/apt/sources.list": "/etc/apt/sources.list",
            str(profile): "/profile/kboot.toml",
            **more,
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

    def close(self) -> None:
        docker("rm", "--force", "--volumes", self.name)

    def kboot(self, command: str, *flags: str, user: str = "root") -> tuple[int, dict[str, Any]]:
        home = "/root" if user == "root" else f"/home/{user}"
        path = ("PYTHONPATH=/kboot:/dependencies", "PYTHONDONTWRITEBYTECODE=1", f"HOME={home}")
        python = f"python{sys.version_info.major}.{sys.version_info.minor}"
        words = (command, "--output", "json", *flags, "/profile/kboot.toml")
        done = self.run("env", *path, python, "-m", "bootstrap", *words, user=user)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)
