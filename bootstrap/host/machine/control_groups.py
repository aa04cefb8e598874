"""What containers and services leave of a machine: limits of the kernel's control groups.

Of both versions, and of the groups above this process's own as far as they are seen: a group may
take no more than each above it (kernel.org, admin-guide/cgroup-v2.rst and cgroup-v1/).
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MEMORY = ("memory.max", "memory.limit_in_bytes")
_CPU = ("cpu.max", "cpu.cfs_quota_us")
_CPU_PERIOD = "cpu.cfs_period_us"


def memory_limits(root: Path) -> Iterator[int]:
    """Bytes that this process and its children may take together. `root`: where /proc is."""
    for folder in _groups("memory", root):
        for name in _MEMORY:
            limit = _words(folder / name)
            if limit and limit[0].isdecimal():  # else `max`: as much as there is
                yield int(limit[0])


def cpu_limits(root: Path) -> Iterator[float]:
    """Processors' worth of time that this process and its children may take together."""
    for folder in _groups("cpu", root):
        for name in _CPU:
            share = [*_words(folder / name), *_words(folder / _CPU_PERIOD)][:2]
            if len(share) == 2 and all(each.isdecimal() for each in share):  # else `max`, or -1
                quota, period = map(int, share)
                yield quota / max(period, 1)


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """The folder of this process's group, and those above it, in every hierarchy that has one."""
    own = dict(_own_groups(root))
    for line in _lines(root / "proc/self/mountinfo"):
        # 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
        mount, _, what = line.partition(" - ")
        top, point = mount.split(" ")[3:5]
        kind, _, options = what.split(" ")[:3]
        name = {"cgroup2": "", "cgroup": controller}.get(kind)
        if name in own and (not name or name in options.split(",")):
            yield from _upwards(own[name], top, root / point.lstrip("/"))


def _own_groups(root: Path) -> Iterator[tuple[str, str]]:
    """Controller → group of this process; version 2 has one group for all, named ``."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, group = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, group


def _upwards(group: str, top: str, point: Path) -> Iterator[Path]:
    """From `group` to `top`, which is mounted at `point`. One from elsewhere counts as `top`."""
    with suppress(ValueError):
        below = Path(group).relative_to(top)
        if ".." not in below.parts:
            yield from (point / each for each in (below, *below.parents) if each != Path())
    yield point


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _words(file: Path) -> list[str]:
    return [word for line in _lines(file) for word in line.split()]
