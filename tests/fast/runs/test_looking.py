"""doctor and plan: what they say, in text and JSON, and that they change nothing."""

import json
import re
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import NEW, OLD, TOOLS, Kboot, as_root, on_linux, tree

BLOCKED = OLD.replace("none", "virtualbox")
FAULTS = ["version-crashes", "version-floods", "version-rubbish", "version-asks"]


@pytest.fixture
def faulty(kboot: Kboot) -> Kboot:
    """A profile with two tools, of which kubectl is well."""
    client = {"major": "1", "minor": "35", "gitVersion": "v1.35.1"}
    told = json.dumps({"clientVersion": client, "kustomizeVersion": "v5.7.1"})
    kubectl = kboot.bin / "kubectl"
    kubectl.write_text(f"#!/bin/sh\ncat <<'.'\n{told}\n.\n")
    kubectl.chmod(0o755)
    kboot.profile(f'{TOOLS}minikube = "0.25.0"\n')
    return kboot


def statuses(document: dict[str, object]) -> dict[str, str]:
    findings = document["findings"]
    assert isinstance(findings, list)
    return {each["subject"]: each["status"] for each in findings}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_probe_that_goes_wrong_makes_its_own_tool_unknown_and_no_other(
    fault: str, faulty: Kboot
) -> None:
    faulty.minikube("0.25.0", fault=fault)
    document = faulty.json("doctor", "p.toml")
    if fault == "version-asks":  # it is answered by the end of its input, and goes on
        assert statuses(document) == {"minikube": "ok", "kubectl": "ok"}
        return
    assert document["exit_code"] == 1
    assert statuses(document) == {"minikube": "unknown", "kubectl": "ok"}
    assert faulty.left() == []


@on_linux
def test_a_probe_that_hangs_is_ended_with_all_that_it_started(faulty: Kboot) -> None:
    faulty.minikube("0.25.0", fault="version-hangs")
    done = faulty.run("doctor", "p.toml")
    assert done.code == 1
    assert "? minikube       could not tell" in done.out
    assert re.search(r"^  ✓ kubectl\s+1\.35\.1\s", done.out, re.MULTILINE), done.out
    assert "Not ready for tools: 1 problem" in done.out
    assert faulty.left() == []


def test_what_is_unknown_is_not_replaced_and_not_ready(faulty: Kboot) -> None:
    faulty.minikube("0.25.0", fault="version-rubbish")
    document = faulty.json("up", "p.toml")
    assert (document["exit_code"], document["plan"]["steps"]) == (1, [])


SAME = {
    "usage": ("doctor", "--frobnicate"),
    "missing": ("plan", "./nowhere.toml"),
    "doctor": ("doctor", "p.toml"),
    "plan": ("plan", "p.toml"),
    "up": ("up", "p.toml"),
    "verify": ("verify", "p.toml"),
    "down": ("down", "p.toml"),
    "env": ("env", "p.toml"),
    "offline": ("plan", "--offline", "p.toml"),
}


@pytest.mark.parametrize("words", SAME.values(), ids=SAME)
def test_text_and_json_end_with_the_same_exit_code(words: tuple[str, ...], kboot: Kboot) -> None:
    kboot.profile(BLOCKED)
    document = kboot.json(*words)
    assert kboot.run(*words).code == document["exit_code"]
    failed = document["error"]
    assert failed is None or failed["code"] == document["exit_code"]
    assert failed is None or (failed["what"] and failed["state"] and failed["next"])


def test_detailed_exit_codes_are_terraforms(kboot: Kboot) -> None:
    nothing = kboot.profile('name = "nothing"\n', "nothing.toml")
    changes = kboot.profile(TOOLS, "changes.toml")
    blocked = kboot.profile(BLOCKED, "blocked.toml")
    files = (nothing, changes, blocked)
    codes = [kboot.run("plan", "--detailed-exitcode", file).code for file in files]
    assert codes == [0, 2, 1]
    assert [kboot.run("plan", file).code for file in files] == [0, 0, 60]
    assert [kboot.run("doctor", file).code for file in files] == [0, 1, 1]
    assert kboot.run("plan", "--detailed-exitcode", "./nowhere.toml").code == 10


@as_root
@pytest.mark.parametrize(
    ("version", "text"), [("0.25.0", OLD), ("1.19.0", NEW)], ids=["0.25", "1.19"]
)
def test_looking_changes_nothing_and_asks_minikube_for_nothing_but_its_version(
    version: str, text: str, kboot: Kboot
) -> None:
    kboot.minikube(version)
    file = kboot.profile(text)
    before = tree(kboot.home, but=".cache")
    for command in ("plan", "doctor", "plan"):
        kboot.run(command, file)
        assert tree(kboot.home, but=".cache") == before
    assert kboot.calls() == ["version"] * 3
    assert [path.name for path in (kboot.home / ".cache").iterdir()] == ["kboot"]


@as_root
def test_looking_at_a_cluster_changes_nothing_either(running: Kboot) -> None:
    running.run("doctor", "p.toml")  # what is cached is of the last look, which another test made
    before = tree(running.home, but=".minikube/standin")
    told = len(running.calls())
    for command in ("plan", "doctor", "verify"):
        assert running.run(command, "p.toml").code == 0
    assert tree(running.home, but=".minikube/standin") == before
    assert set(running.calls()[told:]) == {"version"}


@pytest.mark.parametrize("profile", ["tutorial", "default", "none"])
def test_a_saved_state_gives_the_same_findings_elsewhere(
    profile: str, kboot: Kboot, tmp_path: Path
) -> None:
    kboot.minikube("0.25.0")
    state = str(tmp_path / "state.json")
    first = kboot.json("doctor", profile, "--save-state", state)
    (kboot.bin / "minikube").unlink()
    again = kboot.json("doctor", profile, "--from-state", state)
    assert again["findings"] == first["findings"]
    assert again["exit_code"] == first["exit_code"]
    assert again["plan"] == first["plan"]


RUBBISH = {
    "empty": "",
    "not-json": "hello",
    "list": "[]",
    "number": "7",
    "half": '{"system": "linux"}',
    "nested": "[" * 100_000,
    "wrong-types": '{"system": 1, "tools": 2, "cluster": 3}',
}


@pytest.mark.parametrize("text", RUBBISH.values(), ids=RUBBISH)
def test_a_file_that_is_no_saved_state_is_exit_2(text: str, kboot: Kboot) -> None:
    (kboot.work / "state.json").write_text(text)
    document = kboot.json("doctor", "tutorial", "--from-state", "state.json")
    assert (document["exit_code"], document["findings"]) == (2, [])
    assert len(document["error"]["why"]) < 500


def test_a_state_file_that_is_missing_or_cannot_be_written_is_named(kboot: Kboot) -> None:
    missing = kboot.run("doctor", "tutorial", "--from-state", "nowhere.json")
    assert missing.code == 2 and "nowhere.json" in missing.err
    refused = kboot.run("doctor", "tutorial", "--save-state", "no/such/folder")
    assert refused.code == 41 and "no/such/folder" in refused.err
