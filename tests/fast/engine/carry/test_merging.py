"""Merging into the person's own kubeconfig: which file, whose entries, and what stays."""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from bootstrap.core.model.state import Merged
from bootstrap.errors import Exit, KbootError
from bootstrap.host.yours import user_file
from bootstrap.host.yours.backups import KEPT
from bootstrap.kubeconfig.private import SIZE_LIMIT
from tests.helpers.places import ROOT
from tests.helpers.working.kubeconfig_owner import PROD, Owner
from tests.helpers.working.odd_kubeconfigs import written

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    return Owner(tmp_path / "home")


def names(file: Path, kind: str = "context") -> list[str]:
    return [each["name"] for each in yaml.safe_load(file.read_text()).get(f"{kind}s") or ()]


def server(file: Path) -> str:
    clusters = yaml.safe_load(file.read_text())["clusters"]
    (found,) = (each["cluster"]["server"] for each in clusters if each["name"] == "work")
    return str(found)


def current(file: Path) -> str:
    return str(yaml.safe_load(file.read_text()).get("current-context", ""))


def refused(owner: Owner) -> KbootError:
    """The error of a merge, which must have changed nothing and say what still works."""
    before = {p: p.lstat().st_ctime_ns for p in owner.config.parent.glob("*")}
    with pytest.raises(KbootError) as raised:
        owner.merge()
    assert "`kboot exec work.toml`" in raised.value.state and raised.value.why
    assert {p: p.lstat().st_ctime_ns for p in owner.config.parent.glob("*")} == before
    return raised.value


def test_the_current_context_stays_and_only_new_entries_are_added(owner: Owner) -> None:
    owner.has(PROD, mode=0o640)
    switch = "kubectl config use-context work"
    assert owner.merge() == f"current context: prod; to switch: {switch}"
    lines = owner.config.read_text().splitlines(keepends=True)
    old = iter(PROD.splitlines(keepends=True))
    wanted = next(old)
    for line in lines:
        if line == wanted:
            wanted = next(old, "")
    assert wanted == "", "a line of the old file is gone or moved"
    assert names(owner.config) == ["prod", "work"] and current(owner.config) == "prod"
    assert stat.S_IMODE(owner.config.stat().st_mode) == 0o640
    assert [each.name for each in owner.config.parent.iterdir()] == ["config"]


def test_a_missing_file_is_made_for_its_owner_only(owner: Owner) -> None:
    owner.merge()
    assert current(owner.config) == "work"
    assert stat.S_IMODE(owner.config.stat().st_mode) == 0o600
    assert stat.S_IMODE(owner.config.parent.stat().st_mode) == 0o700
    assert owner.backups == []


@pytest.mark.parametrize("text", ["", "apiVersion: v1\nkind: Config\n", "current-context: ''\n"])
def test_where_no_context_is_current_the_cluster_becomes_it(owner: Owner, text: str) -> None:
    owner.has(text)
    owner.merge()
    assert current(owner.config) == "work"


def test_a_context_unset_afterwards_is_no_reason_to_merge(owner: Owner) -> None:
    owner.merge()
    owner.config.write_text(owner.config.read_text().replace("current-context: work\n", ""))
    assert owner.look().merged is Merged.CURRENT
    owner.starts("https://192.0.2.8:1")
    owner.merge()
    assert current(owner.config) == "work"


def test_nothing_is_written_where_nothing_would_change(owner: Owner) -> None:
    owner.has(PROD)
    owner.merge()
    before = owner.config.stat()
    assert owner.merge() == "nothing to change"
    assert owner.config.stat() == before and len(owner.backups) == 1


def test_the_first_state_and_those_before_the_last_changes_are_kept(owner: Owner) -> None:
    owner.has(PROD)
    for port in range(KEPT + 4):
        owner.starts(f"https://192.0.2.7:{port}")
        owner.merge()
    first, *last = owner.backups
    assert first == PROD
    ports = range(KEPT + 3 - KEPT, KEPT + 3)
    assert [f"192.0.2.7:{port}" in text for port, text in zip(ports, last, strict=True)] == (
        [True] * KEPT
    )
    folder = owner.around.places.backups
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}


def test_a_moved_address_is_renewed_and_what_the_person_added_is_kept(owner: Owner) -> None:
    owner.has(PROD)
    owner.merge()
    text = owner.config.read_text().replace("namespace: default", "namespace: shop")
    owner.config.write_text(text)
    assert owner.look().merged is Merged.CURRENT
    owner.starts("https://192.0.2.8:1")
    assert owner.look().merged is Merged.DUE
    owner.merge()
    assert owner.config.read_text() == text.replace("192.0.2.7:8443", "192.0.2.8:1")


def test_entries_deleted_by_hand_are_due_again(owner: Owner) -> None:
    owner.has(PROD)
    owner.merge()
    assert owner.look().merged is Merged.CURRENT
    owner.has(PROD)
    assert owner.look().merged is Merged.DUE


def foreign(kind: str) -> str:
    """A file whose `kind` entry of the cluster's name is somebody else's."""
    bodies = {
        "cluster": {"server": "https://elsewhere.example"},
        "user": {"token": "another"},
        "context": {"cluster": "prod", "user": "prod"},
    }
    return yaml.safe_dump({f"{kind}s": [{"name": "work", kind: bodies[kind]}]})


@pytest.mark.parametrize("kind", ["cluster", "user", "context"])
def test_an_entry_of_the_name_that_is_anothers_is_left_alone(owner: Owner, kind: str) -> None:
    owner.has(foreign(kind))
    seen = owner.look()
    assert seen.merged is Merged.CONFLICT
    assert seen.why.startswith(f"~/.kube/config has another {kind} named work")
    error = refused(owner)
    assert error.code is Exit.CONFLICT
    assert not owner.around.places.merged("work").exists()


def test_anothers_entry_is_seen_before_the_first_start(owner: Owner) -> None:
    owner.around.places.kubeconfig("work").unlink()
    owner.has(foreign("cluster"))
    assert owner.look().merged is Merged.CONFLICT
    owner.has(PROD)
    seen = owner.look()
    assert (seen.merged, seen.current_context) == (Merged.NOT_LOOKED, "prod")


@pytest.mark.parametrize("signed", [True, False])
def test_what_minikube_itself_wrote_of_the_cluster_is_renewed(owner: Owner, signed: bool) -> None:
    ca = {"certificate-authority": f"{owner.minikube}/ca.crt"}
    if signed:
        told = {"provider": "minikube.sigs.k8s.io", "version": "v1.38.1"}
        extension = {"name": "cluster_info", "extension": told}
        ca = {"certificate-authority-data": "QQ==", "extensions": [extension]}  # type: ignore[dict-item]
    cluster = {"name": "work", "cluster": {"server": "https://192.0.2.1:8443", **ca}}
    owner.has(yaml.safe_dump({"clusters": [cluster]}))
    assert owner.look().merged is Merged.DUE
    owner.merge()
    assert server(owner.config) == "https://192.0.2.7:8443"
    assert names(owner.config, "cluster") == ["work"]


def test_a_minikube_of_another_home_is_another(owner: Owner) -> None:
    body = {"server": "https://192.0.2.1:8443", "certificate-authority": "/mnt/.minikube/ca.crt"}
    owner.has(yaml.safe_dump({"clusters": [{"name": "work", "cluster": body}]}))
    assert owner.look().merged is Merged.CONFLICT


BROKEN = {
    "rubbish": "{{",
    "list": "- a",
    "two": "a: 1\n---\nb: 1",
    "binary": "a: \x01",
    "two files in one": PROD + PROD,
    "a key twice in an entry": PROD.replace("    token: secret", "    token: a\n    token: b"),
    "two entries of one name": PROD.replace("users:\n", "users:\n- name: prod\n"),
    "a number for a name": PROD.replace("name: prod", "name: 72225e2"),
    "a tag": f"{PROD}x: !!timestamp y\n",
    "nested without end": f"{PROD}x: {'[' * 900}{']' * 900}\n",
    "no room for more": f"{PROD}x: {'y' * (SIZE_LIMIT - len(PROD) - 9)}\n",
    "UTF-16": PROD.encode("utf-16").decode("latin-1"),
    "Latin-1": f"{PROD}# \xe9\n",
}


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_kubeconfig_is_told_before_and_left(
    owner: Owner, text: str, started: bool
) -> None:
    owner.has("")
    owner.config.write_bytes(text.encode("latin-1"))
    if not started:
        owner.around.places.kubeconfig("work").unlink()
    seen = owner.look()
    assert seen.merged is Merged.UNUSABLE and str(owner.config) in seen.why
    owner.starts()
    assert refused(owner).code is Exit.TOOL_NOT_UNDERSTOOD


@pytest.mark.parametrize("seed", range(3))
def test_what_is_said_before_the_first_start_is_what_the_merge_comes_to(
    tmp_path: Path, seed: int
) -> None:
    came = set()
    for number, text in enumerate(written(60, seed)):
        owner = Owner(tmp_path / str(number))
        owner.has(text)
        private = owner.around.places.kubeconfig("work")
        private.unlink()
        promised = owner.look().merged is Merged.NOT_LOOKED
        owner.starts()
        if promised:
            owner.merge()
            assert owner.look().merged is Merged.CURRENT
        else:
            refused(owner)
            assert owner.config.read_bytes() == text.encode()
        came.add(promised)
    assert came == {True, False}


def read_only(owner: Owner) -> None:
    owner.has(PROD, mode=0o400)


def given_away(owner: Owner) -> None:
    owner.has(PROD)
    os.chown(owner.config, NOBODY, NOBODY)


def folder(owner: Owner) -> None:
    owner.config.mkdir(parents=True)


def dangling(owner: Owner) -> None:
    owner.config.parent.mkdir()
    owner.config.symlink_to(owner.home / "gone" / "config")


def circle(owner: Owner) -> None:
    owner.config.parent.mkdir()
    owner.config.symlink_to(owner.config)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (read_only, "is read-only"),
        pytest.param(given_away, "belongs to another user", marks=as_root),
        (folder, "directory"),
        (dangling, "whose folder does not exist"),
        (circle, "symbolic links"),
    ],
)
def test_a_file_that_must_not_or_cannot_be_replaced_is_told_and_left(
    owner: Owner, spoil: object, said: str
) -> None:
    assert callable(spoil)
    spoil(owner)
    seen = owner.look()
    assert seen.merged is Merged.UNUSABLE and said in seen.why
    assert said in refused(owner).why


def test_a_link_stays_a_link_and_its_target_is_replaced(owner: Owner) -> None:
    target = owner.home / "dotfiles" / "kubeconfig"
    target.parent.mkdir()
    owner.config.parent.mkdir()
    owner.config.symlink_to(target)
    owner.merge()
    assert names(target) == ["work"]
    target.write_text(PROD)
    owner.merge()
    assert owner.config.is_symlink() and names(target) == ["prod", "work"]


def three(owner: Owner, *there: str) -> tuple[Path, ...]:
    files = tuple(owner.home / name for name in ("one", "two", "three"))
    for file in files:
        if file.name in there:
            file.write_text(PROD.replace("prod", file.name))
    owner.environ["KUBECONFIG"] = ":".join(["", *(str(file) for file in files), ""])
    return files


def test_of_several_files_the_first_that_is_there_gets_new_entries(owner: Owner) -> None:
    one, two, three_ = three(owner, "two", "three")
    before = three_.read_text()
    owner.merge()
    assert names(two) == ["two", "work"] and current(two) == "two"
    assert not one.exists() and three_.read_text() == before and not owner.config.exists()


def test_of_several_files_none_of_which_is_there_the_last_is_made(owner: Owner) -> None:
    one, two, three_ = three(owner)
    owner.merge()
    assert names(three_) == ["work"] and not one.exists() and not two.exists()


def test_an_entry_is_renewed_in_the_file_where_it_stands(owner: Owner) -> None:
    one, two, three_ = three(owner, "two", "three")
    owner.merge()
    one.write_text(PROD.replace("prod", "one"))
    before = one.read_text(), three_.read_text()
    owner.starts("https://192.0.2.8:1")
    owner.merge()
    assert server(two) == "https://192.0.2.8:1"
    assert (one.read_text(), three_.read_text()) == before
    owner.unmerge()
    assert names(two) == ["two"]


def test_the_private_file_that_env_puts_into_kubeconfig_is_not_the_persons(owner: Owner) -> None:
    private = owner.around.places.kubeconfig("work")
    owner.environ["KUBECONFIG"] = str(private)
    before = private.read_text()
    owner.merge()
    assert names(owner.config) == ["work"] and private.read_text() == before


def test_after_env_was_evaluated_the_file_of_the_earlier_merge_is_the_persons(owner: Owner) -> None:
    _, two, _ = three(owner, "two")
    owner.merge()
    owner.environ["KUBECONFIG"] = str(owner.around.places.kubeconfig("work"))
    assert owner.look().merged is Merged.CURRENT
    owner.starts("https://192.0.2.8:1")
    owner.merge()
    assert server(two) == "https://192.0.2.8:1" and not owner.config.exists()


def test_with_dev_null_for_a_kubeconfig_nothing_is_merged(owner: Owner) -> None:
    owner.environ["KUBECONFIG"] = "/dev/null"
    assert owner.look().merged is Merged.OFF


def test_taking_out_gives_the_old_file_and_keeps_what_is_anothers(owner: Owner) -> None:
    owner.has(PROD)
    owner.merge()
    assert owner.unmerge() == "taken out of ~/.kube/config"
    assert owner.config.read_text() == PROD
    assert not owner.look().recorded
    owner.merge()
    owner.has(foreign("cluster"))
    before = owner.config.stat()
    owner.unmerge()
    assert owner.config.stat() == before


def test_taking_out_resets_the_current_context_only_where_it_is_the_clusters(owner: Owner) -> None:
    owner.has(PROD)
    owner.merge(switch=True)
    owner.unmerge()
    assert current(owner.config) == "" and names(owner.config) == ["prod"]


def test_a_lock_of_kubectls_is_waited_for_and_never_stolen(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.has(PROD)
    lock = owner.config.with_name("config.lock")
    os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0))
    monkeypatch.setattr(user_file, "LOCK_SECONDS", 0.05)
    error = refused(owner)
    assert error.code is Exit.LOCK_TIMEOUT and str(lock) in error.next
    lock.unlink()
    owner.merge()
    assert names(owner.config) == ["prod", "work"]


def test_a_change_that_another_program_makes_meanwhile_is_not_lost(owner: Owner) -> None:
    owner.has(PROD)
    lock = owner.config.with_name("config.lock")
    os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0))
    merging = threading.Thread(target=owner.merge)
    merging.start()
    while not list(owner.config.parent.glob(".config.kboot-*")):
        assert merging.is_alive()
    owner.config.write_text(PROD.replace("prod", "staging"))
    lock.unlink()
    merging.join()
    assert names(owner.config) == ["staging", "work"]


def test_clusters_merged_at_once_are_all_there(tmp_path: Path) -> None:
    owner = Owner(tmp_path / "home")
    private = owner.around.places.kubeconfig("work")
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.helpers.working.kubeconfig_owner import *\n"
        "owner = Owner(Path(sys.argv[1]))\n"
        "merge(MergeKubeconfig(sys.argv[2], '', ''), owner.work)\n"
    )
    clusters = [f"c{number}" for number in range(4)]
    for name in clusters:
        own = owner.around.places.kubeconfig(name)
        own.parent.mkdir()
        own.write_text(private.read_text().replace('"work"', f'"{name}"'))
    started = [
        subprocess.Popen((sys.executable, "-c", program, str(owner.home), name), cwd=ROOT)
        for name in clusters
    ]
    assert [each.wait() for each in started] == [0] * len(clusters)
    assert sorted(names(owner.config)) == clusters


@pytest.mark.skipif(sys.platform != "linux", reason="forks under a tracing interpreter")
def test_killed_at_any_line_the_file_is_the_old_or_the_new_one_whole(tmp_path: Path) -> None:
    words = (sys.executable, "-m", "tests.helpers.working.killed_merger", str(tmp_path))
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(run.stdout)
    new = told[-1][0]
    assert len(told) > 100 and new != PROD
    for left, _, merged, last, clean, then in told:
        assert left in (PROD, new)
        assert merged == "due" or (left == new and clean), "what was left behind is not seen"
        assert (last, clean, then) == (new, True, "current")
    assert any(stray for _, stray, *_ in told) and {PROD, new} == {each[0] for each in told}
