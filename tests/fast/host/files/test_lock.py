import os
import re
import signal
from pathlib import Path

import pytest

from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.lock import hold
from tests.helpers.working.starting import Start


def never(text: str) -> None:
    raise AssertionError(f"nothing to wait for, but: {text}")


def refused(path: Path, timeout: float = 0) -> KbootError:
    with (
        pytest.raises(KbootError) as caught,
        hold(path, timeout=timeout, waiting=lambda text: None),
    ):
        pass
    return caught.value


def answer(process: object) -> str:
    line: str = process.stdout.readline()  # type: ignore[attr-defined]
    return line.rstrip("\n")


def test_a_free_lock_is_had_at_once_and_its_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "store"
    for _ in range(2):
        with hold(path, timeout=0, waiting=never) as waited:
            assert not waited
        assert path.exists()


def test_a_held_lock_times_out_with_42_and_names_the_holder(tmp_path: Path, start: Start) -> None:
    holder = start("holder", "hold", str(tmp_path / "store"))
    assert answer(holder) == "held False"
    error = refused(tmp_path / "store", timeout=0.1)
    assert error.code is Exit.LOCK_TIMEOUT
    assert f"process {holder.pid}" in error.why
    assert "kboot hold" in error.why
    assert error.state and error.next


def test_a_waiter_is_told_once_who_holds_the_lock_and_gets_it_after(
    tmp_path: Path, start: Start
) -> None:
    holder = start("holder", "hold", str(tmp_path / "store"))
    assert answer(holder) == "held False"
    waiter = start("holder", "hold", str(tmp_path / "store"))
    assert re.search(rf"^`kboot .*process {holder.pid}, since \d", answer(waiter))
    assert holder.stdin
    holder.stdin.close()
    assert answer(waiter) == "held True"


def test_killing_the_holder_frees_the_lock(tmp_path: Path, start: Start) -> None:
    holder = start("holder", "hold", str(tmp_path / "store"))
    assert answer(holder) == "held False"
    holder.kill()
    holder.wait()
    with hold(tmp_path / "store", timeout=0, waiting=never):
        pass


def test_the_lock_of_a_holder_that_is_only_stopped_is_not_stolen(
    tmp_path: Path, start: Start
) -> None:
    holder = start("holder", "hold", str(tmp_path / "store"))
    assert answer(holder) == "held False"
    os.kill(holder.pid, signal.SIGSTOP)
    assert refused(tmp_path / "store", timeout=0.2).code is Exit.LOCK_TIMEOUT


def test_an_error_inside_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(tmp_path / "l", timeout=0, waiting=never):
        raise ZeroDivisionError
    with hold(tmp_path / "l", timeout=0, waiting=never):
        pass


def test_two_threads_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with hold(tmp_path / "l", timeout=0, waiting=never):
        assert refused(tmp_path / "l").code is Exit.LOCK_TIMEOUT


def test_racing_processes_lose_no_update(tmp_path: Path, start: Start) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    workers = [start("holder", "count", str(number)) for _ in range(4)]
    assert [worker.wait(20) for worker in workers] == [0, 0, 0, 0]
    assert number.read_text() == "40"


def test_a_password_on_the_holders_command_line_is_not_shown(tmp_path: Path, start: Start) -> None:
    holder = start(
        "holder", "hold", str(tmp_path / "store"), "--mirror", "https://a=https://me:sesame@b"
    )
    assert answer(holder) == "held False"
    error = refused(tmp_path / "store")
    assert "https://a=https://***@b" in error.why
    assert "sesame" not in (tmp_path / "store").read_text()


def test_a_lock_that_cannot_be_opened_is_a_matter_of_permission(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert refused(tmp_path / "file" / "store").code is Exit.PERMISSION
    assert refused(tmp_path / "link").code is Exit.PERMISSION
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_whose_file_was_deleted_is_waited_for_anew(tmp_path: Path, start: Start) -> None:
    """Who waits on the deleted file must not run beside who has the new one."""
    path = tmp_path / "store"
    first = start("holder", "hold", str(path))
    assert answer(first) == "held False"
    waiter = start("holder", "hold", str(path))
    assert f"process {first.pid}" in answer(waiter)
    path.unlink()
    second = start("holder", "hold", str(path))
    assert answer(second) == "held False"
    assert first.stdin and second.stdin
    first.stdin.close()
    first.wait()
    assert refused(path).code is Exit.LOCK_TIMEOUT
    second.stdin.close()
    second.wait()
    assert answer(waiter) == "held True"
    assert refused(path).code is Exit.LOCK_TIMEOUT


def test_those_who_share_a_lock_have_it_together_and_keep_out_who_does_not(
    tmp_path: Path, start: Start
) -> None:
    path = tmp_path / "cluster"
    first, second = (start("holder", "share", str(path)) for _ in range(2))
    assert answer(first) == answer(second) == "held False"
    waiter = start("holder", "hold", str(path))
    assert "`kboot share" in answer(waiter)
    assert first.stdin and second.stdin
    first.stdin.close()
    first.wait()
    assert f"process {second.pid}" in refused(path).why, "the one who is still there is named"
    second.stdin.close()
    assert answer(waiter) == "held True"


def test_who_shares_waits_for_who_does_not_share(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "cluster"
    holder = start("holder", "hold", str(path))
    assert answer(holder) == "held False"
    waiter = start("holder", "share", str(path))
    assert f"process {holder.pid}" in answer(waiter)
    assert holder.stdin
    holder.stdin.close()
    assert answer(waiter) == "held True"


def test_the_last_to_leave_a_shared_lock_takes_all_names_away(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "cluster"
    killed = start("holder", "share", str(path))
    assert answer(killed) == "held False"
    with hold(path, timeout=0, waiting=never, shared=True):
        killed.kill()
        killed.wait()
        assert f"process {os.getpid()}" in refused(path).why
    assert path.read_text() == ""
