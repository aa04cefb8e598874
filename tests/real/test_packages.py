"""docker through apt, in a fresh Debian with systemd: as root, and as a user who has no sudo."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.hosts.fresh_host import FreshHost

pytestmark = pytest.mark.real

PROFILE = 'name = "engine"\n[tools]\ndocker = { version = ">=20.10", policy = "install" }\n'


@pytest.fixture
def fresh(image: str, tmp_path: Path) -> Iterator[FreshHost]:
    profile = tmp_path / "kboot.toml"
    profile.write_text(PROFILE)
    tmp_path.chmod(0o755)
    host = FreshHost(image, profile)
    yield host
    host.close()


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
    if os.uname().machine == "x86_64":
        assert "/edge/x86_64/docker-18.02.0-ce.tgz" in report["error"]["next"]
    assert fresh.run("dpkg", "-s", "docker.io").returncode != 0
    # Its lists are known now, so the plan says it by itself.
    code, report = fresh.kboot("up")
    assert (code, report["plan"]["steps"]) == (51, [])
