"""The person's own kubeconfig, as `up`, `plan`, `doctor` and `down` leave it and speak of it."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.helpers.driving.kboot import Kboot, as_root
from tests.helpers.driving.listening import LISTEN
from tests.helpers.driving.reading import joined
from tests.helpers.house import HEAVY
from tests.helpers.working.kubeconfig_owner import PROD

pytestmark = as_root


@pytest.fixture
def mine(new: Kboot) -> Path:
    """The kubeconfig of somebody who works with the context `prod`."""
    file = new.home / ".kube" / "config"
    file.parent.mkdir()
    file.write_text(PROD)
    return file


def added(before: str, after: str) -> list[str]:
    """The lines that are new; every old one must be there, in its order."""
    new, old = [], iter(before.splitlines())
    wanted = next(old, None)
    for line in after.splitlines():
        if line == wanted:
            wanted = next(old, None)
        else:
            new.append(line)
    assert wanted is None, f"changed or gone: {wanted}"
    return new


def steps(told: str) -> list[str]:
    """The verbs of the plan."""
    numbered = (line.split() for line in told.splitlines())
    return [words[1] for words in numbered if len(words) > 1 and words[0].isdigit()]


def context(file: Path) -> str:
    return str(yaml.safe_load(file.read_text())["current-context"])


def test_up_adds_the_cluster_and_nothing_else_and_says_so_before(new: Kboot, mine: Path) -> None:
    told = new.run("plan", "p.toml").out
    assert "merge   new into ~/.kube/config                current context stays prod" in told
    assert mine.read_text() == PROD
    assert new.run("up", "p.toml").code == 0
    lines = added(PROD, mine.read_text())
    assert sum("name: 'new'" in line for line in lines) == 3
    assert not any("current-context" in line for line in lines) and context(mine) == "prod"
    document = new.json("doctor", "p.toml")
    assert document["exit_code"] == 0
    assert document["host"]["cluster"]["yours"]["merged"] == "current"


def test_a_run_with_nothing_to_do_reads_no_yaml_and_leaves_the_file(new: Kboot, mine: Path) -> None:
    assert new.run("up", "p.toml").code == 0
    before, listened = mine.stat(), ("-c", LISTEN, "up", "p.toml")
    modules = json.loads(new.run(*listened, program=(sys.executable,)).out.splitlines()[-1])[2]
    assert set(modules) & HEAVY == set()
    assert mine.stat() == before
    mine.write_text(mine.read_text() + "# a word more\n")
    assert "yaml" in new.run(*listened, program=(sys.executable,)).out
    modules = json.loads(new.run(*listened, program=(sys.executable,)).out.splitlines()[-1])[2]
    assert set(modules) & HEAVY == set()
    assert len(new.calls("start")) == 1


def test_what_was_deleted_by_hand_comes_back_with_a_step_of_its_own(new: Kboot, mine: Path) -> None:
    assert new.run("up", "p.toml").code == 0
    merged = mine.read_text()
    mine.write_text(PROD)
    doctor = new.run("doctor", "p.toml")
    assert doctor.code == 1 and "is not in ~/.kube/config" in joined(doctor.out)
    assert new.run("plan", "p.toml", "--detailed-exitcode").code == 2
    assert new.run("up", "p.toml").code == 0
    assert mine.read_text() == merged and len(new.calls("start")) == 1


def test_the_context_is_switched_when_asked_and_reset_with_the_cluster(
    new: Kboot, mine: Path
) -> None:
    plan = new.run("plan", "--switch-context", "p.toml").out
    assert "current context becomes new" in plan
    assert new.run("up", "--switch-context", "p.toml").code == 0
    assert context(mine) == "new"
    assert new.run("up", "--switch-context", "p.toml").out.startswith("Nothing to do. ")
    assert new.run("down", "--delete", "--yes", "p.toml").code == 0
    assert context(mine) == ""
    assert mine.read_text() == PROD.replace("current-context: prod", "current-context: ''")


def test_without_a_kubeconfig_the_cluster_is_what_kubectl_uses(new: Kboot) -> None:
    assert new.run("up", "p.toml").code == 0
    assert context(new.home / ".kube" / "config") == "new"


def test_a_conflict_leaves_the_file_alone_and_the_cluster_usable(new: Kboot, mine: Path) -> None:
    text = PROD.replace("name: prod", "name: new")
    mine.write_text(text)
    done = new.run("up", "p.toml")
    assert done.code == 1
    assert "✓ serviceaccount" in done.err
    told = joined(done.out + done.err)
    assert "~/.kube/config has another cluster named new at https://prod.example" in told
    assert "`kboot exec p.toml` needs none of it" in told
    assert mine.read_text() == text
    assert new.run("verify", "p.toml").code == 0
    again = new.json("up", "p.toml")
    assert (again["exit_code"], again["outcomes"]) == (1, [])
    new.env["KUBECONFIG"] = "/dev/null"
    assert new.run("up", "p.toml").code == 0


def test_a_broken_file_is_told_with_what_works_and_told_again(new: Kboot, mine: Path) -> None:
    mine.write_text("a: b: c\n")
    plan = new.run("plan", "p.toml")
    assert "it is not YAML" in joined(plan.out) and "merge" not in steps(plan.out)
    for _ in range(2):
        done = new.run("up", "p.toml")
        told = joined(done.out + done.err)
        assert done.code == 1 and "it is not YAML" in told
        assert "`kboot exec p.toml` needs none of it" in told
        assert mine.read_text() == "a: b: c\n"
    assert new.run("verify", "p.toml").code == 0
    mine.write_text(PROD)
    assert new.run("up", "p.toml").code == 0


def test_what_is_left_of_a_cluster_deleted_elsewhere_is_taken_out_unasked(
    new: Kboot, mine: Path
) -> None:
    assert new.run("up", "p.toml").code == 0
    new.end()
    shutil.rmtree(new.home / ".minikube")
    done = new.run("down", "--delete", "p.toml")
    assert done.code == 0
    assert "now from your kubeconfig too" in joined(done.out)
    assert mine.read_text() == PROD
    assert new.run("down", "--delete", "p.toml").out == "Nothing to do: cluster new is absent.\n"
