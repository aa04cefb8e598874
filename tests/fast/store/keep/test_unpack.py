import gzip
import hashlib
import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.store.keep.unpack import MAX_HEADERS, MAX_MEMBERS, extract_member

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


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_without_end_takes_no_memory(tmp_path: Path, kind: bytes) -> None:
    """tarfile reads each whole; 600 MiB of zeros are 3 MB of an archive."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = kind, 600 << 20
    path = tmp_path / "archive"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(info.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(64):
            packed.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        assert refusal(path) is Exit.UNSAFE_ARCHIVE
        assert tracemalloc.get_traced_memory()[1] < 2 * MAX_HEADERS
    finally:
        tracemalloc.stop()


def test_many_headers_are_too_much_together(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        for _ in range(5):
            info = tarfile.TarInfo("pax")
            info.type, info.size = tarfile.XGLTYPE, MAX_HEADERS // 4
            packed.write(info.tobuf(tarfile.USTAR_FORMAT) + bytes(MAX_HEADERS // 4))
    assert refusal(path) is Exit.UNSAFE_ARCHIVE


def test_a_file_before_the_wanted_one_counts_as_no_header(tmp_path: Path) -> None:
    large = bytes(MAX_HEADERS + 1)
    archive = pack(tmp_path, entry("large", large), entry(WANTED, large))
    extract_member(archive, WANTED, tmp_path / "out")
    assert (tmp_path / "out").stat().st_size == len(large)
