"""A download that goes wrong leaves what was there, and nothing that can be run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import KUBECTL, KUBECTL_SHA256, TOOLS, Kboot, on_amd64, tree
from tests.helpers.serving.mirror import Fault, Mirror

pytestmark = on_amd64


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    """Stands for kubectl's publisher, and has wrong bytes."""
    wrong = kboot.folder / "wrong"
    wrong.write_bytes(b"#!/bin/sh\necho owned\n" * 5000)
    with Mirror({KUBECTL: wrong}) as running:
        kboot.env["KBOOT_MIRRORS"] = f"https://dl.k8s.io={running.url}"
        kboot.env["KBOOT_CA_BUNDLE"] = str(running.ca_file)
        kboot.profile(TOOLS)
        yield running


def executables(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if path.stat().st_mode & 0o111]


def test_a_file_that_is_not_what_the_catalogue_says_is_refused(
    kboot: Kboot, mirror: Mirror
) -> None:
    done = kboot.run("up", "p.toml")
    assert done.code == 30
    assert KUBECTL_SHA256 in done.err.replace("\n         ", "")
    assert executables(kboot.home) == []
    assert not (kboot.data / "profiles").exists()
    assert [request.path for request in mirror.requests] == [KUBECTL]


def test_both_digests_are_shown(kboot: Kboot, mirror: Mirror) -> None:
    error = kboot.json("up", "p.toml")["error"]
    digests = [word for word in " ".join(map(str, error.values())).split() if len(word) >= 64]
    assert len({word.strip(".,;:)'\"") for word in digests}) >= 2, error
    assert error["id"] == "integrity"


def test_a_failed_download_leaves_the_tools_as_they_were(kboot: Kboot, mirror: Mirror) -> None:
    mirror.fault(KUBECTL, Fault(status=404))
    kboot.run("up", "p.toml")
    before = tree(kboot.data)
    assert kboot.run("up", "p.toml").code == 30
    assert tree(kboot.data) == before


@pytest.mark.parametrize(("status", "code"), [(404, 21), (403, 21), (410, 21)])
def test_an_answer_without_the_file_is_the_servers_error(
    status: int, code: int, kboot: Kboot, mirror: Mirror
) -> None:
    mirror.fault(KUBECTL, *[Fault(status=status, body=b"<html>gone</html>")] * 9)
    done = kboot.run("up", "p.toml")
    assert done.code == code
    assert str(status) in done.err
    assert "nothing was changed" in done.err
    assert executables(kboot.home) == []


def test_a_mirror_whose_certificate_nobody_vouches_for_is_not_asked_for_files(
    kboot: Kboot, mirror: Mirror
) -> None:
    del kboot.env["KBOOT_CA_BUNDLE"]
    done = kboot.run("up", "p.toml")
    assert done.code == 20
    assert "ertificate" in done.err
    assert mirror.requests == []


def test_offline_names_what_is_missing_with_its_digest(kboot: Kboot, mirror: Mirror) -> None:
    done = kboot.run("up", "--offline", "p.toml")
    assert done.code == 22
    joined = " ".join(done.err.split())
    assert f"https://dl.k8s.io{KUBECTL}" in joined
    assert KUBECTL_SHA256 in joined
    assert mirror.requests == []
    assert not kboot.data.exists()


def test_a_blocked_profile_downloads_nothing(kboot: Kboot, mirror: Mirror) -> None:
    done = kboot.run("up", "tutorial")
    assert done.code == 60
    assert "virtualbox" in done.err
    assert "nothing was changed" in " ".join(done.err.split())
    assert mirror.requests == []
    assert not kboot.data.exists()


def test_tools_only_lifts_what_only_the_cluster_needs(kboot: Kboot, mirror: Mirror) -> None:
    document = kboot.json("plan", "tutorial", "--tools-only")
    assert document["exit_code"] == 0
    assert [step["subject"] for step in document["plan"]["steps"]] == [
        "minikube 0.25.0",
        "kubectl 1.9.3",
    ]
