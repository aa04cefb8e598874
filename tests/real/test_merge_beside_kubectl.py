"""The merge beside the real kubectl, and killed at every system call that writes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.places import ROOT
from tests.helpers.working.kubeconfig_owner import PROD, Owner

pytestmark = pytest.mark.real

MERGE = (
    "import sys; from pathlib import Path\n"
    "from tests.helpers.working.kubeconfig_owner import Owner\n"
    "Owner(Path(sys.argv[1])).merge()\n"
)
WRITING = "write,openat,rename,unlink,mkdir,fsync,fchmod,fchown,link,ftruncate,pwrite64"


class Kubectl:
    def __init__(self, program: Path, owner: Owner) -> None:
        self.program, self.owner = program, owner

    def __call__(self, *words: str) -> str:
        run = subprocess.run(
            (self.program, *words),
            env=self.owner.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout

    def view(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self("config", "view", "--raw", "-o", "json"))
        return {kind: {e["name"]: e for e in document[kind] or ()} for kind in LISTS} | {
            "current": document["current-context"]
        }


LISTS = ("clusters", "users", "contexts")


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path / "home")


@pytest.fixture
def kubectl(kubectl_1_20: Path, owner: Owner) -> Kubectl:
    return Kubectl(kubectl_1_20, owner)


@pytest.mark.parametrize("there", [("one", "two", "three"), ("two", "three"), ("three",), ()])
def test_kubectl_sees_the_cluster_beside_all_that_it_saw_before(
    there: tuple[str, ...], owner: Owner, kubectl: Kubectl
) -> None:
    files = [owner.home / name for name in ("one", "two", "three")]
    for file in files:
        if file.name in there:
            file.write_text(PROD.replace("name: prod", f"name: {file.name}"))
    owner.environ["KUBECONFIG"] = ":".join(map(str, files))
    before = kubectl.view()
    owner.merge()
    after = kubectl.view()
    for kind in LISTS:
        assert set(after[kind]) == {*before[kind], "work"}
        assert {name: after[kind][name] for name in before[kind]} == before[kind]
    assert after["current"] == (before["current"] or "work")
    assert "192.0.2.7:8443" in kubectl("config", "view", "--context=work", "--minify")


@pytest.mark.parametrize("there", [("two", "three"), ()])
def test_new_entries_go_into_the_file_that_kubectl_would_take(
    there: tuple[str, ...], owner: Owner, kubectl: Kubectl
) -> None:
    def written() -> list[str]:
        changed = []
        for file in files:
            if file.exists() and file.read_text() != kept.get(file, ""):
                changed.append(file.name)
            file.unlink(missing_ok=True)
            if file in kept:
                file.write_text(kept[file])
        return changed

    files = [owner.home / name for name in ("one", "two", "three")]
    kept = {file: PROD for file in files if file.name in there}
    owner.environ["KUBECONFIG"] = ":".join(map(str, files))
    written()
    kubectl("config", "set-cluster", "work", "--server=https://192.0.2.7:8443")
    kubectls = written()
    owner.merge()
    assert written() == kubectls != []


def test_what_kubectl_makes_of_the_file_is_still_current(owner: Owner, kubectl: Kubectl) -> None:
    owner.has(PROD)
    owner.merge()
    kubectl("config", "set-context", "work", "--namespace=shop")
    kubectl("config", "use-context", "work")
    assert owner.look().merged.value == "current"
    owner.unmerge()
    assert kubectl.view()["current"] == ""
    assert list(kubectl.view()["contexts"]) == ["prod"]


def test_killed_at_every_system_call_that_writes_the_file_is_whole(owner: Owner) -> None:
    """Counted over the whole process, so the first kills come while Python still starts."""
    command = (sys.executable, "-B", "-c", MERGE, str(owner.home))
    owner.has(PROD)
    calls = owner.home.parent / "calls"
    strace = ("strace", "-qq", "-o", str(calls), "-e", f"trace={WRITING}")
    subprocess.run((*strace, *command), cwd=ROOT, check=True)
    new, lines = owner.config.read_text(), calls.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if "/locks/kubeconfig" in line)
    seen = set()
    for line in range(first, len(lines)):
        name = lines[line].split("(")[0]
        nth = sum(each.startswith(f"{name}(") for each in lines[: line + 1])
        shutil.rmtree(owner.home)
        Owner(owner.home).has(PROD)
        inject = f"inject={name}:signal=KILL:when={nth}"
        run = subprocess.run((*strace[:4], "-e", inject, *command), cwd=ROOT, check=False)
        left = owner.config.read_text()
        assert left in (PROD, new), f"{lines[line]} (run ended with {run.returncode})"
        seen.add(left)
        owner.merge()
        assert owner.config.read_text() == new
        assert [each.name for each in owner.config.parent.iterdir()] == ["config"]
    assert seen == {PROD, new}
