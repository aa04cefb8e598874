"""A body that breaks off is gone on with, where that can be told to be the same file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.store.fetch import connection
from bootstrap.store.fetch.download import Received, download
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.working.samples import BODY, PATH, artifact

CUT = Fault(cut=200_000)


def fetch(mirror: Mirror, to: Path) -> Received:
    return download(
        artifact(), to, url=mirror.url + PATH, ca_bundle=mirror.ca_file, emit=lambda event: None
    )


def refused(mirror: Mirror, to: Path) -> KbootError:
    with pytest.raises(KbootError) as caught:
        fetch(mirror, to)
    assert not to.exists()
    return caught.value


def asked(mirror: Mirror) -> list[tuple[int, str]]:
    return [(each.status, each.range) for each in mirror.requests]


@pytest.mark.parametrize("reset", [False, True])
def test_what_has_come_is_not_asked_for_again(mirror: Mirror, tmp_path: Path, reset: bool) -> None:
    mirror.fault(PATH, CUT, Fault(cut=100_000, reset=reset))
    fetch(mirror, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    first, second, third = asked(mirror)
    assert (first, second) == ((200, ""), (206, "bytes=200000-"))
    assert third[0] == 206
    begun = int(third[1].removeprefix("bytes=").removesuffix("-"))
    # A reset may throw away what was sent and not yet read.
    assert begun == 300_000 or (reset and 200_000 <= begun <= 300_000)


def test_resumed_tries_are_counted_as_all_others(mirror: Mirror, tmp_path: Path) -> None:
    mirror.fault(PATH, *[Fault(cut=100_000)] * 5)
    assert refused(mirror, tmp_path / "f").code is Exit.NETWORK_UNREACHABLE
    assert [each.range for each in mirror.requests] == ["", "bytes=100000-", "bytes=200000-"]


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_validator_all_is_asked_for_again(
    mirror: Mirror, tmp_path: Path, etag: str
) -> None:
    mirror.etag = etag
    mirror.fault(PATH, CUT)
    fetch(mirror, tmp_path / "f")
    assert asked(mirror) == [(200, ""), (200, "")]


def test_a_file_that_changed_meanwhile_is_begun_anew(mirror: Mirror, tmp_path: Path) -> None:
    mirror.etag = '"before"'
    mirror.fault(PATH, Fault(cut=200_000, flip=7))

    def change() -> None:
        mirror.etag = '"after"'

    mirror.on_request = after(1, change)
    fetch(mirror, tmp_path / "f")
    assert asked(mirror) == [(200, ""), (200, "bytes=200000-")]


def after(count: int, act: Callable[[], None]) -> Callable[[int], None]:
    return lambda number: act() if number == count else None


def test_a_range_that_is_refused_is_begun_anew(mirror: Mirror, tmp_path: Path) -> None:
    mirror.fault(PATH, CUT, Fault(status=416))
    fetch(mirror, tmp_path / "f")
    assert asked(mirror) == [(200, ""), (416, "bytes=200000-"), (200, "")]


@pytest.mark.parametrize("said", ["", "bytes 0-9/652600", "bytes 200000-652599/9", "lines 1-2/3"])
def test_an_answer_for_another_range_is_not_taken(
    mirror: Mirror, tmp_path: Path, said: str
) -> None:
    wrong = Fault(status=206, headers={"Content-Range": said}, body=BODY[200_000:])
    mirror.fault(PATH, CUT, wrong)
    fetch(mirror, tmp_path / "f")
    assert asked(mirror) == [(200, ""), (206, "bytes=200000-"), (200, "")]


def test_a_file_put_together_wrongly_is_fetched_whole_once_more(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fault(PATH, Fault(cut=200_000, flip=7))
    fetch(mirror, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    assert asked(mirror) == [(200, ""), (206, "bytes=200000-"), (200, "")]


def test_a_whole_file_that_is_wrong_after_a_wrong_resumed_one_is_refused(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fault(PATH, Fault(cut=200_000, flip=7), Fault(), Fault(flip=7), Fault())
    assert refused(mirror, tmp_path / "f").code is Exit.INTEGRITY
    assert asked(mirror) == [(200, ""), (206, "bytes=200000-"), (200, "")]


def test_a_body_that_trickles_has_broken_off(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MIN_RATE", 1 << 40)
    monkeypatch.setattr(connection, "RATE_WINDOW", 0.05)
    mirror.rate = 1_000_000
    error = refused(mirror, tmp_path / "f")
    assert error.code is Exit.NETWORK_UNREACHABLE
    assert "slower than" in error.why and "tried 3 times" in error.why
    assert mirror.requests[0].range == ""
    assert all(each.range for each in mirror.requests[1:])
