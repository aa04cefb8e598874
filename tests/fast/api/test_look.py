import hashlib
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.api.failure import ApiFailure
from bootstrap.api.look import ca_fingerprint, look
from bootstrap.core.model.state import ApiLook, Signs
from bootstrap.kubeconfig.private import Connection
from tests.helpers.serving.apiserver import (
    Answer,
    ApiServer,
    Document,
    Handler,
    as_json,
    healthy_1_20,
)


def test_one_look_tells_identity_version_and_nodes(
    server: ApiServer, connection: Connection
) -> None:
    # /version of a localkube has an empty major and minor.
    fingerprint = ca_fingerprint(connection)
    docker = Signs(runtime="docker")
    assert look(connection) == ApiLook("", "v1.9.0", f"{fingerprint}:a-uid", 1, 1, docker)
    assert server.connections == 1
    server.documents = healthy_1_20()
    assert look(connection) == ApiLook("", "v1.20.2", f"{fingerprint}:a-uid", 1, 1, docker)


def test_the_fingerprint_is_of_the_certificate_and_not_of_the_text(connection: Connection) -> None:
    pem = Path(connection.ca_file or "").read_text()
    expected = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()[:16]
    decorated = Connection("https://h", ca_pem=f"# the CA\n{pem}\n\n")
    assert ca_fingerprint(connection) == ca_fingerprint(decorated) == expected


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN CERTIFICATE-----A-----END CERTIFICATE-----"])
def test_without_a_ca_certificate_there_is_no_fingerprint(pem: str) -> None:
    with pytest.raises(ApiFailure):
        ca_fingerprint(Connection("https://h", ca_pem=pem))


def test_a_lost_ca_file_is_a_failure_and_no_exception(connection: Connection) -> None:
    assert "/nowhere" in look(connection._replace(ca_file="/nowhere")).failure


def test_a_cluster_that_is_not_there_is_a_failure(connection: Connection) -> None:
    assert "refused" in look(connection._replace(server="https://127.0.0.1:1")).failure


def test_what_was_learnt_before_a_failure_is_kept(
    server: ApiServer, connection: Connection
) -> None:
    server.documents["/api/v1/nodes"] = as_json({"message": "no nodes for you"}, 403)
    seen = look(connection)
    assert (seen.failure, seen.server_version) == ("no nodes for you", "v1.9.0")
    assert seen.identity.endswith(":a-uid")


def test_another_program_behind_the_port_is_a_failure(
    server: ApiServer, connection: Connection
) -> None:
    server.documents |= dict.fromkeys(server.documents, Document(200, b"{}"))
    assert look(connection).failure.endswith("not as Kubernetes does")


@pytest.mark.parametrize("body", [b'{"items": 5}', b'{"items": [null, 1, {"status": []}]}'])
def test_nodes_that_make_no_sense_are_not_ready(
    server: ApiServer, connection: Connection, body: bytes
) -> None:
    server.documents["/api/v1/nodes"] = Document(200, body)
    assert look(connection).nodes_ready == 0


def test_a_hung_server_is_a_failure(server: ApiServer, connection: Connection) -> None:
    server.hung.set()
    assert "no answer within" in look(connection, timeout=0.2).failure


def test_one_deadline_covers_all_questions(server: ApiServer, connection: Connection) -> None:
    def slowly(document: Answer) -> Answer:
        def answer(handler: Handler) -> None:
            server.released.wait(0.2)
            assert isinstance(document, Document)
            handler.answer(document)

        return answer

    server.documents = {path: slowly(found) for path, found in server.documents.items()}
    seen = look(connection, timeout=0.5)
    assert "no answer within" in seen.failure and seen.server_version == "v1.9.0"


def test_looking_and_proving_import_nothing_heavy() -> None:
    heavy = {"yaml", "urllib3", "rich", "sh", "pydantic", "asyncio", "subprocess", "packaging"}
    code = (
        "import sys, bootstrap.api.look, bootstrap.gates.live.checks;"
        "import bootstrap.engine.prove.passing;"
        f"print(*sorted(set(sys.modules) & {heavy!r}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []
