"""A disk that is too small, or fills up on the way: said with bytes, and all stays as it was.

The disk is a tmpfs in a mount namespace of its own: it goes with the process that keeps it.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.values.codec import to_plain
from tests.helpers.driving.kboot import Done, Kboot, tree
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.serving.releases import KUBECTL, NEXT_KUBECTL, profile, settings
from tests.helpers.waiting import until
from tests.helpers.working.installer import Order, fill

pytestmark = pytest.mark.real

DISK = 8 << 20
"""Bytes of the whole disk."""
KEEPER = 'mount -t tmpfs -o size="$0" tmpfs "$1" && echo kept && exec cat'
ARCHIVE = "/archive.tar.gz"
MEMBER = "kubernetes/client/bin/kubectl"


class Small(Kboot):
    """kboot whose HOME is a small disk, with kubectl 1.24.0 on it and in use."""

    keeper: int

    @property
    def disk(self) -> Path:
        """HOME, as it is reached from outside of its namespace."""
        return Path(f"/proc/{self.keeper}/root") / self.home.relative_to("/")

    @property
    def store(self) -> Path:
        return self.disk / self.data.relative_to(self.home)

    @property
    def free(self) -> int:
        asked = ("stat", "--file-system", "--format=%a %S", str(self.disk))
        blocks, size = subprocess.run(
            asked, check=True, capture_output=True, text=True
        ).stdout.split()
        return int(blocks) * int(size)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with Mirror({}) as running:
        yield running


@pytest.fixture
def kboot(tmp_path: Path, mirror: Mirror) -> Iterator[Small]:
    made = Small(tmp_path / "person", settings(mirror))
    argv = ("unshare", "-m", "sh", "-c", KEEPER, str(DISK), str(made.home))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout and keeper.stdout.readline() == "kept\n"
        made.keeper = keeper.pid
        made.launcher = ("/usr/bin/nsenter", "-m", f"-t{keeper.pid}", f"--wd={made.work}")
        KUBECTL.publish(mirror, tmp_path)
        made.profile(profile(KUBECTL))
        assert made.run("up", "p.toml").code == 0
        yield made
        made.end()


def check_full(why: str, kboot: Small, needed: int) -> None:
    """Both figures are there, and name the small disk."""
    found = re.fullmatch(r"([\d,]+) bytes are needed, ([\d,]+) bytes are free on (\S+)", why)
    assert found, why
    wanted, free = (int(each.replace(",", "")) for each in found.groups()[:2])
    assert (wanted, found[3]) == (needed, str(kboot.home))
    assert free < wanted


def check_unchanged(kboot: Small, before: dict[str, tuple[int, str]]) -> None:
    """Nothing half-installed is there, and the version before is still the one in use."""
    assert tree(kboot.store) == before
    assert list((kboot.store / "staging").iterdir()) == []
    kboot.profile(profile(KUBECTL))
    assert kboot.run("exec", "p.toml", "--", "kubectl").out.strip() == KUBECTL.answer


def why(done: Done) -> str:
    assert done.code == 40, done
    assert "  state  nothing was changed" in done.err
    assert "XDG_DATA_HOME" in done.err
    told = re.search(r"^  why (.*?)^  state", done.err, re.MULTILINE | re.DOTALL)
    assert told
    return " ".join(told[1].split())


def test_a_download_that_does_not_fit_is_refused_before_its_body(
    kboot: Small, mirror: Mirror
) -> None:
    before = tree(kboot.store)
    NEXT_KUBECTL.publish(mirror, kboot.folder, 2 * DISK)
    mirror.fault(NEXT_KUBECTL.path, Fault(stall=600, stall_at=0))
    kboot.profile(profile(NEXT_KUBECTL))
    check_full(why(kboot.run("up", "p.toml")), kboot, 2 * DISK)
    check_unchanged(kboot, before)


def test_a_disk_that_fills_up_during_a_download_is_said_and_leaves_the_version_before(
    kboot: Small, mirror: Mirror
) -> None:
    before = tree(kboot.store)
    size = DISK // 2
    NEXT_KUBECTL.publish(mirror, kboot.folder, size)
    mirror.fault(NEXT_KUBECTL.path, Fault(stall=600, stall_at=size // 2))
    kboot.profile(profile(NEXT_KUBECTL))
    free = kboot.free
    with kboot.start("up", "p.toml") as process:
        until(lambda: kboot.free < free - size // 4)
        fill(kboot.disk)
        mirror.release.set()
        out, err = process.communicate()
    check_full(why(Done(process.returncode, out, err)), kboot, size)
    (kboot.disk / "filler").unlink()
    check_unchanged(kboot, before)
    kboot.profile(profile(NEXT_KUBECTL))
    assert kboot.run("up", "p.toml").code == 0


def archive(file: Path, size: int) -> Artifact:
    """A release that is packed, as those of 2018 are: `size` bytes, of which most are nothing."""
    content = os.urandom(DISK // 100).ljust(size, b"\0")
    with tarfile.open(file, "w:gz") as made:
        info = tarfile.TarInfo(MEMBER)
        info.size = size
        made.addfile(info, io.BytesIO(content))
    return Artifact(
        tool="kubectl",
        version="1.9.3",
        platform="linux/amd64",
        url=f"https://dl.k8s.io{ARCHIVE}",
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        origin="made by the test",
        size=file.stat().st_size,
        member=MEMBER,
    )


def install(kboot: Small, mirror: Mirror, artifact: Artifact, *, full: bool = False) -> Done:
    """No made archive fits the catalogue, so this is not `kboot up` but what it calls."""
    url, ca = mirror.url + ARCHIVE, str(mirror.ca_file)
    order = Order(str(kboot.home), artifact, url, ca, fill=full)
    program = (sys.executable, "-m", "tests.helpers.working.installer", json.dumps(to_plain(order)))
    return kboot.run(program=program)


def test_what_is_too_large_unpacked_is_refused_and_leaves_the_version_before(
    kboot: Small, mirror: Mirror
) -> None:
    before = tree(kboot.store)
    mirror.files[ARCHIVE] = kboot.folder / "archive"
    artifact = archive(mirror.files[ARCHIVE], 2 * DISK)
    assert artifact.size and artifact.size < DISK // 50
    done = install(kboot, mirror, artifact)
    assert done.code == 40, done
    check_full(json.loads(done.out.splitlines()[-1])["why"], kboot, 2 * DISK)
    check_unchanged(kboot, before)


def test_a_disk_that_is_full_once_the_archive_has_come_is_said_with_the_unpacked_size(
    kboot: Small, mirror: Mirror
) -> None:
    before = tree(kboot.store)
    mirror.files[ARCHIVE] = kboot.folder / "archive"
    done = install(kboot, mirror, archive(mirror.files[ARCHIVE], DISK // 2), full=True)
    assert done.code == 40, done
    check_full(json.loads(done.out.splitlines()[-1])["why"], kboot, DISK // 2)
    (kboot.store / "filler").unlink()
    check_unchanged(kboot, before)


def test_what_fits_unpacked_is_installed(kboot: Small, mirror: Mirror) -> None:
    mirror.files[ARCHIVE] = kboot.folder / "archive"
    artifact = archive(mirror.files[ARCHIVE], DISK // 2)
    assert install(kboot, mirror, artifact).code == 0
    assert install(kboot, mirror, artifact._replace(size=None)).code == 0
    assert mirror.asked.count(ARCHIVE) == 1
