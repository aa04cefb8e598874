import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bootstrap.kubeconfig.private import Connection, read_private, select
from tests.helpers.serving.apiserver import KUBECTL_1_9, printed

Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    """As minikube 0.25 wrote it, printed by kubectl."""
    found: Document = printed(KUBECTL_1_9, "config-view-minify-json")
    return found


def user_of(document: Document) -> Document:
    found: Document = document["users"][0]["user"]
    return found


def test_the_connection_is_that_of_the_current_context(
    document: Document, kubeconfig: Path
) -> None:
    kubeconfig.write_text(json.dumps(document))
    assert read_private(kubeconfig) == Connection(
        "https://172.17.0.4:8443",
        ca_file="/root/.minikube/ca.crt",
        certificate_file="/root/.minikube/client.crt",
        key_file="/root/.minikube/client.key",
    )


def test_a_missing_file_is_no_error(kubeconfig: Path) -> None:
    assert read_private(kubeconfig) is None


@pytest.mark.parametrize(
    "content",
    ["", "apiVersion: v1\n", "[]", "{}", '{"current-context": "x"}', "[" * 100_000, "\udcff", "0"],
    ids=["empty", "yaml", "list", "nothing", "no such context", "deep", "not utf-8", "number"],
)
def test_a_file_that_kboot_did_not_write_is_refused(kubeconfig: Path, content: str) -> None:
    kubeconfig.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ValueError):
        read_private(kubeconfig)


def test_a_file_that_cannot_be_read_is_not_taken_for_a_missing_one(kubeconfig: Path) -> None:
    kubeconfig.mkdir()
    with pytest.raises(ValueError, match="cannot be read"):
        read_private(kubeconfig)


def test_relative_files_are_relative_to_the_kubeconfig(
    document: Document, kubeconfig: Path
) -> None:
    user_of(document)["client-key"] = "keys/client.key"
    kubeconfig.write_text(json.dumps(document))
    found = read_private(kubeconfig)
    assert found is not None and found.key_file == str(kubeconfig.parent / "keys/client.key")


def test_embedded_data_win_over_a_file(document: Document, kubeconfig: Path) -> None:
    user_of(document)["client-key-data"] = base64.b64encode(b"PEM").decode()
    kubeconfig.write_text(json.dumps(document))
    found = read_private(kubeconfig)
    assert found is not None and (found.key_file, found.key_pem) == (None, "PEM")


def test_data_that_are_not_base64_are_refused(document: Document, kubeconfig: Path) -> None:
    user_of(document)["client-key-data"] = "***"
    kubeconfig.write_text(json.dumps(document))
    with pytest.raises(ValueError):
        read_private(kubeconfig)


@pytest.mark.parametrize(
    "server",
    ["http://127.0.0.1:8080", "127.0.0.1:8443", "https://", "https://h:99999", "https://["],
)
def test_a_server_that_is_no_https_address_is_refused(
    document: Document, kubeconfig: Path, server: str
) -> None:
    document["clusters"][0]["cluster"]["server"] = server
    kubeconfig.write_text(json.dumps(document))
    with pytest.raises(ValueError):
        read_private(kubeconfig)


def test_a_token_that_could_add_a_header_is_refused(document: Document, kubeconfig: Path) -> None:
    user_of(document)["token"] = "a\r\nX-Other: b"
    kubeconfig.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="token"):
        read_private(kubeconfig)


def test_secrets_are_not_in_what_a_connection_prints() -> None:
    shown = repr(Connection("https://h", token="tok-1", key_pem="key-1"))
    assert "tok-1" not in shown and "key-1" not in shown


def test_only_the_wanted_context_is_kept(document: Document) -> None:
    other = {"name": "work", "context": {"cluster": "work", "user": "boss"}}
    document["contexts"].insert(0, other)
    document["users"].insert(0, {"name": "boss", "user": {"token": "secret"}})
    document["clusters"].insert(0, {"name": "work", "cluster": {"server": "https://work"}})
    document["current-context"] = "work"
    chosen = select(document, "minikube")
    assert chosen["current-context"] == "minikube"
    assert [
        [each["name"] for each in chosen[kind]] for kind in ("clusters", "users", "contexts")
    ] == [["minikube"]] * 3
    assert "secret" not in json.dumps(chosen)


@pytest.mark.parametrize("way", ["exec", "auth-provider"])
def test_a_user_that_needs_a_program_is_refused_by_name(document: Document, way: str) -> None:
    user_of(document)[way] = {"command": "touch"}
    with pytest.raises(ValueError, match=f"'minikube'.*{way}.*does not run"):
        select(document, "minikube")


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("cluster", "insecure-skip-tls-verify", True),
        ("cluster", "proxy-url", "http://proxy"),
        ("cluster", "server", 5),
        ("user", "tokenFile", "/etc/passwd"),
        ("user", "as", "root"),
    ],
)
def test_what_kboot_does_not_understand_is_refused_and_not_overlooked(
    document: Document, kind: str, key: str, value: object
) -> None:
    document[f"{kind}s"][0][kind][key] = value
    with pytest.raises(ValueError, match=key):
        select(document, "minikube")


def test_what_newer_minikubes_add_is_left_out(document: Document) -> None:
    extension = [{"name": "cluster_info", "extension": {"version": "v1.38.1"}}]
    for kind in ("cluster", "context"):
        document[f"{kind}s"][0][kind]["extensions"] = extension
    document["contexts"][0]["context"]["namespace"] = "default"
    chosen = select(document, "minikube")
    assert "extension" not in json.dumps(chosen)
    assert chosen["contexts"][0]["context"]["namespace"] == "default"


@pytest.mark.parametrize(
    ("kind", "key"),
    [("cluster", "server"), ("cluster", "certificate-authority"), ("user", "client-key")],
)
def test_an_incomplete_context_is_refused(document: Document, kind: str, key: str) -> None:
    del document[f"{kind}s"][0][kind][key]
    with pytest.raises(ValueError, match=key.replace("-key", " certificate")):
        select(document, "minikube")


@pytest.mark.parametrize("kind", ["contexts", "clusters", "users"])
@pytest.mark.parametrize("value", [None, [], [None], [{"name": "minikube"}], {}, "text"])
def test_a_missing_entry_is_named(document: Document, kind: str, value: object) -> None:
    document[kind] = value
    with pytest.raises(ValueError, match=f"no {kind[:-1]} 'minikube'"):
        select(document, "minikube")
