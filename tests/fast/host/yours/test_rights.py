"""Who may do what with the kubeconfig stays, or the file is left alone and that is said."""

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.core.model.state import Merged
from bootstrap.errors import KbootError
from tests.helpers.places import ROOT
from tests.helpers.working.kubeconfig_owner import PROD, Owner

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux has these attributes")
NOBODY = 65534


def acl(*, reader: int, group: int) -> bytes:
    """As `setfacl -m u:NOBODY:reader,g::group,m::r` leaves a file of mode 0600."""
    every = 0xFFFFFFFF
    entries = (
        (1, 6, every),
        (2, reader, NOBODY),
        (4, group, every),
        (16, 4, every),
        (32, 0, every),
    )
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *each) for each in entries)


def attributes(file: Path) -> dict[str, bytes]:
    return {name: os.getxattr(file, name) for name in os.listxattr(file)}


def set_or_skip(file: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(file, name, value)
    except OSError as error:
        pytest.skip(f"{name} cannot be set here: {error.strerror}")


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    made = Owner(tmp_path / "home")
    made.has(PROD)
    return made


@linux
def test_an_acl_and_other_attributes_go_with_the_file(owner: Owner) -> None:
    set_or_skip(owner.config, "system.posix_acl_access", acl(reader=4, group=0))
    set_or_skip(owner.config, "user.note", b"mine")
    before, mode = attributes(owner.config), owner.config.stat().st_mode
    owner.merge()
    assert "work" in owner.config.read_text()
    assert (attributes(owner.config), owner.config.stat().st_mode) == (before, mode)


@linux
def test_what_a_folder_gives_new_files_is_not_given_to_the_kubeconfig(owner: Owner) -> None:
    set_or_skip(owner.config.parent, "system.posix_acl_default", acl(reader=6, group=6))
    owner.config.chmod(0o640)
    owner.merge()
    assert "work" in owner.config.read_text()
    assert attributes(owner.config) == {} and owner.config.stat().st_mode & 0o777 == 0o640


@as_root
def test_a_file_stays_with_its_group(owner: Owner) -> None:
    os.chown(owner.config, -1, NOBODY)
    owner.merge()
    assert "work" in owner.config.read_text() and owner.config.stat().st_gid == NOBODY


def linked(owner: Owner) -> None:
    os.link(owner.config, owner.home / "another")


def attributed(owner: Owner) -> None:
    set_or_skip(owner.config, "trusted.note", b"roots")


def piped(owner: Owner) -> None:
    owner.config.unlink()
    os.mkfifo(owner.config)


def unchanged(owner: Owner) -> dict[str, tuple[int, ...]]:
    """All of each file beside the config but when it was last read."""
    seen = ((each.name, each.lstat()) for each in owner.config.parent.iterdir())
    return {
        name: (it.st_ino, it.st_mode, it.st_size, it.st_mtime_ns, it.st_ctime_ns)
        for name, it in seen
    }


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (linked, "has 2 names (hard links)"),
        pytest.param(attributed, "has the attribute trusted.note", marks=(as_root, linux)),
        (piped, "not a regular file"),
    ],
)
def test_what_cannot_be_kept_is_told_before_and_nothing_is_changed(
    owner: Owner, spoil: Callable[[Owner], None], said: str, started: bool
) -> None:
    spoil(owner)
    before = unchanged(owner)
    if not started:
        owner.around.places.kubeconfig("work").unlink()
    seen = owner.look()
    assert seen.merged is Merged.UNUSABLE and said in seen.why
    owner.starts()
    with pytest.raises(KbootError, match="config") as raised:
        owner.merge()
    assert said in raised.value.why
    assert unchanged(owner) == before
    assert owner.backups == []


MOUNTED = """
import sys
from pathlib import Path
from bootstrap.errors import KbootError
from tests.helpers.working.kubeconfig_owner import Owner
owner = Owner(Path(sys.argv[1]))
print(owner.look().merged.value, owner.look().why)
try:
    owner.merge()
except KbootError as error:
    print(error.why)
print([each.name for each in owner.config.parent.iterdir()], len(owner.backups))
"""


@as_root
@linux
def test_a_mount_point_is_told_before_and_nothing_is_changed(owner: Owner, tmp_path: Path) -> None:
    """As in a container that was given its user's kubeconfig: the same device, and EBUSY."""
    outside = tmp_path / "outside"
    outside.write_text(PROD)
    script = 'mount --bind "$1" "$2" || exit 77; shift 2; exec "$@"'
    words = (sys.executable, "-c", MOUNTED, str(owner.home))
    run = subprocess.run(
        ("unshare", "--mount", "sh", "-c", script, "sh", outside, owner.config, *words),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode in (1, 77) and not run.stdout:
        pytest.skip(f"nothing can be mounted here: {run.stderr}")
    look, merge, left = run.stdout.splitlines()
    assert (
        look == f"unusable {owner.config} is a mount point, in whose place no other file can be put"
    )
    assert "is a mount point" in merge and left == "['config'] 0"
    assert outside.read_text() == PROD
