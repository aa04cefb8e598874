"""`kboot config`: what stood in the person's kubeconfig before kboot's changes can be had back."""

import stat
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import Kboot
from tests.helpers.driving.reading import joined
from tests.helpers.working.kubeconfig_owner import PROD, Owner


@pytest.fixture
def owner(kboot: Kboot) -> Owner:
    """Whose kubeconfig kboot changed three times."""
    made = Owner(kboot.home)
    made.has(PROD, mode=0o640)
    for port in (1, 2, 3):
        made.starts(f"https://192.0.2.7:{port}")
        made.merge()
    return made


def test_each_state_is_listed_with_a_number(kboot: Kboot, owner: Owner) -> None:
    done = kboot.run("config")
    lines = [line.split() for line in done.out.splitlines() if "~/.kube/config" in line]
    assert [line[0] for line in lines] == ["1", "2", "3"]
    assert [line[5:] for line in lines] == [["the", "first,", "kept", "for", "ever"], [], []]
    document = kboot.json("config", "backups")
    assert [Path(each["kept"]).read_text() for each in document["backups"]] == owner.backups
    assert document["profile"] is None


def test_one_is_put_back_with_the_rights_that_the_file_has_and_the_present_one_is_kept(
    kboot: Kboot, owner: Owner
) -> None:
    present = owner.config.read_text()
    done = kboot.run("config", "restore", "1")
    assert done.code == 0 and "what stood there is backup 4" in joined(done.out)
    assert owner.config.read_text() == PROD
    assert stat.S_IMODE(owner.config.stat().st_mode) == 0o640
    assert kboot.run("config", "restore").code == 0
    assert owner.config.read_text() == present
    assert owner.backups[0] == owner.backups[-1] == PROD


def test_a_file_that_is_gone_comes_back_for_its_owner_only(kboot: Kboot, owner: Owner) -> None:
    owner.config.unlink()
    assert kboot.run("config", "restore", "1").code == 0
    assert owner.config.read_text() == PROD
    assert stat.S_IMODE(owner.config.stat().st_mode) == 0o600


def test_each_of_several_files_keeps_its_own_states(kboot: Kboot) -> None:
    owner = Owner(kboot.home)
    one, two = (owner.home / name for name in ("one", "two"))
    for file in (one, two):
        file.write_text(PROD.replace("prod", file.name))
        owner.environ["KUBECONFIG"] = str(file)
        for port in range(8):
            owner.starts(f"https://192.0.2.7:{port}")
            owner.merge()
    listed = kboot.json("config", "backups")["backups"]
    assert [each["of"] for each in listed] == ["~/one"] * 6 + ["~/two"] * 6
    (first,) = (each["number"] for each in listed if each["first"] and each["of"] == "~/two")
    assert kboot.run("config", "restore", str(first)).code == 0
    assert two.read_text() == PROD.replace("prod", "two") and "work" in one.read_text()


def test_a_file_that_cannot_be_replaced_is_left_and_said(kboot: Kboot, owner: Owner) -> None:
    (owner.home / "another").hardlink_to(owner.config)
    present, kept = owner.config.read_text(), owner.backups
    done = kboot.run("config", "restore", "1")
    assert done.code == 41 and "hard links" in joined(done.err)
    assert "~/.kube/config is as it was" in joined(done.err)
    assert (owner.config.read_text(), owner.backups) == (present, kept)


@pytest.mark.parametrize("words", [("restore", "9"), ("restore", "x"), ("backups", "1"), ("show",)])
def test_a_line_that_cannot_be_meant_is_exit_2(
    words: tuple[str, ...], kboot: Kboot, owner: Owner
) -> None:
    before = owner.config.read_text()
    assert kboot.run("config", *words).code == 2
    assert owner.config.read_text() == before


def test_neither_a_profile_nor_a_backup_is_needed(kboot: Kboot) -> None:
    kboot.profile("this is no profile", "kboot.toml")
    done = kboot.run("config", "backups")
    assert done.code == 0 and "none is kept" in done.out
    assert kboot.run("config", "restore").code == 2
