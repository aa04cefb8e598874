import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.store.keep.unpack import MAX_MEMBERS, extract_member

WANTED = "client/bin/kubectl"


def entry(
    name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, 0o4777
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content


def pack(folder: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    path = folder / "archive"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return path


def refusal(archive: Path, member: str = WANTED) -> Exit:
    before = sorted(archive.parent.iterdir())
    with pytest.raises(KbootError) as caught:
        extract_member(archive, member, archive.parent / "out")
    assert sorted(archive.parent.iterdir()) == before
    return caught.value.code


def test_the_named_member_comes_out_whole_and_not_executable(tmp_path: Path) -> None:
    body = bytes(range(256)) * 2000
    archive = pack(tmp_path, entry("client/README"), entry(WANTED, body), entry("client/z"))
    out = tmp_path / "out"
    assert extract_member(archive, WANTED, out) == hashlib.sha256(body).hexdigest()
    assert out.read_bytes() == body
    assert out.stat().st_mode & 0o7777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "out"]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_a_member_that_is_no_regular_file_is_unsafe(tmp_path: Path, kind: bytes) -> None:
    archive = pack(tmp_path, entry(WANTED, kind=kind, link="/etc/passwd"))
    assert refusal(archive) is Exit.UNSAFE_ARCHIVE


@pytest.mark.parametrize("name", ["../kubectl", "client/../../kubectl", "/kubectl"])
def test_a_path_that_leaves_the_archive_is_unsafe(tmp_path: Path, name: str) -> None:
    assert refusal(pack(tmp_path, entry(name), entry(WANTED))) is Exit.UNSAFE_ARCHIVE
    assert refusal(pack(tmp_path, entry(name)), member=name) is Exit.UNSAFE_ARCHIVE


def test_a_member_that_claims_too_many_bytes_is_unsafe(tmp_path: Path) -> None:
    huge, _ = entry(WANTED)
    huge.size = 1 << 40
    path = tmp_path / "archive"
    path.write_bytes(gzip.compress(huge.tobuf() + bytes(1024)))
    assert refusal(path) is Exit.UNSAFE_ARCHIVE


def test_an_archive_with_too_many_members_is_unsafe(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    empty = entry("a", b"")[0].tobuf()
    path.write_bytes(gzip.compress(empty * (MAX_MEMBERS + 1), compresslevel=1))
    assert refusal(path) is Exit.UNSAFE_ARCHIVE


def test_a_missing_member_is_an_integrity_error(tmp_path: Path) -> None:
    assert refusal(pack(tmp_path, entry("client/other"))) is Exit.INTEGRITY


def test_what_is_no_archive_is_an_integrity_error(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    for content in (b"", b"<html>", gzip.compress(b"x" * 2000)):
        path.write_bytes(content)
        assert refusal(path) is Exit.INTEGRITY


def test_an_archive_cut_off_anywhere_is_an_integrity_error(tmp_path: Path) -> None:
    body = bytes(range(256)) * 200
    path = pack(tmp_path, entry("client/README"), entry(WANTED, body))
    whole = path.read_bytes()
    for length in range(0, len(whole) // 2, 97):
        path.write_bytes(whole[:length])
        assert refusal(path) is Exit.INTEGRITY
