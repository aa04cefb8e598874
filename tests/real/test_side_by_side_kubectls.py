"""Real kubectls of two eras in one store: each profile and each link runs its own."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.hosts.engine import path_from
from tests.helpers.places import PARTS, SCRIPTS
from tests.helpers.serving.mirror import Mirror

pytestmark = pytest.mark.real

VERSIONS = ("1.20.0", "1.30.0", "1.35.2")
ASK = ("kubectl", "version", "--client", "-o", "json")


def path_of(version: str) -> str:
    return f"/release/v{version}/bin/linux/amd64/kubectl"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    files = {path_of(each): path_from(PARTS / "fetch-kubectl", each) for each in VERSIONS}
    with Mirror(files) as mirror:
        yield mirror


class Person:
    """An empty HOME with a profile for each version."""

    def __init__(self, home: Path, mirror: Mirror) -> None:
        self.bin = home / ".local" / "bin"
        self.env = {
            "HOME": str(home),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "KBOOT_MIRRORS": f"https://dl.k8s.io={mirror.url}",
            "KBOOT_CA_BUNDLE": str(mirror.ca_file),
        }
        self.profiles = {version: home / f"{version}.toml" for version in VERSIONS}
        for version, profile in self.profiles.items():
            profile.write_text(f'name = "p"\n[tools]\nkubectl = "{version}"\n', encoding="utf-8")

    def start(self, command: str, version: str, *rest: str) -> subprocess.Popen[str]:
        argv = [str(SCRIPTS / "kboot"), command, str(self.profiles[version]), *rest]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, env=self.env, stdout=pipe, stderr=pipe, text=True)

    def up(self, version: str, *rest: str) -> str:
        with self.start("up", version, *rest) as run:
            out, err = run.communicate()
        assert run.returncode == 0, err
        return out + err


def told(out: str) -> str:
    version: str = json.loads(out)["clientVersion"]["gitVersion"]
    return version.removeprefix("v")


def test_real_kubectls_stand_side_by_side(tmp_path: Path, mirror: Mirror) -> None:
    person = Person(tmp_path, mirror)
    installing = [person.start("up", version) for version in VERSIONS]
    assert [(run.communicate()[1], run.returncode)[1] for run in installing] == [0, 0, 0]
    runs = {version: person.start("exec", version, "--", *ASK) for version in VERSIONS}
    said = {version: told(run.communicate()[0]) for version, run in runs.items()}
    assert said == {version: version for version in VERSIONS}
    assert sorted(request.path for request in mirror.requests) == sorted(map(path_of, VERSIONS))


def test_a_real_kubectl_is_linked_and_the_link_is_switched_between_profiles(
    tmp_path: Path, mirror: Mirror
) -> None:
    person = Person(tmp_path, mirror)
    for version in (*VERSIONS, VERSIONS[0]):
        assert "link    kubectl in" in person.up(version, "--link", str(person.bin))
        assert "Nothing to do" in person.up(version, "--link", str(person.bin))
        shell = subprocess.run(
            ["/bin/sh", "-c", " ".join(ASK)], env=person.env, capture_output=True, text=True
        )
        assert told(shell.stdout) == version
    assert [path.name for path in person.bin.iterdir()] == ["kubectl"]
    assert len(mirror.requests) == len(VERSIONS)
