"""A stored tool that is not the bytes that were verified: never run, mended where that can be."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import NOBODY, Done, Kboot, as_root, on_amd64, script, tree
from tests.helpers.driving.publishing import downloads, published, wants
from tests.helpers.serving.mirror import Fault, Mirror

pytestmark = on_amd64

SAYS = '{"clientVersion": {"gitVersion": "v1.24.0"}}'


@pytest.fixture
def mirror(kboot: Kboot) -> Iterator[Mirror]:
    """kubectl's publisher; 1.24.0 is installed for the profile p.toml."""
    with published(kboot, "1.24.0", "1.25.0") as mirror:
        assert kboot.run("up", wants(kboot, "1.24.0")).code == 0
        mirror.requests.clear()
        yield mirror


def place(kboot: Kboot) -> Path:
    (found,) = (kboot.data / "artifacts" / "kubectl").glob("1.24.0-*")
    return found


def stored(kboot: Kboot) -> Path:
    return place(kboot) / "kubectl"


def link(kboot: Kboot) -> Path:
    (found,) = kboot.data.glob("profiles/*/current/kubectl")
    return found


def canary(kboot: Kboot) -> str:
    """A kubectl that says the right version, and leaves a mark wherever it runs."""
    return f"echo ran >> {kboot.folder}/mark\necho '{SAYS}'"


def marked(kboot: Kboot) -> bool:
    return (kboot.folder / "mark").exists()


def one_byte(kboot: Kboot) -> None:
    stored(kboot).chmod(0o755)
    with stored(kboot).open("r+b") as file:
        file.seek(12)
        file.write(b"E")


def swapped(kboot: Kboot) -> None:
    script(stored(kboot), canary(kboot))


def swapped_by_a_rename(kboot: Kboot) -> None:
    script(kboot.folder / "evil", canary(kboot))
    (kboot.folder / "evil").replace(stored(kboot))


def swapped_with_its_receipt(kboot: Kboot) -> None:
    import hashlib

    swapped(kboot)
    digest = hashlib.sha256(stored(kboot).read_bytes()).hexdigest()
    receipt = place(kboot) / "receipt.json"
    status = stored(kboot).stat()
    seal = [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    known = json.loads(receipt.read_text())
    forged = {"sha256": digest, "executable_sha256": digest, "size": status.st_size, "seal": seal}
    receipt.write_text(json.dumps(known | forged))


def truncated(kboot: Kboot) -> None:
    stored(kboot).chmod(0o755)
    os.truncate(stored(kboot), 10)


def empty(kboot: Kboot) -> None:
    stored(kboot).chmod(0o755)
    os.truncate(stored(kboot), 0)


def with_its_old_times(kboot: Kboot) -> None:
    before = stored(kboot).stat()
    stored(kboot).chmod(0o755)
    text = stored(kboot).read_text()
    stored(kboot).write_text(text.replace("echo", "ECHO"))
    os.utime(stored(kboot), ns=(before.st_atime_ns, before.st_mtime_ns))


def sparse(kboot: Kboot) -> None:
    stored(kboot).chmod(0o755)
    os.truncate(stored(kboot), 10 << 30)


def fifo(kboot: Kboot) -> None:
    stored(kboot).unlink()
    os.mkfifo(stored(kboot), 0o755)


def fifo_for_a_receipt(kboot: Kboot) -> None:
    swapped(kboot)
    (place(kboot) / "receipt.json").unlink()
    os.mkfifo(place(kboot) / "receipt.json")


def no_receipt(kboot: Kboot) -> None:
    swapped(kboot)
    (place(kboot) / "receipt.json").unlink()


def linked_file(kboot: Kboot) -> None:
    script(kboot.folder / "evil", canary(kboot))
    stored(kboot).unlink()
    stored(kboot).symlink_to(kboot.folder / "evil")


def linked_place(kboot: Kboot) -> None:
    there = place(kboot)
    swapped(kboot)
    there.rename(kboot.folder / "elsewhere")
    there.symlink_to(kboot.folder / "elsewhere")


def led_elsewhere(kboot: Kboot) -> None:
    """The profile's link leads out of the store, where a receipt lies beside the program."""
    elsewhere = kboot.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "receipt.json").write_bytes((place(kboot) / "receipt.json").read_bytes())
    script(elsewhere / "kubectl", canary(kboot))
    found = link(kboot)
    found.unlink()
    found.symlink_to(elsewhere / "kubectl")


def writable_for_all(kboot: Kboot) -> None:
    swapped(kboot)
    stored(kboot).chmod(0o777)


def gone(kboot: Kboot) -> None:
    stored(kboot).unlink()


DAMAGES = [
    *(one_byte, swapped, swapped_by_a_rename, swapped_with_its_receipt, truncated, empty),
    *(with_its_old_times, sparse, fifo, fifo_for_a_receipt, no_receipt, linked_file, linked_place),
    *(led_elsewhere, writable_for_all, gone),
]
damaged = pytest.mark.parametrize("damage", DAMAGES, ids=lambda each: each.__name__)
Damage = Callable[[Kboot], None]


def says(kboot: Kboot) -> str:
    done = subprocess.run([str(link(kboot))], env={}, capture_output=True, check=True)
    version: str = json.loads(done.stdout)["clientVersion"]["gitVersion"]
    return version


@damaged
def test_what_is_not_as_verified_is_told_of_never_run_and_installed_again(
    damage: Damage, kboot: Kboot, mirror: Mirror
) -> None:
    damage(kboot)
    told = kboot.json("doctor", "p.toml")
    (finding,) = [each for each in told["findings"] if each["subject"] == "kubectl"]
    assert (told["exit_code"], finding["status"], finding["reason"]) == (1, "drift", "damaged")
    assert len(finding["message"]) > len("damaged: ")
    for words in (("exec", "p.toml", "--", "kubectl", "version"), ("env", "p.toml")):
        refused = kboot.run(*words)
        assert (refused.code, refused.out) == (1, "")
        assert "damaged" in refused.err
    assert kboot.run("up", "p.toml").code == 0
    assert not marked(kboot)
    assert says(kboot) == "v1.24.0"
    assert kboot.run("doctor", "p.toml").code == 0
    assert not marked(kboot)


@pytest.mark.parametrize("damage", [e for e in DAMAGES if e is not led_elsewhere])
def test_where_the_source_does_not_answer_nothing_is_lost_and_the_error_says_so(
    damage: Damage, kboot: Kboot, mirror: Mirror
) -> None:
    damage(kboot)
    before = _bytes(kboot)
    mirror.fault("/release/v1.24.0/bin/linux/amd64/kubectl", *[Fault(status=404)] * 9)
    mirror.fault("/release/v1.24.0/bin/linux/amd64/kubectl.sha256", *[Fault(status=404)] * 9)
    done = kboot.run("up", "p.toml")
    assert done.code == 21, done
    assert "damaged" in done.err
    assert _bytes(kboot) == before
    assert not marked(kboot)


def _bytes(kboot: Kboot) -> dict[str, str]:
    """What lies where, to the first KiB; their rights may be less afterwards."""
    found = {}
    for path in sorted((kboot.data / "artifacts").rglob("*")):
        name = str(path.relative_to(kboot.data))
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            with path.open("rb") as file:
                found[name] = repr((path.stat().st_size, file.read(1024)))
        else:
            found[name] = f"of type {path.lstat().st_mode:o}"
    return found


@pytest.mark.parametrize("words", [(), ("--fresh",)])
def test_a_truncated_tool_blocks_neither_its_profile_nor_another_version(
    words: tuple[str, ...], kboot: Kboot, mirror: Mirror
) -> None:
    truncated(kboot)
    done = kboot.run("up", *words, wants(kboot, "1.25.0"))
    assert done.code == 0, done
    assert (says(kboot), downloads(mirror)) == ("v1.25.0", ["1.25.0"])


def test_another_profiles_damaged_tool_on_path_is_passed_over(kboot: Kboot, mirror: Mirror) -> None:
    swapped(kboot)
    (kboot.folder / "first").mkdir()
    (kboot.folder / "first" / "kubectl").symlink_to(link(kboot))
    kboot.env["PATH"] = f"{kboot.folder / 'first'}:{kboot.env['PATH']}"
    kboot.profile(
        'name = "q"\n[tools]\nkubectl = {version = "1.24.0", policy = "warn"}\n', "q.toml"
    )
    script(kboot.folder / "home-made", f"echo '{SAYS}'")
    (kboot.folder / "home-made").rename(kboot.bin / "kubectl")
    done = kboot.run("doctor", "q.toml")
    assert done.code == 0, done
    assert f"kboot does not run {kboot.folder}/first/kubectl" in " ".join(done.out.split())
    assert not marked(kboot)


def test_a_receipt_of_a_newer_kboot_is_no_damage(kboot: Kboot, mirror: Mirror) -> None:
    receipt = place(kboot) / "receipt.json"
    known = json.loads(receipt.read_text())
    receipt.write_text(json.dumps(known | {"signed_by": ["somebody"]}))
    assert kboot.run("doctor", "p.toml").code == 0
    assert mirror.requests == []


def test_a_receipt_of_an_older_kboot_is_believed_after_one_look_at_the_bytes(
    kboot: Kboot, mirror: Mirror
) -> None:
    receipt = place(kboot) / "receipt.json"
    known = json.loads(receipt.read_text())
    del known["seal"]
    receipt.write_text(json.dumps(known))
    assert kboot.run("doctor", "p.toml").code == 0
    swapped(kboot)
    assert kboot.run("doctor", "p.toml").code == 1
    assert not marked(kboot)


def test_a_store_that_was_copied_is_believed_by_its_bytes(kboot: Kboot, mirror: Mirror) -> None:
    """As by a backup or in the layer of an image: inodes and times are others."""
    copied = stored(kboot).read_bytes()
    stored(kboot).unlink()
    stored(kboot).write_bytes(copied)
    stored(kboot).chmod(0o555)
    assert kboot.run("doctor", "p.toml").code == 0
    assert kboot.run("exec", "p.toml", "--", "kubectl").code == 0
    assert mirror.requests == []


def test_a_damaged_link_of_a_tool_that_is_declared_no_more_is_not_given_to_a_shell(
    kboot: Kboot, mirror: Mirror
) -> None:
    swapped(kboot)
    kboot.profile('name = "p"\n[tools]\ndocker = {version = ">=1", policy = "warn"}\n')
    done = kboot.run("exec", "p.toml", "--", "kubectl")
    assert (done.code, "kubectl in kboot's store is damaged" in done.err) == (1, True)
    assert not marked(kboot)


@as_root
def test_a_stored_file_of_another_user_is_not_run(kboot: Kboot, mirror: Mirror) -> None:
    os.chown(stored(kboot), NOBODY, NOBODY)
    done: Done = kboot.run("doctor", "p.toml")
    assert (done.code, "belongs to nobody" in done.out) == (1, True)
    assert kboot.run("up", "p.toml").code == 0
    assert stored(kboot).stat().st_uid == 0


def test_the_store_is_verified_byte_by_byte_also_where_nothing_seems_touched(
    kboot: Kboot, mirror: Mirror
) -> None:
    assert kboot.run("store", "verify").code == 0
    swapped(kboot)
    receipt = place(kboot) / "receipt.json"
    status = stored(kboot).stat()
    seal = [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    receipt.write_text(json.dumps(json.loads(receipt.read_text()) | {"seal": seal}))
    (kboot.data / "artifacts" / "kubectl" / "stray").mkdir()
    before = tree(kboot.data)
    done = kboot.run("store", "verify")
    said = " ".join(done.out.split())
    assert (done.code, "2 of 2 tools are not as verified" in said) == (1, True)
    found = kboot.json("store", "verify")["findings"]
    assert [(each["status"], each["reason"]) for each in found] == [
        ("fail", "differs"),
        ("unknown", "no-receipt"),
    ]
    assert tree(kboot.data) == before
    assert not marked(kboot)


def test_an_empty_store_is_as_verified_and_the_command_takes_no_profile(kboot: Kboot) -> None:
    done = kboot.run("store", "verify")
    assert (done.code, "all are as verified" in done.out) == (0, True)
    assert kboot.run("store", "mend").code == 2
    assert kboot.run("store").code == 0
    assert kboot.run("store", "verify", "p.toml").code == 2
