"""Several files at once; files brought by hand; one message for all that is missing."""

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import KUBECTL, KUBECTL_SHA256, TOOLS, Kboot, on_amd64, tree
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.waiting import until

pytestmark = on_amd64

MINIKUBE = "/minikube/releases/v1.38.1/minikube-linux-amd64"
BOTH = f'{TOOLS}minikube = "1.38.1"\n'
ORDER = ("minikube 1.38.1", "kubectl 1.35.1")


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    """Stands for the publishers, whose files are told by their digests in the test's catalogue."""
    file = kboot.folder / "served"
    file.write_bytes(b"#!/bin/sh\n" + bytes(500_000))
    with Mirror({KUBECTL: file, MINIKUBE: file}) as running:
        both = (
            f"{host}={running.url}"
            for host in ("https://dl.k8s.io", "https://storage.googleapis.com")
        )
        kboot.env["KBOOT_MIRRORS"] = ",".join(both)
        kboot.env["KBOOT_CA_BUNDLE"] = str(running.ca_file)
        kboot.profile(BOTH)
        yield running


def said(text: str) -> str:
    return " ".join(text.split())


def test_both_files_are_under_way_before_either_has_come(kboot: Kboot, mirror: Mirror) -> None:
    stalled = Fault(stall=60, stall_at=100_000)
    mirror.fault(KUBECTL, stalled)
    mirror.fault(MINIKUBE, stalled)
    process = kboot.start("up", "p.toml")
    until(lambda: len(mirror.requests) == 2)
    mirror.release.set()
    assert process.communicate() and process.returncode == 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_downloads_and_leaves_nothing(
    kboot: Kboot, mirror: Mirror, number: signal.Signals
) -> None:
    """Though one body is silent, and one server has not answered at all."""
    mirror.fault(KUBECTL, Fault(stall=600, stall_at=100_000))
    mirror.fault(MINIKUBE, Fault(stall=600))
    process = kboot.start("up", "p.toml")
    until(lambda: list((kboot.data / "staging").rglob("kubectl/new/kubectl")))
    process.send_signal(number)
    _, err = process.communicate()
    assert not mirror.release.is_set()  # nothing but the signal ended it
    assert process.returncode == 128 + number
    assert "Traceback" not in err and "Fatal" not in err
    assert list((kboot.data / "staging").iterdir()) == []
    assert not (kboot.data / "artifacts").exists()


def test_all_that_failed_for_want_of_a_network_stand_in_one_message(
    kboot: Kboot, mirror: Mirror
) -> None:
    namespace = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
    if subprocess.run((*namespace, "true"), capture_output=True).returncode:
        pytest.skip("this machine lets us make no network namespace")
    kboot.launcher = (shutil.which("unshare") or "", *namespace[1:])
    error = kboot.json("up", "p.toml")["error"]
    assert error["code"] == 20
    assert all(subject in error["what"] for subject in ORDER)
    items = said(" ".join(error["items"]))
    assert KUBECTL_SHA256 in items
    assert KUBECTL in items and MINIKUBE in items
    assert items.count(str(kboot.home / ".cache" / "kboot" / "downloads")) == 2
    assert error["state"] == "nothing was changed"


def test_offline_says_of_every_missing_file_where_to_put_it(kboot: Kboot, mirror: Mirror) -> None:
    done = kboot.run("up", "--offline", "p.toml")
    assert done.code == 22
    folder = kboot.home / ".cache" / "kboot" / "downloads"
    assert f"{folder}/{KUBECTL_SHA256}" in said(done.err)
    assert said(done.err).count(str(folder)) == 2
    assert mirror.requests == []
    assert not kboot.data.exists()


def by_hand(kboot: Kboot, content: bytes, name: str) -> Path:
    folder = kboot.home / ".cache" / "kboot" / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_a_wrong_file_brought_by_hand_is_refused_and_nothing_is_fetched(
    kboot: Kboot, mirror: Mirror
) -> None:
    kboot.profile(TOOLS)
    path = by_hand(kboot, b"#!/bin/sh\necho owned\n", KUBECTL_SHA256)
    document = kboot.json("plan", "--offline", "p.toml")
    assert document["exit_code"] == 0
    assert [(step["brought"], step["kind"]) for step in document["plan"]["steps"]] == [
        (True, "local")
    ]
    before = tree(kboot.home, but=".local")
    error = kboot.json("up", "--offline", "p.toml")["error"]
    assert error["code"] == 30
    assert str(path) in error["why"] and str(path) in error["next"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() in " ".join(error["items"])
    assert mirror.requests == []
    assert tree(kboot.home, but=".local").keys() >= before.keys()
    assert not (kboot.data / "artifacts").exists()


def test_piped_progress_has_rate_and_time_left(kboot: Kboot, mirror: Mirror) -> None:
    kboot.profile(TOOLS)
    mirror.files[KUBECTL].write_bytes(bytes(20_000_000))
    mirror.rate = 30_000_000
    done = kboot.run("up", "p.toml")
    lines = [line for line in done.err.splitlines() if " left" in line]
    assert done.code == 30
    assert 1 <= len(lines) <= 4
    assert all("/s, " in line and " of " in line for line in lines)
