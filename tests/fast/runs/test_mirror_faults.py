"""What can go wrong between kboot and a server, each with its exit code and its message."""

import re
import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers.driving.hasty import PROGRAM as HASTY
from tests.helpers.driving.kboot import Done, Kboot, check_text, on_amd64, tree
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.serving.releases import KUBECTL, NEXT_KUBECTL, profile, settings

pytestmark = on_amd64

SIZE = 300_000
"""Bytes of the release that is served; more than one block of the mirror's."""
SHIPPED = ("1.20.0", 40_230_912)
"""A version whose digest and size the catalogue knows."""
PLAIN = "http://127.0.0.1:1/kubectl"
BOTH_DIGESTS = ("got sha256", "the publisher's checksum file says", "got sha256", "expected sha256")
ODD = "https://a..b/kubectl"
"""An empty label is none of DNS's."""
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
MANY = 20
"""More of a fault than kboot makes tries."""


class Case(NamedTuple):
    """`said` are words of the message, in their order; `asked` counts requests for the faulty file.

    What a server says of a file, and a file that is wrong, are final; what may pass is asked for
    three times.
    """

    code: int
    said: tuple[str, ...]
    asked: int
    faults: tuple[Fault, ...]


def again(code: int, *said: str, **fault: Any) -> Case:
    """Asked for three times."""
    return Case(code, (*said, "tried 3 times"), 3, (Fault(**fault),) * MANY)


def final(code: int, *said: str, asked: int = 1, **fault: Any) -> Case:
    return Case(code, said, asked, (Fault(**fault),) * MANY)


def answered(status: int, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "body": PAGE, "headers": named}


BROKEN = ("the connection ended after", "before the end")
OF_ANY_FILE = {
    "404": final(21, "not at", "status 404", **answered(404)),
    "403": final(21, "answers with HTTP status 403", **answered(403)),
    "429": again(21, "answers with HTTP status 429", **answered(429, Retry_After="0")),
    "503": again(21, "answers with HTTP status 503", **answered(503, Retry_After="0")),
    "page": final(30, "is not the file it should be", **answered(200)),
    "redirect-to-http": final(
        13, "http://127.0.0.1:1/k", "redirects from https", **answered(302, Location=PLAIN)
    ),
    "year-99999": again(
        21, "status 503", **answered(503, Retry_After="Fri, 31 Dec 99999 23:59:59 GMT")
    ),
    "pause-of-5000-digits": again(21, "status 503", **answered(503, Retry_After="9" * 5000)),
    "redirect-to-no-host": final(20, "could not be downloaded", **answered(302, Location=ODD)),
    "redirect-in-a-circle": final(
        21, "redirects more than 5 times", asked=6, **answered(302, Location="?")
    ),
    "silence": again(20, "not a byte came for 1 s", stall=600),
    "reset": again(20, reset=True),
}
OF_THE_FILE = OF_ANY_FILE | {
    "flipped-byte": final(30, *BOTH_DIGESTS, flip=SIZE - 1),
    "cut": again(20, *BROKEN, cut=70_000),
    "cut-at-the-first-byte": again(20, *BROKEN, cut=0),
    "cut-unannounced": final(30, *BOTH_DIGESTS, cut=70_000, unannounced=True),
    "more-announced": again(
        20, "the connection ended after 300,000 bytes, 9 before the end", length_error=9
    ),
    "less-announced": final(30, *BOTH_DIGESTS, length_error=-9),
    "silence-in-the-body": again(20, "not a byte came for 1 s", stall=600, stall_at=70_000),
    "reset-in-the-body": again(20, cut=70_000, reset=True),
}
OF_THE_CHECKSUM_FILE = {name: OF_ANY_FILE[name] for name in ("404", "503", "silence", "reset")} | {
    "empty": final(30, "the checksum file", "is empty", status=200),
    "page": final(30, "the checksum file", "holds no sha256 but", **answered(200)),
    "long-page": final(30, "the checksum file", "longer than 4096", status=200, body=PAGE * 100),
    "cut": again(20, *BROKEN, cut=10),
    "cut-unannounced": final(30, "holds no sha256 but", cut=10, unannounced=True),
    "of-another-file": final(
        30, "is for another file, kubectl.exe", status=200, body=b"0" * 64 + b"  kubectl.exe\n"
    ),
    "of-another-algorithm": final(30, "holds no sha256 but", status=200, body=b"0" * 128),
    "of-other-bytes": final(30, *BOTH_DIGESTS, status=200, body=b"0" * 64),
}


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    """Stands for kubectl's publisher, and has a release of which all is well."""
    with Mirror({}) as running:
        KUBECTL.publish(running, kboot.folder, SIZE)
        kboot.env.update(settings(running))
        kboot.profile(profile(KUBECTL))
        yield running


def up(kboot: Kboot, case: Case | None = None) -> Done:
    if case and case.faults[0].stall:
        kboot.env["HASTY_READ"] = "1"
    return kboot.run("up", "--tools-only", "p.toml", program=HASTY)


def check(done: Done, kboot: Kboot, code: int, said: Iterable[str]) -> None:
    """The message has its parts, and nothing of the download is left."""
    assert done.code == code, done
    check_text(done.err)
    what, *parts = re.split(r"^  (why|state|next) ", _message(done.err), flags=re.MULTILINE)
    assert parts[::2] == ["why", "state", "next"]
    assert all(part.strip() for part in parts)
    assert "kubectl" in what or code == 13
    assert " ".join(parts[3].split()) == "nothing was changed"
    assert "--mirror" in parts[5]
    joined = " ".join(done.err.split())
    assert not re.search(r"\w\(", joined), "the name of an object"
    assert re.search(".*".join(map(re.escape, said)), joined), joined
    assert executables(kboot.home) == []
    assert [path.name for path in kboot.data.rglob("*") if path.is_file()] == ["store.lock"]
    assert list((kboot.data / "staging").iterdir()) == []
    assert not (kboot.data / "profiles").exists()


def _message(err: str) -> str:
    found = re.search(r"^kboot: .* \(exit \d+\): .*", err, re.MULTILINE | re.DOTALL)
    assert found, err
    return found[0]


def executables(folder: Path) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if path.stat().st_mode & 0o111]


@pytest.mark.parametrize("case", OF_THE_FILE.values(), ids=OF_THE_FILE)
def test_what_goes_wrong_with_a_file_is_said_and_leaves_nothing(
    case: Case, kboot: Kboot, mirror: Mirror
) -> None:
    mirror.fault(KUBECTL.path, *case.faults)
    check(up(kboot, case), kboot, case.code, case.said)
    assert mirror.asked.count(KUBECTL.path) == case.asked
    assert mirror.asked.count(KUBECTL.checksum_path) == 1


@pytest.mark.parametrize("case", OF_THE_CHECKSUM_FILE.values(), ids=OF_THE_CHECKSUM_FILE)
def test_what_goes_wrong_with_a_checksum_file_is_said_before_the_file_is_used(
    case: Case, kboot: Kboot, mirror: Mirror
) -> None:
    mirror.fault(KUBECTL.checksum_path, *case.faults)
    check(up(kboot, case), kboot, case.code, case.said)
    assert mirror.asked.count(KUBECTL.checksum_path) == case.asked
    believed = case.said == BOTH_DIGESTS
    assert mirror.asked.count(KUBECTL.path) == int(believed)


@pytest.mark.parametrize(
    ("change", "fault", "said"),
    [
        (-1, Fault(), "got 40,230,911 bytes"),
        (1, Fault(), "got 40,230,913 bytes"),
        (1, Fault(unannounced=True), "got more"),
        (-1, Fault(unannounced=True), "(40,230,911 bytes)"),
        (0, Fault(), "(40,230,912 bytes)"),
    ],
    ids=["shorter", "longer", "longer-unannounced", "shorter-unannounced", "of-that-size"],
)
def test_another_file_than_the_catalogues_is_refused(
    change: int, fault: Fault, said: str, kboot: Kboot, mirror: Mirror
) -> None:
    version, size = SHIPPED
    file = kboot.folder / "other"
    with file.open("wb") as made:
        made.truncate(size + change)
    path = KUBECTL.path.replace(KUBECTL.version, version)
    mirror.files[path] = file
    mirror.fault(path, fault)
    kboot.profile(profile(KUBECTL._replace(version=version)))
    check(up(kboot), kboot, 30, (said, "kboot's catalogue says"))
    assert mirror.asked == [path]


def test_what_passes_within_three_tries_is_not_noticed(kboot: Kboot, mirror: Mirror) -> None:
    mirror.fault(KUBECTL.checksum_path, Fault(reset=True), Fault(status=429))
    mirror.fault(KUBECTL.path, Fault(cut=70_000), Fault(status=503, headers={"Retry-After": "0"}))
    done = up(kboot)
    assert done.code == 0, done
    assert mirror.asked == [KUBECTL.checksum_path] * 3 + [KUBECTL.path] * 3
    assert [path.read_bytes() for path in executables(kboot.home)] == [KUBECTL.program(SIZE)]


@pytest.mark.parametrize("fault", [Fault(status=404), Fault(flip=7), Fault(reset=True)])
def test_after_a_failure_the_version_before_is_still_the_one_in_use(
    fault: Fault, kboot: Kboot, mirror: Mirror
) -> None:
    assert up(kboot).code == 0
    before = tree(kboot.data)
    NEXT_KUBECTL.publish(mirror, kboot.folder, SIZE)
    mirror.fault(NEXT_KUBECTL.path, *[fault] * MANY)
    kboot.profile(profile(NEXT_KUBECTL))
    assert up(kboot).code in (20, 21, 30)
    assert tree(kboot.data) == before
    kboot.profile(profile(KUBECTL))
    said = kboot.run("exec", "p.toml", "--", "kubectl").out
    assert said.strip() == KUBECTL.answer


def test_a_certificate_of_an_unknown_authority_is_refused_before_anything_is_asked(
    kboot: Kboot, mirror: Mirror
) -> None:
    del kboot.env["KBOOT_CA_BUNDLE"]
    check(up(kboot), kboot, 20, ("TLS failed", "certificate", "CA bundle"))
    assert (mirror.connections, mirror.asked) == (1, [])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"not_after": datetime.now(UTC) - timedelta(days=1)}, "certificate has expired"),
        ({"names": ("mirror.example",)}, "certificate is not valid for '127.0.0.1'"),
    ],
    ids=["expired", "for-another-host"],
)
def test_a_certificate_that_does_not_hold_is_refused_before_anything_is_asked(
    how: dict[str, Any], said: str, kboot: Kboot
) -> None:
    with Mirror({}, **how) as mirror:
        kboot.env.update(settings(mirror))
        kboot.profile(profile(KUBECTL))
        check(up(kboot), kboot, 20, ("TLS failed", said))
        assert (mirror.connections, mirror.asked) == (1, [])


def test_a_server_that_is_not_there_is_tried_three_times(kboot: Kboot, mirror: Mirror) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    kboot.env["KBOOT_MIRRORS"] = f"https://dl.k8s.io=https://127.0.0.1:{port}"
    check(up(kboot), kboot, 20, (f"127.0.0.1:{port}", "refused", "tried 3 times"))


def test_a_failed_download_is_the_same_in_json(kboot: Kboot, mirror: Mirror) -> None:
    mirror.fault(KUBECTL.path, Fault(flip=0))
    document = kboot.json("up", "--tools-only", "p.toml")
    assert (document["exit_id"], document["outcomes"]) == ("integrity", [])
    error = document["error"]
    assert all(error[part] for part in ("what", "why", "state", "next"))
