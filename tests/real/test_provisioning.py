"""The very lines of docs/provisioning.md in a fresh Debian: as root, no HOME, no terminal.

A mirror with made releases stands for the publishers, and kboot's environment for what
scripts/kboot would make with pip: both would need a network.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.helpers.driving.reading import blocks
from tests.helpers.hosts.fresh_host import FreshHost
from tests.helpers.places import ROOT
from tests.helpers.serving import releases

pytestmark = pytest.mark.real

PAGE = ROOT / "docs" / "provisioning.md"
CHECKOUT = """
set -e
mkdir -p /opt/kboot/.venv/bin
cp -r /kboot/scripts /kboot/pyproject.toml /opt/kboot/
touch -d "1 hour ago" /opt/kboot/pyproject.toml
touch /opt/kboot/.venv/ready-run
printf '#!/bin/sh\\nshift 2\\n%s exec %s\\n' \
  'PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/kboot:/dependencies' 'python3 -m bootstrap "$@"' \
  >/opt/kboot/.venv/bin/python
chmod +x /opt/kboot/.venv/bin/python
cp /profile/kboot.toml /etc/kboot.toml
mkdir /project && cp /profile/kboot.toml /project/
"""
SERVE = """
mkdir -p /tmp/served
cd /kboot && PYTHONPATH=/kboot:/dependencies PYTHONDONTWRITEBYTECODE=1 setsid python3 -c '
import signal, sys
from pathlib import Path
from tests.helpers.serving import releases
from tests.helpers.serving.mirror import Mirror
with Mirror({}) as mirror:
    for each in (releases.KUBECTL, releases.MINIKUBE):
        each.publish(mirror, Path("/tmp/served"))
    Path("/tmp/served/ca").write_bytes(mirror.ca_file.read_bytes())
    Path("/tmp/served/.url").write_text(mirror.url)
    Path("/tmp/served/.url").rename("/tmp/served/url")
    signal.pause()
' >/tmp/served/log 2>&1 &
timeout 60 sh -c 'until [ -e /tmp/served/url ]; do sleep 0.1; done' && cat /tmp/served/url
"""


class Machine:
    """A fresh Debian with kboot in /opt/kboot, and what its network is."""

    def __init__(self, host: FreshHost) -> None:
        self.host = host
        done = host.run("sh", "-c", CHECKOUT)
        assert done.returncode == 0, done.stderr
        self.url = "https://127.0.0.1:1"

    def online(self) -> None:
        done = self.host.run("sh", "-c", SERVE)
        assert done.returncode == 0, done.stderr
        self.url = done.stdout.strip()

    def offline(self) -> None:
        self.url = "https://127.0.0.1:1"

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """A script as a provisioner runs it; only what leads to the mirror is added."""
        mirrors = ",".join(f"{each}={self.url}" for each in releases.PUBLISHERS)
        env = [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            f"KBOOT_MIRRORS={mirrors}",
            "KBOOT_CA_BUNDLE=/tmp/served/ca" if self.url[-2:] != ":1" else "WAIT=0",
            "WAIT=0",
            "GITHUB_ENV=/project/github-env",
        ]
        assert "HOME" not in "".join(env)
        done = self.host.run("env", "-i", "-C", "/project", *env, "sh", "-c", text)
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def answers(self, program: str) -> str:
        return self.run(f"{program} version").stdout


@pytest.fixture
def machine(image: str, tmp_path: Path) -> Iterator[Machine]:
    profile = tmp_path / "kboot.toml"
    profile.write_text(user_data()["write_files"][0]["content"])
    tmp_path.chmod(0o755)
    host = FreshHost(image, profile)
    try:
        yield Machine(host)
    finally:
        host.close()


def user_data() -> dict[str, list[dict[str, str]]]:
    cloud, _ = blocks(PAGE, "yaml")
    return dict(yaml.safe_load(cloud))


def kboot_lines(language: str, start: str) -> list[str]:
    """The lines of the page's last block of that language that run something."""
    text = blocks(PAGE, language)[-1]
    return re.findall(rf"^{start} (.*)$", text, flags=re.MULTILINE)


def test_the_script_tries_again_then_provisions_and_a_second_run_does_nothing(
    machine: Machine,
) -> None:
    script = blocks(PAGE, "sh")[0]
    done = machine.run(script)
    assert done.returncode == 20, done.stderr
    assert done.stderr.count("kboot: network-unreachable") == 3
    machine.online()
    done = machine.run(script)
    assert done.returncode == 0, done.stderr
    assert "v1.24.0" in machine.answers("kubectl")
    machine.offline()
    done = machine.run(script)
    assert (done.returncode, done.stdout.startswith("Nothing to do.")) == (0, True)


def test_what_would_fail_again_is_not_tried_again(machine: Machine) -> None:
    assert machine.run("echo 'name = ' >/etc/kboot.toml").returncode == 0
    done = machine.run(blocks(PAGE, "sh")[0])
    assert done.returncode == 10
    assert done.stderr.count("profile-invalid") == 1


def test_the_images_lines_bake_the_tools_and_need_no_network_afterwards(machine: Machine) -> None:
    _, bake, again = kboot_lines("dockerfile", "RUN")
    machine.online()
    assert machine.run(bake).returncode == 0
    machine.offline()
    done = machine.run(again)
    assert (done.returncode, done.stdout.startswith("Nothing to do.")) == (0, True), done
    assert machine.run("rm -rf /root/.local /usr/local/bin/kubectl").returncode == 0
    assert machine.run(again).returncode == 22


def test_the_workflows_steps_hand_the_tools_to_the_next_step(machine: Machine) -> None:
    up, env, ask = kboot_lines("yaml", "- run:")
    machine.online()
    assert machine.run(up).returncode == 0
    report = json.loads(machine.run("cat up.json").stdout)
    assert report["exit_id"] == "converged"
    events = machine.run("cat up.ndjson").stdout.splitlines()
    assert json.loads(events[-1])["happening"] == "run-ended"
    assert machine.run(env).returncode == 0
    handed = machine.run("cat github-env").stdout
    path = re.search(r"^PATH=(.*)$|^PATH<<(\S+)\n(.*)\n", handed, flags=re.MULTILINE)
    assert path is not None, handed
    assert "v1.24.0" in machine.run(f"PATH={path[1] or path[3]} {ask}").stdout


def test_cloud_inits_schema_accepts_the_user_data_and_its_command_provisions(
    machine: Machine, tmp_path: Path
) -> None:
    cloud, _ = blocks(PAGE, "yaml")
    install = "apt-get update -qq && apt-get install -qq -y --no-install-recommends cloud-init"
    done = machine.run(f"({install}) >/tmp/apt 2>&1 || {{ tail -5 /tmp/apt; exit 1; }}")
    assert done.returncode == 0, done.stdout
    assert machine.run(f"printf %s {shlex.quote(cloud)} >user-data").returncode == 0
    checked = machine.run("cloud-init schema --config-file user-data")
    assert checked.returncode == 0, checked.stderr + checked.stdout
    machine.online()
    _, up = user_data()["runcmd"]
    done = machine.run(shlex.join(up))
    assert done.returncode == 0, done.stderr
    assert "v1.25.0" in machine.answers("minikube")
