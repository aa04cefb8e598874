"""Real kubectls from a mirror with the publisher's paths, each at the best level there is."""

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.places import PARTS, SCRIPTS
from tests.helpers.serving.mirror import Mirror

pytestmark = pytest.mark.real

SHIPPED = ("1.20.0", "1.21.0", "1.28.3", "1.30.0", "1.32.3", "1.34.5", "1.35.2", "1.37.1")
BY_PUBLISHER = "1.24.0"
TARBALL = "/v1.9.3/kubernetes-client-linux-amd64.tar.gz"
TARBALL_SHA256 = "2f509c05f0c4e1c1ac9e98879a1924f24546905349457904344d79dc639217be"


def path_of(version: str) -> str:
    return f"/release/v{version}/bin/linux/amd64/kubectl"


def real_kubectl(version: str) -> Path:
    argv = [str(PARTS / "fetch-kubectl"), version]
    return Path(subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip())


@dataclass(frozen=True)
class Person:
    """An empty HOME whose kubectl comes from the mirror."""

    home: Path
    mirror: Mirror

    def run(self, version: str, *words: str) -> subprocess.CompletedProcess[str]:
        profile = self.home / "p.toml"
        profile.write_text(f'name = "p"\n[tools]\nkubectl = "{version}"\n', encoding="utf-8")
        command, *rest = words
        env = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "KBOOT_MIRRORS": f"https://dl.k8s.io={self.mirror.url}",
            "KBOOT_CA_BUNDLE": str(self.mirror.ca_file),
        }
        argv = [str(SCRIPTS / "kboot"), command, str(profile), *rest]
        return subprocess.run(argv, env=env, capture_output=True, text=True)

    @property
    def receipts(self) -> list[str]:
        found = (self.home / ".local/share/kboot/artifacts").glob("*/*/receipt.json")
        return [path.read_text(encoding="utf-8") for path in found]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with Mirror({}) as mirror:
        yield Person(tmp_path, mirror)


@pytest.mark.parametrize("version", SHIPPED)
def test_a_kubectl_with_a_shipped_digest_is_installed_and_runs(
    version: str, person: Person
) -> None:
    person.mirror.files[path_of(version)] = real_kubectl(version)
    done = person.run(version, "up", "--trust", "catalogue")
    assert done.returncode == 0, done.stderr
    assert [request.path for request in person.mirror.requests] == [path_of(version)]
    assert '"trust": "catalogue"' in person.receipts[0]
    said = person.run(version, "exec", "--", "kubectl", "version", "--client", "-o", "json")
    assert f'"gitVersion": "v{version}"' in said.stdout


def test_a_kubectl_without_one_is_installed_by_its_publishers_checksum_file(
    person: Person,
) -> None:
    kubectl = real_kubectl(BY_PUBLISHER)
    checksum = person.home / "kubectl.sha256"
    checksum.write_text(hashlib.sha256(kubectl.read_bytes()).hexdigest(), encoding="ascii")
    path = path_of(BY_PUBLISHER)
    person.mirror.files.update({path: kubectl, f"{path}.sha256": checksum})
    refused = person.run(BY_PUBLISHER, "up", "--trust", "catalogue")
    assert refused.returncode == 13
    assert "--trust publisher" in refused.stderr
    assert person.mirror.requests == []
    done = person.run(BY_PUBLISHER, "up")
    assert done.returncode == 0, done.stderr
    assert '"trust": "publisher"' in person.receipts[0]
    assert [request.path for request in person.mirror.requests] == [f"{path}.sha256", path]


def test_a_made_archive_in_the_place_of_an_old_one_is_refused_with_both_digests(
    person: Person,
) -> None:
    program = b"#!/bin/sh\necho owned\n"
    archive = person.home / "made.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("kubernetes/client/bin/kubectl")
        member.size = len(program)
        tar.addfile(member, io.BytesIO(program))
    person.mirror.files[TARBALL] = archive
    done = person.run("1.9.3", "up")
    assert done.returncode == 30
    said = "".join(done.stderr.split())
    assert TARBALL_SHA256 in said
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in said
    assert person.receipts == []
    data = person.home / ".local/share/kboot"
    assert not [path for path in data.rglob("*") if path.is_file() and os.access(path, os.X_OK)]
