"""The connection that a look leaves is used again for that very cluster, and for no other."""

from bootstrap.api.client import ApiClient
from bootstrap.api.line import Line
from bootstrap.api.look import look
from bootstrap.kubeconfig.private import Connection
from tests.helpers.serving.apiserver import ApiServer, without_credentials


def test_what_the_look_opened_serves_further_questions(
    server: ApiServer, connection: Connection
) -> None:
    line = Line()
    assert look(connection, keep=line.keep).failure == ""
    client = line.take(connection)
    assert client is not None
    client.deadline += 60
    with client:
        assert client.get("/healthz").status == 200
    assert server.connections == 1


def test_a_client_is_handed_over_once(connection: Connection) -> None:
    line = Line()
    line.keep(ApiClient(connection, timeout=1.0))
    assert line.take(connection) is not None
    assert line.take(connection) is None


def test_with_other_credentials_it_is_another_connection(connection: Connection) -> None:
    line = Line()
    line.keep(ApiClient(connection, timeout=1.0))
    assert line.take(without_credentials(connection)) is None


def test_what_is_kept_is_closed_when_another_is_and_at_the_end(
    server: ApiServer, connection: Connection
) -> None:
    line = Line()
    first, second = (ApiClient(connection, timeout=5.0) for _ in range(2))
    for client in (first, second):
        client.get("/healthz")
        line.keep(client)
    line.close()
    for client in (first, second):
        with client:
            client.get("/healthz")
    assert server.connections == 4
