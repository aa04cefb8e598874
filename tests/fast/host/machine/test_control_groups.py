"""A machine has no more memory and processors than its container or service may take."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bootstrap.host.machine import hardware

V2 = "29 22 0:26 {top} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "32 31 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {top} /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)
OWN_V1 = "5:memory:{own}\n2:cpu,cpuacct:{own}\n1:name=systemd:/\n0::/\n"
GIB = 1 << 30


def machine(folder: Path, mounts: str, own: str, limits: dict[str, str]) -> Path:
    """A folder with /proc and /sys of a process in that group."""
    files = {"proc/self/mountinfo": mounts, "proc/self/cgroup": own}
    files |= {f"sys/fs/cgroup/{name}": text for name, text in limits.items()}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def v2(folder: Path, limits: dict[str, str], *, own: str = "/a/b", top: str = "/") -> Path:
    return machine(folder, V2.format(top=top), f"0::{own}\n", limits)


def v1(folder: Path, limits: dict[str, str], *, own: str = "/a/b", top: str = "/") -> Path:
    return machine(folder, V1.format(top=top), OWN_V1.format(own=own), limits)


def test_memory_is_at_most_what_meminfo_shows(tmp_path: Path) -> None:
    whole = hardware.memory_mib(tmp_path)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("\nMemFree: 1 kB\nMemTotal:        1048576 kB\n")
    assert hardware.memory_mib(tmp_path) == 1024 < whole


@pytest.mark.parametrize(
    ("at", "mib"),
    [("a/b", 1024), ("a", 1024), (".", 1024), ("a/b/c", None), ("x", None)],
)
def test_memory_is_at_most_the_limit_of_the_group_and_of_each_above(
    at: str, mib: int | None, tmp_path: Path
) -> None:
    whole = hardware.memory_mib(tmp_path)
    second = v2(tmp_path / "2", {f"{at}/memory.max": f"{GIB}\n"})
    first = v1(tmp_path / "1", {f"memory/{at}/memory.limit_in_bytes": f"{GIB}\n"})
    assert hardware.memory_mib(second) == hardware.memory_mib(first) == (mib or whole)


def test_a_group_without_a_limit_leaves_the_machines_memory(tmp_path: Path) -> None:
    whole = hardware.memory_mib(tmp_path)
    second = v2(tmp_path / "2", {"a/b/memory.max": "max\n", "a/b/cpu.max": "max 100000\n"})
    unlimited = {"memory/a/b/memory.limit_in_bytes": "9223372036854771712\n"}
    unlimited |= {"cpu,cpuacct/a/b/cpu.cfs_quota_us": "-1\n"}
    first = v1(tmp_path / "1", {**unlimited, "cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n"})
    assert hardware.memory_mib(second) == hardware.memory_mib(first) == whole
    assert hardware.cpus(second) == hardware.cpus(first) == hardware.cpus(tmp_path)


@pytest.mark.parametrize(
    ("own", "top"),
    [
        ("/docker/1f", "/docker/1f"),  # a container that sees the host's names of groups
        ("/../../init.scope", "/"),  # a process that came from outside of the namespace
        ("/user.slice", "/docker/1f"),
    ],
)
def test_a_group_that_is_not_seen_counts_as_the_one_that_is_mounted(
    own: str, top: str, tmp_path: Path
) -> None:
    assert hardware.memory_mib(v2(tmp_path, {"memory.max": f"{GIB}"}, own=own, top=top)) == 1024


@pytest.mark.parametrize(
    ("quota", "cpus"), [(10_000, 1), (100_000, 1), (100_001, 2), (200_000, 2), (10**9, 10_000)]
)
def test_processors_are_at_most_the_share_of_time_rounded_up(
    quota: int, cpus: int, tmp_path: Path
) -> None:
    expected = min(cpus, hardware.cpus(tmp_path))
    assert hardware.cpus(v2(tmp_path / "2", {"a/cpu.max": f"{quota} 100000\n"})) == expected
    files = {"cpu.cfs_quota_us": f"{quota}\n", "cpu.cfs_period_us": "100000\n"}
    first = v1(tmp_path / "1", {f"cpu,cpuacct/a/{name}": text for name, text in files.items()})
    assert hardware.cpus(first) == expected


def test_processors_are_those_that_the_process_may_run_on() -> None:
    one = min(os.sched_getaffinity(0))
    assert _in_a_child("hardware.cpus()", lambda: os.sched_setaffinity(0, {one})) == 1


def _in_a_child(what: str, before: Callable[[], object]) -> int:
    code = f"from bootstrap.host.machine import hardware; print({what})"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, preexec_fn=before, capture_output=True, check=True)
    return int(done.stdout)


@pytest.fixture
def real_group() -> Iterator[Path]:
    """A group of this kernel's below this process's own, which may take 1 GiB of memory."""
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own.update(dict.fromkeys(controllers.split(","), path))
    group, limit = Path(f"/sys/fs/cgroup/{own.get('', '')}/kboot-test-{os.getpid()}"), "memory.max"
    if "memory" in own:
        group = Path(f"/sys/fs/cgroup/memory{own['memory']}/kboot-test-{os.getpid()}")
        limit = "memory.limit_in_bytes"
    try:
        group.mkdir()
        (group / limit).write_text(f"{GIB}")
    except OSError:
        with suppress(OSError):
            group.rmdir()
        pytest.skip("this machine lets us make no control group with a limit of memory")
    yield group
    group.rmdir()


def test_memory_in_a_real_group_is_its_limit(real_group: Path) -> None:
    join = (real_group / "cgroup.procs").write_text
    assert _in_a_child("hardware.memory_mib()", lambda: join(str(os.getpid()))) == 1024
