"""Every recorded answer that holds a version is read as the version of the file that it is from."""

import json
import re
from typing import Any

import pytest

from bootstrap.core.model.state import ToolState
from bootstrap.core.model.tool import Answer, Tool
from bootstrap.core.values.version import find_version, parse_version
from bootstrap.tools import TOOLS
from tests.helpers.places import FIXTURES, TRANSCRIPTS

TOOL = {tool.name: tool for tool in TOOLS}
ENGINE = "20.10.24+dfsg1"
"""The engine that every recorded docker client talked to."""

OTHERWISE = {"kubectl-v1.9.3-minikube-states-with-kubernetes-1.9": "1.9.0"}
"""Records whose kubectl calls itself otherwise than the file does: its own word counts."""

Case = tuple[str, dict[str, Any]]


def recorded(pattern: str, wanted: str) -> list[Any]:
    """(file name, record) of every case whose name matches `wanted` in the files of `pattern`."""
    return [
        pytest.param((path.stem, record), id=f"{path.stem}:{case}")
        for path in sorted(TRANSCRIPTS.glob(pattern))
        for case, record in json.loads(path.read_text()).items()
        if re.search(wanted, case)
    ]


KUBECTL = recorded("kubectl-*.json", r"version.*json")
# As kboot asks: with nothing behind the word.
MINIKUBE = recorded("minikube-v0.25*.json", r"^version")
MINIKUBE += recorded("minikube-v1*.json", r"^version$")
VBOXMANAGE = recorded("vboxmanage-*.json", r"^version")
DOCKER = recorded("docker-*.json", r"version-json$")


def answer(record: dict[str, Any], files: dict[str, bool] | None = None) -> Answer:
    return Answer(record["rc"], record["out"], record["err"], files or {})


def state(tool: Tool, given: Answer) -> ToolState:
    reading = tool.parse(given)
    return ToolState(
        tool.name,
        "/usr/bin/x",
        version=reading.version,
        facts=reading.facts,
        failure=reading.failure,
    )


def test_there_are_records_of_every_tool() -> None:
    assert len(list(TRANSCRIPTS.glob("kubectl-*.json"))) == 31
    assert len({case.values[0][0] for case in KUBECTL}) == 31
    assert (len(KUBECTL), len(MINIKUBE), len(VBOXMANAGE), len(DOCKER)) == (78, 6, 3, 28)


@pytest.mark.parametrize("case", KUBECTL)
def test_kubectl_says_its_version_with_and_without_a_server(case: Case) -> None:
    name, record = case
    reading = TOOL["kubectl"].parse(answer(record))
    wanted = OTHERWISE.get(name) or name.removeprefix("kubectl-v")
    assert reading.failure == ""
    assert find_version(reading.version) == parse_version(re.split("[-_]", wanted)[0])


def test_a_vendors_suffix_is_kept_and_named() -> None:
    (record,) = recorded("kubectl-v1.32.4-gcloud.json", r"version-client-json")
    seen = state(TOOL["kubectl"], answer(record.values[0][1]))
    assert seen.version == "1.32.4-dispatcher"
    assert TOOL["kubectl"].detail(seen) == "a Google Cloud SDK dispatcher"
    assert TOOL["kubectl"].detail(ToolState("kubectl", version="1.32.4")) == ""


@pytest.mark.parametrize("case", MINIKUBE)
def test_minikube_says_its_version_on_stdout(case: Case) -> None:
    name, record = case
    wanted = name.removeprefix("minikube-v").partition("-")[0]
    assert TOOL["minikube"].parse(answer(record)).version == wanted


@pytest.mark.parametrize(
    "out",
    [
        "minikube version: v1.3.0\ncommit: 43969594266d77b555a207b0f3e9b3fa1dc92b1f\n",
        "! update available\nminikube version: v1.3.0\n",
    ],
)
def test_minikube_says_more_than_its_version_from_1_3_on(out: str) -> None:
    assert TOOL["minikube"].parse(Answer(0, out, "")).version == "1.3.0"


@pytest.mark.parametrize("case", VBOXMANAGE)
def test_virtualbox_says_its_version_after_any_warning(case: Case) -> None:
    reading = TOOL["virtualbox"].parse(answer(case[1]))
    assert reading.version == "7.2.22_Debianr175245"
    assert reading.facts["module"] == ("missing" if "WARNING" in case[1]["out"] else "loaded")


@pytest.mark.parametrize("case", DOCKER)
def test_docker_is_the_engine_when_one_answers_else_the_client(case: Case) -> None:
    name, record = case
    client = name.removeprefix("docker-").removesuffix("-cli").removesuffix("-upstream")
    reading = TOOL["docker"].parse(answer(record))
    if not record["out"].strip():
        assert "nosuch" in reading.failure
    elif record["rc"] == 0:
        assert (reading.version, reading.facts["engine"]) == (ENGINE, ENGINE)
        assert reading.facts["engine_api"] == "1.12-1.41"
    else:
        assert (reading.version, "engine" in reading.facts) == (client, False)
    assert reading.facts.get("client", client) == client
    assert reading.facts["product"] == "docker"


REASONS = [
    ("up-version-json", None),
    ("down-version-json", "engine-down"),
    ("badhost-version-json", "engine-down"),
    ("(no)?perm-version-json", "engine-forbidden"),
    ("badctx-version-json", "engine-bad-context"),
]


@pytest.mark.parametrize(("wanted", "reason"), REASONS)
def test_an_engine_that_does_not_answer_is_not_usable_for_its_own_reason(
    wanted: str, reason: str | None
) -> None:
    cases = recorded("docker-*.json", f"^{wanted}$")
    assert len(cases) >= 5
    for case in cases:
        seen = state(TOOL["docker"], answer(case.values[0][1]))
        verdicts = TOOL["docker"].judge(seen)
        assert [each.reason for each in verdicts] == ([reason] if reason else [])
        assert not any(each.usable for each in verdicts)
        assert all(each.fix and "%2F" not in each.message for each in verdicts)


def test_client_and_engine_are_both_shown_with_their_api() -> None:
    (case,) = recorded("docker-28.2.2-upstream.json", r"^up-version-json$")
    seen = state(TOOL["docker"], answer(case.values[0][1]))
    shown = TOOL["docker"].detail(seen)
    assert shown == f"client 28.2.2 (API 1.50), engine {ENGINE} (API 1.12-1.41)"
    assert TOOL["docker"].detail(ToolState("docker")) == ""


PODMAN = json.loads((FIXTURES / "docker" / "podman-4.3.1.json").read_text())


@pytest.mark.parametrize("case", PODMAN)
def test_podman_never_passes_for_docker(case: str) -> None:
    seen = state(TOOL["docker"], answer(PODMAN[case]))
    assert [each.reason for each in TOOL["docker"].judge(seen)] == ["docker-is-podman"]
    assert seen.facts["product"] == "podman"
    assert bool(seen.failure) != (seen.version == "4.3.1")


def test_a_socket_in_podmans_folder_does_not_make_the_client_podman() -> None:
    err = "Cannot connect to the Docker daemon at unix:///run/podman/podman.sock. Is the … running?"
    out = '{"Client":{"Version":"28.2.2"},"Server":null}'
    assert TOOL["docker"].parse(Answer(1, out, err)).facts["product"] == "docker"


def test_an_engine_that_refuses_the_clients_age_is_not_called_down() -> None:
    err = (
        "Error response from daemon: client version 1.36 is too old. Minimum supported API version "
        "is 1.44, please upgrade your client to a newer version\n"
    )
    out = '{"Client":{"Version":"18.02.0-ce","DefaultAPIVersion":"1.36"},"Server":null}'
    (verdict,) = TOOL["docker"].judge(state(TOOL["docker"], Answer(1, out, err)))
    assert verdict.reason == "engine-refuses-client"
