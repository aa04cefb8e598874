"""`kboot verify --context`: any cluster of a kubeconfig; no profile says how it should be."""

import json
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.driving.kboot import Kboot, processes_knowing, script, tree
from tests.helpers.driving.kubeconfigs import cluster_of, kubeconfig, left, temporary_files
from tests.helpers.driving.reading import joined
from tests.helpers.serving.apiserver import (
    ApiServer,
    Identity,
    as_json,
)
from tests.helpers.waiting import until

LIVE = "api,version,nodes,system,serviceaccount"
VERIFY = ("verify", "--context", "prod", "--gates", LIVE)


def gates(document: dict[str, Any]) -> dict[str, str]:
    return {each["gate"]: each["status"] for each in document["gates"]}


def forbid(server: ApiServer, *paths: str) -> None:
    for path in paths:
        said = f'User "dev" cannot list resource at {path}'
        server.documents[path] = as_json({"kind": "Status", "message": said}, 403)


def test_a_cluster_that_no_profile_knows_passes_and_nothing_of_kboots_stays(mine: Kboot) -> None:
    mine.profile("this is no profile", "kboot.toml")  # it is not even read
    before = tree(mine.home, but=".cache")
    done = mine.run(*VERIFY)
    assert done.code == 0, done
    assert joined(done.out).startswith("The cluster of context prod is ready: gates passed: api")
    document = mine.json(*VERIFY)
    assert gates(document) == dict.fromkeys(LIVE.split(","), "passed")
    assert (document["context"], document["profile"]) == ("prod", None)
    assert tree(mine.home, but=".cache") == before


@pytest.mark.parametrize("same", [True, False])
def test_a_gate_that_fails_there_ends_what_was_proven_of_the_cluster_at_that_address(
    same: bool, mine: Kboot, identity: Identity, server: ApiServer
) -> None:
    cluster = mine.home / ".local/state/kboot/clusters/work"
    (cluster / "proofs").mkdir(parents=True)
    (cluster / "proofs" / "a.json").write_text("{}")
    own = kubeconfig(cluster / "kubeconfig", cluster_of(identity, server))
    whole = json.dumps(json.loads(own.read_text()) | {"current-context": "prod"})
    own.write_text(whole if same else whole.replace("127.0.0.1", "127.0.0.2"))
    assert mine.run(*VERIFY).code == 0
    assert list((cluster / "proofs").iterdir())
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    assert mine.run(*VERIFY, "--timeout", "1s").code == 73
    assert bool(list((cluster / "proofs").iterdir())) != same


def test_the_gates_that_one_gate_needs_are_passed_too(mine: Kboot) -> None:
    document = mine.json("verify", "--context=prod", "--gates", "nodes")
    assert gates(document) == {"api": "passed", "nodes": "passed"}


def test_of_files_that_have_the_same_entry_the_first_ones_holds(
    kboot: Kboot, identity: Identity, server: ApiServer
) -> None:
    wrong = {"server": "https://127.0.0.1:1", "certificate-authority": identity.ca_file}
    first = kubeconfig(kboot.folder / "first", cluster_of(identity, server))
    second = kubeconfig(kboot.folder / "second", wrong)
    third = kubeconfig(kboot.folder / "third", wrong, context="other")
    missing = kboot.folder / "missing"
    kboot.env["KUBECONFIG"] = f"{missing}::{first}:{second}:{third}"
    assert kboot.run(*VERIFY).code == 0
    kboot.env["KUBECONFIG"] = f"{second}:{first}"
    other = kboot.run(*VERIFY, "--timeout", "1s")
    assert other.code == 73 and "127.0.0.1:1: connection refused" in joined(other.err)


def test_a_context_may_have_its_cluster_and_its_user_in_other_files(
    kboot: Kboot, identity: Identity, server: ApiServer
) -> None:
    whole = json.loads(
        kubeconfig(
            kboot.work / "one",
            {"server": server.url, "certificate-authority": "ca.crt"},  # beside the second file
        ).read_text()
    )
    folder = kboot.folder / "elsewhere"
    folder.mkdir()
    folder.joinpath("ca.crt").write_bytes(Path(identity.ca_file).read_bytes())
    (kboot.work / "one").write_text(json.dumps({"contexts": whole["contexts"]}))
    (folder / "two").write_text(json.dumps({"clusters": whole["clusters"]}))
    (folder / "three").write_text(json.dumps({"users": whole["users"]}))
    kboot.env["KUBECONFIG"] = f"one:{folder}/two:{folder}/three"
    assert kboot.run(*VERIFY).code == 0


def test_a_context_that_is_not_there_is_told_with_those_that_are(mine: Kboot) -> None:
    second = kubeconfig(mine.folder / "second", {"server": "https://x"}, context="staging")
    mine.env["KUBECONFIG"] = f"{mine.home}/.kube/config:{second}"
    done = mine.run("verify", "--context", "prd")
    assert done.code == 2
    assert "there is no context 'prd'" in joined(done.err)
    assert [line.strip() for line in done.err.splitlines()][-4:-2] == ["prod", "staging"]
    mine.env["KUBECONFIG"] = "/dev/null"
    assert "has none" in joined(mine.run("verify", "--context", "prd").err)


USAGE = {
    "with a profile": ("verify", "--context", "prod", "default"),
    "empty": ("verify", "--context", ""),
    "no name": ("verify", "--context"),
    "up": ("up", "--context", "prod"),
    "no gate": (*VERIFY, "--gates", "dns,nonsense"),
    "no gates": (*VERIFY, "--gates", ","),
}


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE)
def test_a_line_that_cannot_be_meant_is_exit_2(words: tuple[str, ...], mine: Kboot) -> None:
    assert mine.run(*words).code == 2


NONE = (
    *("a: b: c\n", "contexts: 7\n", "[]\n", "contexts: [{name: prod}]\n", "x: !!bool x\n"),
    *("x: " + "[" * 900 + "]" * 900 + "\n", "x: [" + "y," * 450_000 + "]\n"),
)


def test_what_no_kubectl_can_use_is_refused_though_its_context_is_whole(
    mine: Kboot, server: ApiServer
) -> None:
    file = mine.home / ".kube" / "config"
    whole = json.loads(file.read_text())
    for key, value in (
        ("clusters", [*whole["clusters"], *whole["clusters"]]),
        ("users", [*whole["users"], {"name": "other", "user": {"token": 5}}]),
        ("contexts", [*whole["contexts"], {"name": 72225e2, "context": {}}]),
        ("kind", "Pod"),
    ):
        file.write_text(json.dumps({**whole, key: value}))
        done = mine.run(*VERIFY)
        assert done.code == 72 and key in joined(done.err), done
    assert server.requests == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_every_kubectl_reads_is_read(mine: Kboot, encoding: str) -> None:
    file = mine.home / ".kube" / "config"
    doubled = '{"users": [{"name": "gone"}], ' + file.read_text().lstrip().removeprefix("{")
    file.write_text(doubled, encoding=encoding)
    assert mine.run(*VERIFY).code == 0


@pytest.mark.parametrize("text", NONE, ids=range(len(NONE)))
def test_a_kubeconfig_that_is_none_is_named(text: str, kboot: Kboot) -> None:
    (kboot.home / ".kube").mkdir()
    (kboot.home / ".kube" / "config").write_text(text)
    done = kboot.run(*VERIFY)
    assert done.code == 72 and "does not understand the kubeconfig" in joined(done.err)


def test_what_may_not_be_looked_at_is_unknown_and_unknown_is_not_ready(
    mine: Kboot, server: ApiServer
) -> None:
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    forbid(server, "/api/v1/nodes", account)
    done = mine.run(*VERIFY)
    assert done.code == 73
    assert "whether it is ready, 2 gates could not tell (exit 73)" in joined(done.err)
    document = mine.json(*VERIFY)
    assert gates(document) == {
        "api": "passed",
        "version": "passed",
        "nodes": "unknown",
        "system": "skipped",
        "serviceaccount": "unknown",
    }
    (fix,) = {each["fix"] for each in document["gates"] if each["status"] == "unknown"}
    assert fix.startswith("ask whoever runs the cluster to let this user do it")


def test_what_is_wrong_is_told_with_what_fits_a_cluster_that_kboot_does_not_run(
    mine: Kboot, server: ApiServer
) -> None:
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    done = mine.run(*VERIFY, "--timeout", "1s")
    assert done.code == 73
    assert "kubectl --context prod get nodes" in done.err
    assert "is not ready: 1 gate failed (exit 73)" in joined(done.err)
    assert "kboot" not in done.err.replace("kboot: ", "")


def test_a_kubectl_on_path_that_is_too_far_from_the_server_is_told(mine: Kboot) -> None:
    version = {"clientVersion": {"gitVersion": "v1.35.2"}}
    script(mine.bin / "kubectl", f"echo {shlex.quote(json.dumps(version))}")
    document = mine.json(*VERIFY)
    (told,) = (each for each in document["gates"] if each["status"] == "failed")
    assert (told["gate"], told["reason"]) == ("version", "kubectl-skew")
    assert told["fix"].startswith("put a kubectl on PATH")


PROGRAM = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "give-me-a-token"}
NOT_KBOOTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "exec": ({}, {"exec": PROGRAM}),
    "auth-provider": ({}, {"auth-provider": {"name": "gcp"}}),
    "username": ({}, {"username": "a", "password": "b"}),
    "tokenFile": ({}, {"tokenFile": "/a/token"}),
    "no client certificate": ({}, {}),
    "as": ({}, {"token": "t", "as": "somebody"}),
    "insecure-skip-tls-verify": ({"insecure-skip-tls-verify": True}, {"token": "t"}),
    "proxy-url": ({"proxy-url": "http://127.0.0.1:1"}, {"token": "t"}),
    "tls-server-name": ({"tls-server-name": "x"}, {"token": "t"}),
    "no certificate-authority": ({"certificate-authority": ""}, {"token": "t"}),
    "is not an https address": ({"server": "http://127.0.0.1:1"}, {"token": "t"}),
}


@pytest.mark.parametrize("why", NOT_KBOOTS)
def test_what_only_kubectl_can_do_needs_a_kubectl_and_that_is_said(
    why: str, kboot: Kboot, identity: Identity, server: ApiServer
) -> None:
    cluster, user = NOT_KBOOTS[why]
    kubeconfig(kboot.home / ".kube" / "config", cluster_of(identity, server) | cluster, user)
    done = kboot.run(*VERIFY)
    assert done.code == 60
    assert why in joined(done.err) and "none is on PATH" in joined(done.err)
    assert server.requests == []


def test_a_server_behind_a_proxy_is_kubectls_too(kboot: Kboot, identity: Identity) -> None:
    cluster = {"server": "https://far.example", "certificate-authority": identity.ca_file}
    kubeconfig(kboot.home / ".kube" / "config", cluster)
    kboot.env["https_proxy"] = "http://127.0.0.1:1"
    done = kboot.run(*VERIFY)
    assert done.code == 60 and "a proxy is set in the environment" in joined(done.err)


@pytest.fixture
def elsewhere(mine: Kboot, identity: Identity, server: ApiServer) -> Iterator[Kboot]:
    """Somebody whose context needs kubectl, with temporary files where they can be counted."""
    file = mine.home / ".kube" / "config"
    kubeconfig(file, cluster_of(identity, server), {"exec": PROGRAM})
    with temporary_files(mine):
        yield mine


def test_a_kubectl_that_ends_instead_of_serving_is_told_in_its_own_words(elsewhere: Kboot) -> None:
    script(
        elsewhere.bin / "kubectl", "echo error: the gcp auth plugin has been removed >&2; exit 1"
    )
    done = elsewhere.run(*VERIFY)
    assert done.code == 70
    assert "error: the gcp auth plugin has been removed" in joined(done.err)
    assert left(elsewhere) == ([], [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_kboot_ends_the_kubectl_that_it_started_ends_too(
    number: signal.Signals, elsewhere: Kboot
) -> None:
    script(elsewhere.bin / "kubectl", 'case "$*" in *proxy*) sleep 1000; esac')
    with elsewhere.start(*VERIFY) as process:
        until(lambda: any("sleep" in command for command in commands(elsewhere)))
        assert left(elsewhere)[1]
        process.send_signal(number)
        process.wait()
    assert process.returncode == (-9 if number == signal.SIGKILL else 128 + number)
    until(lambda: left(elsewhere) == ([], []))


def commands(kboot: Kboot) -> list[str]:
    return [each for each in processes_knowing(str(kboot.folder)).values() if each]
