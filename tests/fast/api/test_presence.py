"""Whether an API server is still there, told without credentials."""

import socket
import ssl
from pathlib import Path

import pytest
import trustme

from bootstrap.api.presence import Presence, for_later, presence
from bootstrap.kubeconfig.private import Connection
from tests.helpers.serving.apiserver import ApiServer, serving


def test_it_is_there_though_credentials_and_ca_were_deleted_since(
    server: ApiServer, connection: Connection, tmp_path: Path
) -> None:
    copy = tmp_path / "ca.crt"
    copy.write_text(Path(connection.ca_file or "").read_text())
    later = for_later(connection._replace(ca_file=str(copy), key_file="/gone"))
    copy.unlink()
    assert presence(later) is Presence.THERE


def test_a_server_that_answers_no_question_any_more_is_there(
    server: ApiServer, connection: Connection
) -> None:
    server.documents = {}
    assert presence(for_later(connection)) is Presence.THERE


def test_a_closed_port_is_gone(connection: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert presence(for_later(connection)._replace(server=f"https://127.0.0.1:{port}")) is (
        Presence.GONE
    )


def test_anothers_server_at_the_address_is_not_the_cluster(connection: Connection) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with serving(tls) as another:
        assert presence(for_later(connection)._replace(server=another.url)) is Presence.GONE


def test_whoever_listens_and_does_not_say_who_it_is_is_unknown(connection: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"https://127.0.0.1:{mute.getsockname()[1]}"
        assert presence(for_later(connection)._replace(server=address), timeout=0.2) is (
            Presence.UNKNOWN
        )


@pytest.mark.parametrize("lost", ["/nowhere", None])
def test_without_the_ca_it_cannot_be_told_whose_it_is(
    lost: str | None, server: ApiServer, connection: Connection
) -> None:
    later = for_later(connection._replace(ca_file=lost))
    assert presence(later) is Presence.UNKNOWN
