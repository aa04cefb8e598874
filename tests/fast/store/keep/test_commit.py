import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bootstrap import __version__
from bootstrap.core.model.catalogue import Artifact
from bootstrap.core.model.events import Event
from bootstrap.core.values.codec import to_plain
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.places import Places
from bootstrap.store.keep.commit import Delivery, install
from bootstrap.store.keep.generation import link
from bootstrap.store.keep.intact import is_intact
from bootstrap.store.keep.receipt import RECEIPT, executable_of, place_of, seal
from tests.helpers.places import ROOT
from tests.helpers.serving.mirror import Fault, Mirror
from tests.helpers.waiting import until
from tests.helpers.working.installer import Order
from tests.helpers.working.samples import BODY, PATH, artifact, executables, places_in
from tests.helpers.working.starting import Start

OLD = b"#!/bin/sh\necho old\n"


def put(mirror: Mirror, places: Places, wanted: Artifact, path: str = PATH) -> Path:
    delivery = Delivery(mirror.url + path, mirror.ca_file, "2026-01-02T03:04:05Z")
    return install(wanted, places, delivery, lambda event: None)


def put_old(mirror: Mirror, places: Places) -> None:
    """An earlier version is installed and linked for profile p."""
    file = mirror.ca_file.with_name("old")
    file.write_bytes(OLD)
    mirror.files["/old"] = file
    path = put(mirror, places, artifact(OLD, version="1.0.0"), "/old")
    link(places, "p", {"kubectl": path})
    mirror.requests.clear()


def refused(mirror: Mirror, places: Places, wanted: Artifact) -> KbootError:
    with pytest.raises(KbootError) as caught:
        put(mirror, places, wanted)
    return caught.value


def linked(places: Places) -> bytes:
    return (places.links("p") / "kubectl").read_bytes()


def test_an_installed_file_is_executable_and_its_receipt_beside_it(
    mirror: Mirror, places: Places
) -> None:
    wanted = artifact()
    path = put(mirror, places, wanted)
    assert path == executable_of(places, wanted)
    assert path.read_bytes() == BODY
    assert path.stat().st_mode & 0o7777 == 0o555
    assert json.loads((path.parent / RECEIPT).read_text()) == {
        "tool": "kubectl",
        "version": "1.2.3",
        "platform": "linux/amd64",
        "url": mirror.url + PATH,
        "sha256": wanted.sha256,
        "origin": "made by the test",
        "trust": "catalogue",
        "size": len(BODY),
        "member": "",
        "executable_sha256": wanted.sha256,
        "installed_at": "2026-01-02T03:04:05Z",
        "kboot": __version__,
        "seal": list(seal(path.stat())),
    }
    assert list(places.staging.iterdir()) == []


def test_a_member_of_an_archive_is_installed_without_the_archive(
    mirror: Mirror, places: Places
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("client/kubectl")
        info.size = len(OLD)
        archive.addfile(info, io.BytesIO(OLD))
    mirror.files[PATH].write_bytes(packed.getvalue())
    wanted = artifact(packed.getvalue(), member="client/kubectl")
    path = put(mirror, places, wanted)
    assert path.read_bytes() == OLD
    assert sorted(each.name for each in path.parent.iterdir()) == ["kubectl", RECEIPT]
    receipt = json.loads((path.parent / RECEIPT).read_text())
    assert receipt["executable_sha256"] == hashlib.sha256(OLD).hexdigest()
    put(mirror, places, wanted)
    assert len(mirror.requests) == 1


def test_what_is_installed_is_not_fetched_again(mirror: Mirror, places: Places) -> None:
    put(mirror, places, artifact())
    put(mirror, places, artifact())
    assert len(mirror.requests) == 1


@pytest.mark.parametrize("damage", ["byte", "mode", "receipt", "file", "folder"])
def test_a_damaged_installation_is_replaced(mirror: Mirror, places: Places, damage: str) -> None:
    path = put(mirror, places, artifact())
    match damage:
        case "byte":
            path.chmod(0o755)
            path.write_bytes(BODY[:-1] + b"?")
        case "mode":
            path.chmod(0o644)
        case "receipt":
            (path.parent / RECEIPT).write_text("{}")
        case "file":
            path.unlink()
        case "folder":
            path.parent.rename(path.parent.with_name("elsewhere"))
            path.parent.write_text("a file in its place")
    assert put(mirror, places, artifact()).read_bytes() == BODY
    assert len(mirror.requests) == 2
    assert list(places.staging.iterdir()) == []


def test_a_damaged_file_is_not_left_executable_when_its_replacement_fails(
    mirror: Mirror, places: Places
) -> None:
    path = put(mirror, places, artifact())
    path.chmod(0o755)
    path.write_bytes(b"evil")
    mirror.fault(PATH, Fault(status=404))
    refused(mirror, places, artifact())
    assert executables(places.data) == []


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ([Fault(flip=7)], Exit.INTEGRITY),
        ([Fault(length_error=1)], Exit.INTEGRITY),
        ([Fault(length_error=-1)], Exit.INTEGRITY),
        ([Fault(cut=100_000)] * 3, Exit.NETWORK_UNREACHABLE),
        ([Fault(reset=True)] * 3, Exit.NETWORK_UNREACHABLE),
        ([Fault(status=404)], Exit.SERVER_ERROR),
        ([Fault(status=302, headers={"Location": "http://h.invalid/"})], Exit.POLICY_DENIES),
    ],
)
def test_whatever_fails_the_previous_version_stays_linked_and_nothing_else_is_executable(
    mirror: Mirror, places: Places, faults: list[Fault], code: Exit
) -> None:
    put_old(mirror, places)
    mirror.fault(PATH, *faults)
    assert refused(mirror, places, artifact()).code is code
    assert linked(places) == OLD
    assert [path.read_bytes() for path in executables(places.data)] == [OLD]
    assert list(places.staging.iterdir()) == []
    assert not place_of(places, artifact()).exists()


def test_an_archive_that_is_none_is_not_installed(mirror: Mirror, places: Places) -> None:
    assert refused(mirror, places, artifact(member="client/kubectl")).code is Exit.INTEGRITY
    assert executables(places.data) == []
    assert list(places.staging.iterdir()) == []


def test_nothing_is_executable_before_it_is_verified(mirror: Mirror, places: Places) -> None:
    mirror.fault(PATH, Fault(stall=60, stall_at=400_000))
    thread = threading.Thread(target=put, args=(mirror, places, artifact()))
    thread.start()
    until(lambda: [path for path in places.staging.rglob("kubectl") if path.stat().st_size])
    assert executables(places.data) == []
    assert not places.artifacts.exists()
    mirror.release.set()
    thread.join()
    assert executables(places.data) == [executable_of(places, artifact())]


def test_a_place_that_cannot_be_written_to_is_a_matter_of_permission(
    mirror: Mirror, places: Places
) -> None:
    places.staging.write_text("a file in its place")
    assert refused(mirror, places, artifact()).code is Exit.PERMISSION


def order(mirror: Mirror, places: Places, kill_at: int = 0, fill: bool = False) -> str:
    url = mirror.url + PATH
    given = Order(str(places.home), artifact(), url, str(mirror.ca_file), kill_at, fill)
    return json.dumps(to_plain(given))


def test_a_kill_in_the_middle_of_a_download_leaves_only_what_the_next_run_sweeps(
    mirror: Mirror, places: Places, start: Start
) -> None:
    put_old(mirror, places)
    mirror.fault(PATH, Fault(stall=60, stall_at=400_000))
    process = start("installer", order(mirror, places))
    assert process.stdout and process.stdout.readline() == "bytes\n"
    process.kill()
    process.wait()
    assert list(places.staging.iterdir()) != []
    assert [path.read_bytes() for path in executables(places.data)] == [OLD]
    assert linked(places) == OLD
    assert put(mirror, places, artifact()).read_bytes() == BODY
    assert list(places.staging.iterdir()) == []


def test_a_kill_before_any_change_leaves_the_old_or_the_new_and_is_recovered_from(
    mirror: Mirror, places: Places, tmp_path: Path, start: Start
) -> None:
    put_old(mirror, places)

    def killed(kill_at: int) -> str:
        """What the worker said, after a check of what it left and of the next run."""
        here = places_in(shutil.copytree(places.home, tmp_path / str(kill_at), symlinks=True))
        process = start("installer", order(mirror, here, kill_at))
        said, _ = process.communicate()
        assert linked(here) in (OLD, BODY)
        assert all(path.read_bytes() in (OLD, BODY) for path in executables(here.data))
        place = place_of(here, artifact())
        assert not place.exists() or is_intact(place, artifact(), here)
        link(here, "p", {"kubectl": put(mirror, here, artifact())})
        assert linked(here) == BODY
        assert list(here.staging.iterdir()) == []
        assert len(executables(here.data)) == 2
        return f"{said.splitlines()[-1:]} {process.returncode}"

    match = re.fullmatch(r"\['changes (\d+)'\] 0", killed(10_000))
    assert match
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(killed, range(1, int(match[1]) + 1)))
    assert len(ends) > 15
    assert all(end.endswith(" -9") for end in ends)


def test_two_processes_at_once_download_once(mirror: Mirror, places: Places, start: Start) -> None:
    mirror.fault(PATH, Fault(stall=60, stall_at=400_000))
    first = start("installer", order(mirror, places))
    assert first.stdout and first.stdout.readline() == "bytes\n"
    second = start("installer", order(mirror, places))
    mirror.release.set()
    assert (first.wait(20), second.wait(20)) == (0, 0)
    assert [request.path for request in mirror.requests] == [PATH]
    assert linked(places) == BODY


def test_two_threads_of_one_process_do_not_sweep_each_other_away(
    mirror: Mirror, places: Places
) -> None:
    wanted = [artifact()._replace(version=f"1.2.{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda each: put(mirror, places, each), wanted))
    assert [path.read_bytes() for path in paths] == [BODY] * 4


def test_a_disk_that_fills_up_on_the_way_is_said_with_needed_and_free_bytes(
    mirror: Mirror, tmp_path: Path
) -> None:
    home = tmp_path / "small"
    home.mkdir()
    given = order(mirror, places_in(home), fill=True)
    worker = shlex.join((sys.executable, "-m", "tests.helpers.working.installer", given))
    mount = f"mount -t tmpfs -o size=2m tmpfs {shlex.quote(str(home))}"
    namespace = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")
    if subprocess.run((*namespace, "sh", "-c", mount), capture_output=True).returncode:
        pytest.skip("this machine lets us mount no small disk")
    check = (
        f"find {shlex.quote(str(home))} -perm /111 -type f; ls {home}/.local/share/kboot/staging"
    )
    done = subprocess.run(
        (*namespace, "sh", "-c", f"{mount} && {worker}; code=$?; {check}; exit $code"),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == Exit.DISK_FULL, done.stderr
    *_, told = done.stdout.splitlines()
    why = json.loads(told)["why"]
    assert why.startswith(f"{len(BODY):,} bytes are needed, ") and why.endswith(
        f"are free on {home}"
    )


def test_progress_is_told_with_bytes_done_and_to_come(mirror: Mirror, places: Places) -> None:
    events: list[Event] = []
    delivery = Delivery(mirror.url + PATH, mirror.ca_file, "then")
    install(artifact(), places, delivery, events.append)
    assert (events[-1].done, events[-1].total) == (len(BODY), len(BODY))


def test_staging_that_leads_elsewhere_empties_nothing_there(
    mirror: Mirror, places: Places, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "thesis").write_text("mine")
    places.staging.symlink_to(elsewhere)
    assert refused(mirror, places, artifact()).code is Exit.PERMISSION
    assert (elsewhere / "thesis").read_text() == "mine"


def test_what_kboot_did_not_stage_is_not_swept_away(mirror: Mirror, places: Places) -> None:
    (places.staging / "thesis").mkdir(parents=True)
    put(mirror, places, artifact())
    assert [each.name for each in places.staging.iterdir()] == ["thesis"]


def test_a_run_whose_lock_was_deleted_keeps_what_it_stages(
    mirror: Mirror, places: Places, start: Start
) -> None:
    mirror.fault(PATH, Fault(stall=60, stall_at=400_000))
    first = start("installer", order(mirror, places))
    assert first.stdout and first.stdout.readline() == "bytes\n"
    places.store_lock.unlink()
    assert put(mirror, places, artifact()).read_bytes() == BODY
    assert len(list(places.staging.iterdir())) == 1
    mirror.release.set()
    assert first.wait(20) == 0
    assert linked(places) == BODY
    assert list(places.staging.iterdir()) == []
