import contextlib
import datetime
import ipaddress
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bootstrap.api import client as api
from bootstrap.api import wire
from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure, failure_of_proxy
from bootstrap.api.tls import trust
from bootstrap.kubeconfig.private import Connection
from tests.helpers.serving.apiserver import (
    TOKEN,
    ApiServer,
    Document,
    Handler,
    Identity,
    as_json,
    new_identity,
    serving,
    without_credentials,
)

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def failure_of(connection: Connection, path: str = "/version", timeout: float = 5.0) -> ApiFailure:
    with ApiClient(connection, timeout=timeout) as client, pytest.raises(ApiFailure) as raised:
        client.get_json(path)
    assert raised.value.words and raised.value.fix
    return raised.value


def embedded(connection: Connection) -> Connection:
    return Connection(
        connection.server,
        ca_pem=Path(connection.ca_file or "").read_text(),
        certificate_pem=Path(connection.certificate_file or "").read_text(),
        key_pem=Path(connection.key_file or "").read_text(),
    )


def test_a_client_certificate_lets_kboot_in(client: ApiClient) -> None:
    assert client.get("/healthz").body == b"ok"
    assert client.get_json("/version")["gitVersion"] == "v1.9.0"


def test_a_token_lets_kboot_in(connection: Connection) -> None:
    with ApiClient(without_credentials(connection)._replace(token=TOKEN), timeout=5.0) as client:
        assert client.get("/healthz").status == 200


def test_embedded_certificates_let_kboot_in(connection: Connection) -> None:
    with ApiClient(embedded(connection), timeout=5.0) as client:
        assert client.get("/healthz").status == 200


def test_loading_embedded_certificates_leaves_no_file_open(connection: Connection) -> None:
    before = set(Path("/dev/fd").iterdir())
    trust(embedded(connection))
    assert set(Path("/dev/fd").iterdir()) == before


def test_one_connection_serves_all_questions(server: ApiServer, client: ApiClient) -> None:
    for path in ("/version", "/nowhere", "/api/v1/nodes", "/healthz"):
        client.get(path)
    assert (len(server.requests), server.connections) == (4, 1)


def test_what_was_asked_ahead_is_answered_in_its_order_and_once(
    server: ApiServer, client: ApiClient
) -> None:
    paths = ("/version", "/healthz", "/nowhere", "/api/v1/nodes")
    with client.asked_ahead(paths):
        assert server.requests == list(paths)
        assert client.get("/nowhere").status == 404
        assert client.get("/healthz").body == b"ok"
        assert client.get_json("/api/v1/nodes")["items"]
        assert "gitVersion" in client.get_json("/version")
        assert server.requests == list(paths)
        client.get("/healthz")
    client.get("/api/v1/nodes")
    assert server.requests == [*paths, "/healthz", "/api/v1/nodes"]
    assert server.connections == 1


@pytest.mark.parametrize("wrong", ["closes", "lies", "drops"])
def test_where_one_of_several_answers_goes_wrong_the_rest_is_asked_anew(
    server: ApiServer, client: ApiClient, wrong: str
) -> None:
    """As of one question: the answers before it hold, and nothing is taken for another's."""
    paths = ("/version", "/wrong", "/healthz")

    def answer(handler: Handler) -> None:
        handler.close_connection = True
        if wrong == "closes":
            handler.send_response(200)
            handler.send_header("Content-Length", "2")
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write(b"ok")
        elif wrong == "lies":
            handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")

    server.documents["/wrong"] = answer
    with client.asked_ahead(paths):
        assert "gitVersion" in client.get_json("/version")
        assert client.get("/healthz").body == b"ok"
    assert client.get("/healthz").body == b"ok"


def test_a_connection_that_the_server_closed_is_made_anew(
    server: ApiServer, client: ApiClient
) -> None:
    client.get("/healthz")
    server.drop_connections()
    assert client.get("/healthz").status == 200
    assert server.connections == 2


def test_a_server_that_always_closes_is_survived(server: ApiServer, client: ApiClient) -> None:
    def once(handler: Handler) -> None:
        handler.close_connection = True
        handler.answer(Document(200, b"ok"))

    server.documents["/healthz"] = once
    assert [client.get("/healthz").status for _ in range(3)] == [200] * 3


def test_a_path_in_the_server_address_is_kept(server: ApiServer, connection: Connection) -> None:
    server.documents["/k8s/clusters/c-1/version"] = as_json({"gitVersion": "v1.2.3"})
    below = connection._replace(server=f"{server.url}/k8s/clusters/c-1/")
    with ApiClient(below, timeout=5.0) as client:
        assert client.get_json("/version") == {"gitVersion": "v1.2.3"}


def test_proxies_of_the_environment_are_not_used(
    client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    assert client.get("/healthz").status == 200


def test_without_a_certificate_1_9_does_not_let_kboot_in(connection: Connection) -> None:
    failure = failure_of(without_credentials(connection))
    assert (failure.reason, failure.final) == ("api-unauthorized", True)


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (-3 * 3600 - 30, "its clock is 3 h 0 min behind this machine's"),
        (2 * 3600 + 30, "its clock is 2 h 0 min ahead of this machine's"),
    ],
)
def test_where_credentials_are_refused_a_clock_that_is_wrong_is_told(
    server: ApiServer, connection: Connection, off: int, words: str
) -> None:
    server.clock_off = off
    failure = failure_of(without_credentials(connection))
    assert (failure.reason, failure.final) == ("clock-skew", True)
    assert words in failure.words


@pytest.mark.parametrize("off", [-200, 200])
def test_a_clock_that_is_a_little_off_is_no_reason(
    server: ApiServer, connection: Connection, off: int
) -> None:
    server.clock_off = off
    assert failure_of(without_credentials(connection)).reason == "api-unauthorized"


def test_being_taken_for_anonymous_is_not_being_let_in(
    server: ApiServer, connection: Connection
) -> None:
    said = 'nodes is forbidden: User "system:anonymous" cannot list resource "nodes"'
    server.documents["/version"] = as_json({"message": said}, 403)
    assert failure_of(connection).reason == "api-unauthorized"


def test_a_user_without_the_right_is_told_what_the_server_says(
    server: ApiServer, connection: Connection
) -> None:
    said = 'nodes is forbidden: User "dev" cannot list resource "nodes"'
    server.documents["/version"] = as_json({"message": said}, 403)
    failure = failure_of(connection)
    assert (failure.reason, failure.words, failure.final) == ("api-forbidden", said, True)


def test_a_port_where_nothing_listens_refuses(connection: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    failure = failure_of(connection._replace(server=f"https://127.0.0.1:{port}"))
    assert (failure.reason, failure.final) == ("api-refused", False)
    assert str(port) in failure.words


def test_another_ca_is_not_trusted(server: ApiServer, tmp_path: Path) -> None:
    failure = failure_of(new_identity(tmp_path).connection(server.url))
    assert (failure.reason, failure.final) == ("api-unknown-ca", True)


def test_the_machines_own_cas_are_not_trusted(
    server: ApiServer, identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", identity.ca_file)
    assert failure_of(new_identity(tmp_path).connection(server.url)).reason == "api-unknown-ca"


@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        (lambda ca: ca.issue_cert("localhost"), "api-certificate-name"),
        (lambda ca: ca.issue_cert("127.0.0.2"), "api-certificate-name"),
        (
            lambda ca: ca.issue_cert("127.0.0.1", not_before=NOW - 2 * DAY, not_after=NOW - DAY),
            "api-certificate-expired",
        ),
        (
            lambda ca: ca.issue_cert("127.0.0.1", not_before=NOW + DAY, not_after=NOW + 2 * DAY),
            "api-certificate-not-yet-valid",
        ),
    ],
    ids=["name", "address", "expired", "not yet valid"],
)
def test_what_is_wrong_with_the_servers_certificate_is_told(
    identity: Identity, issue: Callable[[trustme.CA], trustme.LeafCert], reason: str
) -> None:
    with serving(identity.server_tls(issue(identity.ca))) as server:
        failure = failure_of(identity.connection(server.url))
    assert (failure.reason, failure.final) == (reason, True)


def test_a_certificate_for_an_address_is_not_one_for_a_name(connection: Connection) -> None:
    by_name = connection._replace(server=connection.server.replace("127.0.0.1", "localhost"))
    assert failure_of(by_name).reason == "api-certificate-name"


def test_a_client_certificate_that_the_server_refuses_is_told(
    identity: Identity, tmp_path: Path
) -> None:
    stranger = new_identity(tmp_path)
    tls = identity.server_tls()
    # In TLS 1.3 the alert comes after the handshake, and may be overtaken by the connection's end.
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(tls) as server:
        connection = stranger.connection(server.url)._replace(ca_file=identity.ca_file)
        assert failure_of(connection).reason == "api-unauthorized"


def test_a_server_without_tls_is_told(identity: Identity) -> None:
    with serving(None) as server:
        failure = failure_of(identity.connection(server.url))
    assert (failure.reason, failure.final) == ("api-plain-http", True)


def test_a_server_that_hangs_up_is_told(server: ApiServer, connection: Connection) -> None:
    def hang_up(handler: Handler) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    server.documents["/version"] = hang_up
    failure = failure_of(connection)
    assert (failure.reason, failure.final) == ("api-reset", False)


def test_an_answer_that_is_cut_is_not_taken_for_whole(
    server: ApiServer, connection: Connection
) -> None:
    def cut(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{}")
        handler.close_connection = True

    server.documents["/version"] = cut
    assert failure_of(connection).reason == "api-reset"


def test_an_answer_that_is_not_http_is_told(server: ApiServer, connection: Connection) -> None:
    def speak_ssh(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-x\r\n" * 3)

    server.documents["/version"] = speak_ssh
    assert failure_of(connection).reason == "api-not-http"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 100_000, b"\xff"])
def test_an_answer_that_is_not_a_json_object_is_told(
    server: ApiServer, connection: Connection, body: bytes
) -> None:
    server.documents["/version"] = Document(200, body)
    assert failure_of(connection).reason == "api-not-json"


@pytest.mark.parametrize(("status", "reason"), [(404, "api-not-found"), (500, "api-error")])
def test_an_error_of_the_server_is_told_with_its_words(
    server: ApiServer, connection: Connection, status: int, reason: str
) -> None:
    server.documents["/version"] = as_json({"message": "etcd\x1b[31m is\nsad"}, status)
    failure = failure_of(connection)
    assert failure.reason == reason
    assert failure.words.endswith(f"HTTP {status} etcd [31m is sad")


def test_a_hung_server_is_given_up_and_the_next_question_is_new(
    server: ApiServer, client: ApiClient
) -> None:
    client.get("/healthz")
    server.hung.set()
    client.deadline = time.monotonic() + 0.2
    with pytest.raises(ApiFailure) as raised:
        client.get("/healthz")
    assert (raised.value.reason, raised.value.final) == ("api-timeout", False)
    assert re.search(r"no answer within 0\.\d+ s", raised.value.words)
    server.hung.clear()
    client.deadline += 60
    assert client.get("/healthz").body == b"ok"


def test_a_server_that_does_not_even_shake_hands_is_given_up(connection: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        assert failure_of(connection._replace(server=url), timeout=0.2).reason == "api-timeout"


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_bytes_cannot_stretch_the_timeout(
    server: ApiServer, connection: Connection, start: bytes
) -> None:
    dripped = 0

    def drip(handler: Handler) -> None:
        nonlocal dripped
        with contextlib.suppress(OSError):
            handler.wfile.write(start)
            while not server.released.wait(0.02) and dripped < 200:
                handler.wfile.write(b"x")
                dripped += 1

    server.documents["/version"] = drip
    assert failure_of(connection, timeout=0.3).reason == "api-timeout"
    assert 0 < dripped < 100


@pytest.mark.parametrize("announced", [True, False])
def test_an_endless_answer_is_not_read_to_its_end(
    server: ApiServer, connection: Connection, announced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "BODY_LIMIT", 1 << 20)

    def flood(handler: Handler) -> None:
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        with contextlib.suppress(OSError):
            while not server.released.is_set():
                handler.wfile.write(b" " * 65536)

    server.documents["/version"] = flood
    assert failure_of(connection).reason == "api-too-big"


def test_a_chunked_answer_keeps_the_connection(server: ApiServer, client: ApiClient) -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b'8\r\n{"items"\r\n4\r\n:[]}\r\n0\r\n\r\n')

    server.documents["/api/v1/nodes"] = chunked
    assert [client.get_json("/api/v1/nodes") for _ in range(2)] == [{"items": []}] * 2
    assert server.connections == 1


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
MUCH = b"X-Much: " + b"x" * 2 * wire.HEAD_LIMIT


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        OK + OK.replace(b"{}", b"[]"),
        OK + b"SSH-2.0-x",
        OK.replace(b"Content-Length", b"content-length"),
    ],
    ids=["after-continue", "until-the-end", "old", "twice", "then-another", "small-letters"],
)
def test_an_answer_is_read_to_its_end_and_no_further(
    server: ApiServer, client: ApiClient, said: bytes
) -> None:
    def say(handler: Handler) -> None:
        handler.wfile.write(said)
        handler.close_connection = True

    server.documents["/version"] = say
    assert client.get_json("/version") == {}
    assert client.get("/healthz").body == b"ok"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (OK.replace(b"2\r", b"2\r\nContent-Length: 3\r", 1), "api-not-http"),
        (OK.replace(b"2\r", b"2\r\nTransfer-Encoding: chunked\r", 1), "api-not-http"),
        (OK.replace(b"2\r", b"-2\r", 1), "api-not-http"),
        (OK.replace(b"2\r", b"9" * 30 + b"\r", 1), "api-not-http"),
        (OK.replace(b"Content-Length", MUCH + b"\r\nContent-Length"), "api-not-http"),
        (b"HTTP/1.1 101 Hm\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "api-not-http"),
        (b"HTTP/1.1 200 OK\r\nConten", "api-reset"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "api-reset"),
    ],
    ids=["two-lengths", "two-ends", "negative", "huge", "much", "upgrade", "head-cut", "chunk-cut"],
)
def test_an_answer_that_is_no_answer_is_told(
    server: ApiServer, connection: Connection, said: bytes, reason: str
) -> None:
    def say(handler: Handler) -> None:
        with contextlib.suppress(OSError):
            handler.wfile.write(said)
        handler.close_connection = True

    server.documents["/version"] = say
    assert failure_of(connection).reason == reason


@pytest.mark.parametrize("lost", ["ca_file", "certificate_file", "key_file"])
def test_a_credential_file_that_is_gone_is_named(connection: Connection, lost: str) -> None:
    failure = failure_of(connection._replace(**{lost: "/nowhere/file.pem"}))
    assert (failure.reason, failure.final) == ("api-credentials", True)
    assert "/nowhere/file.pem" in failure.words


def test_credentials_that_are_rubbish_are_told(connection: Connection, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
    for field in ("ca_file", "certificate_file", "key_file"):
        assert failure_of(connection._replace(**{field: str(rubbish)})).reason == "api-credentials"
    for field in ("ca_pem", "certificate_pem", "key_pem"):
        without_file: dict[str, Any] = {field.replace("pem", "file"): None, field: "rubbish"}
        assert failure_of(connection._replace(**without_file)).reason == "api-credentials"
    neither = connection._replace(ca_file=None)
    assert failure_of(neither).reason == "api-credentials"


def test_an_encrypted_key_is_refused_and_nobody_is_asked(
    connection: Connection, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    encrypted = tmp_path / "encrypted.key"
    encrypted.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert failure_of(connection._replace(key_file=str(encrypted))).reason == "api-credentials"
    on_a_terminal = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])"]
    arguments = [connection.ca_file or "", connection.certificate_file or "", str(encrypted)]
    asking = subprocess.run(
        [*on_a_terminal, sys.executable, "-c", TRUST, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert asking.stdout.split() == ["api-credentials"]


TRUST = """
import sys
from bootstrap.api.failure import ApiFailure
from bootstrap.kubeconfig.private import Connection
from bootstrap.api.tls import trust

ca, certificate, key = sys.argv[1:]
try:
    trust(Connection("https://h", ca_file=ca, certificate_file=certificate, key_file=key))
except ApiFailure as failure:
    print(failure.reason)
"""


@pytest.fixture
def ca_of_2018(tmp_path: Path) -> Iterator[tuple[ApiServer, str]]:
    """A server whose CA and certificate have no key identifiers, as minikube 0.25 made them."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in ("minikubeCA", "m")]
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    extensions: list[x509.ExtensionType] = [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.SubjectAlternativeName([address]),
    ]
    for name, key, extension, file in zip(names, keys, extensions, ("ca", "server"), strict=True):
        certificate = (
            x509.CertificateBuilder(names[0], name, key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(extension, critical=True)
            .sign(keys[0], hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        (tmp_path / f"{file}.crt").write_bytes(pem)
    private = keys[1].private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "server.key").write_bytes(private)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    with serving(tls) as server:
        yield server, str(tmp_path / "ca.crt")


def test_a_ca_of_2018_without_key_identifiers_is_trusted(
    ca_of_2018: tuple[ApiServer, str],
) -> None:
    server, ca_file = ca_of_2018
    server.documents["/version"] = as_json({"gitVersion": "v1.9.0"})
    connection = Connection(server.url, ca_file=ca_file, token=TOKEN)
    with ApiClient(connection, timeout=5.0) as client:
        assert client.get_json("/version") == {"gitVersion": "v1.9.0"}
    assert not trust(connection).verify_flags & ssl.VERIFY_X509_STRICT


def test_a_ca_of_2018_is_trusted_also_where_python_is_strict_by_default(
    ca_of_2018: tuple[ApiServer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.13 is so in `create_default_context`, and a later one may be everywhere."""
    server, ca_file = ca_of_2018
    server.documents["/version"] = as_json({"gitVersion": "v1.9.0"})
    usual = ssl.SSLContext.__new__

    def strict(cls: type[ssl.SSLContext], *arguments: Any, **options: Any) -> ssl.SSLContext:
        made = usual(cls, *arguments, **options)
        made.verify_flags |= ssl.VERIFY_X509_STRICT
        return made

    monkeypatch.setattr(ssl.SSLContext, "__new__", staticmethod(strict))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    with (
        socket.create_connection(("127.0.0.1", server.server_address[1])) as plain,
        pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)key identifier"),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")

    connection = Connection(server.url, ca_file=ca_file, token=TOKEN)
    assert not trust(connection).verify_flags & ssl.VERIFY_X509_STRICT
    with ApiClient(connection, timeout=5.0) as client:
        assert client.get_json("/version") == {"gitVersion": "v1.9.0"}


@pytest.mark.parametrize(
    ("said", "reason", "final"),
    [
        ("getting credentials: exec: executable aws not found", "credentials-program", True),
        (
            "getting credentials: exec: executable aws failed with exit code 255",
            *("credentials-program-fails", False),
        ),
        ("proxyconnect tcp: dial tcp 127.0.0.1:1: connection refused", "proxy-fails", False),
    ],
)
def test_a_program_for_credentials_that_fails_may_do_better_one_that_is_not_there_may_not(
    said: str, reason: str, final: bool
) -> None:
    failure = failure_of_proxy(502, said, "https://prod")
    assert failure is not None and (failure.reason, failure.final) == (reason, final)
    assert said in failure.words
