import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import pytest
from urllib3.util import Timeout

from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.events import Event, Happening
from bootstrap.errors import Exit, KbootError
from bootstrap.store.fetch import connection
from bootstrap.store.fetch.download import download
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.working.samples import BODY, PATH, artifact

NO_PAUSE = {"Retry-After": "0"}


def fetch(mirror: Mirror, to: Path, wanted: Artifact | None = None) -> list[Event]:
    events: list[Event] = []
    received = download(
        wanted or artifact(),
        to,
        url=mirror.url + PATH,
        ca_bundle=mirror.ca_file,
        emit=events.append,
    )
    assert received[:2] == (to.stat().st_size, sha256(to.read_bytes()).hexdigest())
    return events


def failure(mirror: Mirror, to: Path, wanted: Artifact | None = None) -> KbootError:
    with pytest.raises(KbootError) as caught:
        fetch(mirror, to, wanted)
    assert not to.exists()
    assert caught.value.why and caught.value.next
    return caught.value


def test_a_verified_file_is_whole_and_not_executable(mirror: Mirror, tmp_path: Path) -> None:
    events = fetch(mirror, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    last = Event(Happening.DOWNLOAD, "kubectl 1.2.3", "", len(BODY), len(BODY))
    assert events[-1]._replace(seconds=None) == last
    assert events[-1].seconds
    assert len(events) < len(BODY) // 65536


def test_a_file_whose_size_is_not_known_beforehand_is_verified_by_its_digest(
    mirror: Mirror, tmp_path: Path
) -> None:
    fetch(mirror, tmp_path / "f", artifact()._replace(size=None))
    assert len(mirror.requests) == 1


@pytest.mark.parametrize("offset", [0, len(BODY) // 2, len(BODY) - 1])
def test_one_flipped_byte_is_refused_and_not_tried_again(
    mirror: Mirror, tmp_path: Path, offset: int
) -> None:
    mirror.fault(PATH, Fault(flip=offset))
    error = failure(mirror, tmp_path / "f")
    assert error.code is Exit.INTEGRITY
    assert len(mirror.requests) == 1


def test_a_wrong_digest_is_shown_with_both_digests_size_and_place(
    mirror: Mirror, tmp_path: Path
) -> None:
    wanted = artifact()._replace(sha256="0123" + "0" * 56 + "4567", size=None)
    error = failure(mirror, tmp_path / "f", wanted)
    got = artifact().sha256
    assert error.why == (
        f"got sha256 {got[:4]}…{got[-4:]} ({len(BODY):,} bytes) from {mirror.url}{PATH}; "
        "kboot's catalogue says 0123…4567"
    )
    assert any(got in item for item in error.items)
    assert any(wanted.sha256 in item for item in error.items)
    publisher = "https://publisher.example"
    assert error.next == f"kboot up --mirror {publisher}={publisher}"


@pytest.mark.parametrize("change", [-1, 1, 1 << 40])
def test_a_size_that_is_not_the_catalogues_is_refused_before_the_body(
    mirror: Mirror, tmp_path: Path, change: int
) -> None:
    mirror.fault(PATH, Fault(length_error=change))
    assert failure(mirror, tmp_path / "f").code is Exit.INTEGRITY
    assert len(mirror.requests) == 1


def test_a_body_that_always_stops_short_is_a_network_failure_after_three_tries(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fault(PATH, *[Fault(cut=200_000)] * 5)
    error = failure(mirror, tmp_path / "f")
    assert error.code is Exit.NETWORK_UNREACHABLE
    assert error.why.endswith("tried 3 times")
    assert len(mirror.requests) == 3


def test_a_body_shorter_than_announced_is_never_taken_for_whole(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fault(PATH, *[Fault(length_error=9)] * 3)
    error = failure(mirror, tmp_path / "f", artifact()._replace(size=None))
    assert error.code is Exit.NETWORK_UNREACHABLE


def test_a_release_that_is_not_there_is_asked_for_once_and_a_mirror_proposed(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fault(PATH, Fault(status=404, body=b"no"))
    error = failure(mirror, tmp_path / "f")
    assert error.code is Exit.SERVER_ERROR
    assert "not at" in error.why and PATH in error.why
    assert "--mirror https://publisher.example=" in error.next
    assert len(mirror.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_trouble_of_the_server_is_waited_out(
    mirror: Mirror, tmp_path: Path, status: int
) -> None:
    mirror.fault(PATH, Fault(status=status, headers=NO_PAUSE))
    fetch(mirror, tmp_path / "f")
    assert [request.status for request in mirror.requests] == [status, 200]


@pytest.mark.parametrize("status", [204, 206, 400, 401, 403, 410, 501])
def test_any_other_answer_is_final(mirror: Mirror, tmp_path: Path, status: int) -> None:
    mirror.fault(PATH, Fault(status=status))
    error = failure(mirror, tmp_path / "f")
    assert error.code is Exit.SERVER_ERROR
    assert str(status) in error.why
    assert len(mirror.requests) == 1


def test_a_server_in_lasting_trouble_is_asked_three_times(mirror: Mirror, tmp_path: Path) -> None:
    mirror.fault(PATH, *[Fault(status=503, headers=NO_PAUSE)] * 5)
    error = failure(mirror, tmp_path / "f")
    assert error.code is Exit.SERVER_ERROR
    assert len(mirror.requests) == 3


def redirect(to: str, status: int = 302) -> Fault:
    return Fault(status=status, headers={"Location": to})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_https_is_followed(mirror: Mirror, tmp_path: Path, status: int) -> None:
    mirror.files["/moved"] = mirror.files[PATH]
    mirror.fault(PATH, redirect("/moved", status))
    fetch(mirror, tmp_path / "f")
    assert [request.path for request in mirror.requests] == [PATH, "/moved"]


def test_a_redirect_to_http_is_denied_and_not_followed(mirror: Mirror, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        plain.settimeout(0)
        mirror.fault(PATH, redirect(f"http://127.0.0.1:{plain.getsockname()[1]}/"))
        assert failure(mirror, tmp_path / "f").code is Exit.POLICY_DENIES
        with pytest.raises(BlockingIOError):
            plain.accept()
    assert len(mirror.requests) == 1


def test_redirects_in_a_circle_end(mirror: Mirror, tmp_path: Path) -> None:
    mirror.fault(PATH, *[redirect(PATH)] * 20)
    assert failure(mirror, tmp_path / "f").code is Exit.SERVER_ERROR
    assert len(mirror.requests) == 6


def test_an_unreachable_server_is_a_network_failure(mirror: Mirror, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        mirror.url = f"https://127.0.0.1:{closed.getsockname()[1]}"
    error = failure(mirror, tmp_path / "f")
    assert error.code is Exit.NETWORK_UNREACHABLE
    assert "refused" in error.why


def test_a_server_that_falls_silent_is_given_up(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "TIMEOUT", Timeout(connect=5, read=0.2))
    mirror.fault(PATH, Fault(stall=60), *[Fault(stall=60, stall_at=at) for at in (300_000, 0)])
    error = failure(mirror, tmp_path / "f")
    assert error.code is Exit.NETWORK_UNREACHABLE
    assert "not a byte" in error.why
    assert len(mirror.requests) == 2  # the one that got no answer is not in the list


def test_a_certificate_of_an_unknown_authority_is_refused_at_once(
    mirror: Mirror, tmp_path: Path
) -> None:
    with pytest.raises(KbootError) as caught:
        download(
            artifact(), tmp_path / "f", url=mirror.url + PATH, ca_bundle=None, emit=lambda e: None
        )
    assert caught.value.code is Exit.NETWORK_UNREACHABLE
    assert "certificate" in caught.value.why and "tried" not in caught.value.why
    assert mirror.requests == []


def test_ssl_cert_file_is_honoured(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(mirror.ca_file))
    download(artifact(), tmp_path / "f", url=mirror.url + PATH, ca_bundle=None, emit=lambda e: None)


def test_a_ca_needs_no_key_identifiers_also_where_python_is_strict_by_default() -> None:
    assert not connection.trust(None).verify_flags & ssl.VERIFY_X509_STRICT


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_bundle_that_cannot_be_used_is_a_usage_error(
    mirror: Mirror, tmp_path: Path, content: str | None
) -> None:
    mirror.ca_file = tmp_path / "ca"
    if content:
        mirror.ca_file.write_text(content)
    assert failure(mirror, tmp_path / "f").code is Exit.USAGE


def test_what_needs_more_room_than_there_is_is_refused_before_the_body(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.fault(PATH, Fault(length_error=(1 << 60) - len(BODY)))
    error = failure(mirror, tmp_path / "f", artifact()._replace(size=None))
    assert error.code is Exit.DISK_FULL
    assert f"{1 << 60:,} bytes are needed" in error.why and "are free" in error.why


def test_plain_http_is_denied_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(KbootError) as caught:
        download(
            artifact(),
            tmp_path / "f",
            url="http://h.invalid/f",
            ca_bundle=None,
            emit=lambda e: None,
        )
    assert caught.value.code is Exit.POLICY_DENIES


@contextmanager
def refusing(status: str) -> Iterator[tuple[int, list[str]]]:
    """A server without TLS that answers every try with this status, and what it was asked."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = listening.accept()
                    with peer:
                        heard.append(peer.recv(65536).decode())
                        reply = (
                            f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        )
                        peer.sendall(reply.encode())

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1], heard
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_credentials_of_a_url_are_sent_and_never_shown(mirror: Mirror, tmp_path: Path) -> None:
    with refusing("403 No") as (port, heard):
        mirror.url = f"http://me:ses%40me@127.0.0.1:{port}"
        error = failure(mirror, tmp_path / "f")
    expected = base64.b64encode(b"me:ses@me").decode()
    assert f"authorization: basic {expected}".lower() in heard[0].lower()
    assert "ses%40me" not in heard[0]
    assert "ses" not in str(error.as_dict()) and "***@127.0.0.1" in error.why


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY"])
def test_the_environments_proxy_is_used_with_its_password_and_does_not_show_it(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    mirror.url = "https://files.invalid"
    with refusing("407 No") as (port, heard):
        monkeypatch.setenv(variable, f"http://me:sesame@127.0.0.1:{port}")
        error = failure(mirror, tmp_path / "f")
    assert heard[0].startswith("CONNECT files.invalid:443 ")
    assert "proxy-authorization: basic" in heard[0].lower()
    assert error.code is Exit.NETWORK_UNREACHABLE
    assert "proxy" in error.why and "407" in error.why
    assert "sesame" not in str(error.as_dict())


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({}, "https://h/", ""),
        ({"https_proxy": "http://p:1"}, "https://h/", "http://p:1"),
        ({"https_proxy": "p:1"}, "https://h/", "http://p:1"),
        ({"all_proxy": "http://p:1"}, "https://h/", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https://h/", ""),
        ({"https_proxy": "http://p:1", "no_proxy": "x,.h"}, "https://a.h/", ""),
        ({"https_proxy": "http://p:1", "NO_PROXY": "h:8443"}, "https://h:8443/", ""),
        ({"https_proxy": "http://p:1", "no_proxy": "*"}, "https://h/", ""),
        ({"https_proxy": "http://p:1", "no_proxy": "h"}, "https://xh/", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "https://127.0.0.1/", ""),
        ({"https_proxy": "http://p:1"}, "https://localhost:9/", ""),
    ],
)
def test_which_proxy_a_url_is_fetched_through(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, expected: str
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert connection.proxy_for(url) == expected


def test_a_proxy_that_kboot_cannot_speak_to_is_a_usage_error(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    mirror.url = "https://files.invalid"
    assert failure(mirror, tmp_path / "f").code is Exit.USAGE
