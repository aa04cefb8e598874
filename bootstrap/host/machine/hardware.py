"""What this machine is made of; on Linux found out without running anything."""

import math
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from bootstrap.host.machine.control_groups import cpu_limits, memory_limits
from bootstrap.host.programs.probe import Question, ask_all
from bootstrap.regular import is_there

if sys.platform == "darwin":
    import platform

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_ROOT = Path("/")
_NO_LIMIT = sys.maxsize
_OS_RELEASE = (Path("/etc/os-release"), Path("/usr/lib/os-release"))

_SYSCTL = Question(("/usr/sbin/sysctl", "kern.hv_support", "machdep.cpu.features"))


def system_arch() -> tuple[str, str]:
    """`linux` or `darwin`, and `amd64` or `arm64`; another kernel or processor as it calls itself.

    Of the kernel, not of this Python: that decides which programs run.
    """
    machine = os.uname()
    arch = machine.machine.lower()
    return machine.sysname.lower(), _ARCHITECTURES.get(arch, arch)


def description() -> str:
    """The operating system in a few words: `Debian 12`, `Ubuntu 24.04.1 LTS`, `macOS 15.1`."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    for file in _OS_RELEASE:
        try:
            return name_in_os_release(file.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
    return os.uname().sysname


def name_in_os_release(text: str) -> str:
    """PRETTY_NAME of an os-release file, without `GNU/Linux` and the release's nickname."""
    # PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
    for line in text.splitlines():
        if line.startswith("PRETTY_NAME="):
            name = line.partition("=")[2].strip().strip("\"'")
            return name.partition(" (")[0].replace(" GNU/Linux", "") or "Linux"
    return "Linux"


def cpus(root: Path = _ROOT) -> int:
    """Processors that this process may use; a part of one counts as one.

    So do Go (1.25 and later), the JVM and .NET round a share of the processors' time.
    """
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return max(1, min(len(os.sched_getaffinity(0)), *map(math.ceil, cpu_limits(root)), _NO_LIMIT))


def memory_mib(root: Path = _ROOT) -> int:
    """Memory in MiB that this process may use: of the machine, or of its container or service."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(physical, *_mem_total(root / "proc/meminfo"), *memory_limits(root), _NO_LIMIT) >> 20


def _mem_total(meminfo: Path) -> Iterator[int]:
    """Bytes. Containers may be shown another file than the kernel's own (LXCFS)."""
    with suppress(OSError), meminfo.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, *said = line.split() or [""]
            if name == "MemTotal:" and said and said[0].isdecimal():
                yield int(said[0]) << 10
                return


def disk_free_mib(path: Path) -> int | None:
    """MiB that this user can still write at `path`, or where it would be made.

    None: the file system does not tell.
    """
    place = path
    while not is_there(place) and place != place.parent:
        place = place.parent
    try:
        space = os.statvfs(place)
    except OSError:
        return None
    return space.f_bavail * space.f_frsize >> 20


def virtualisation() -> str:
    """`yes`, `no`, or why it could not be told. The firmware may still forbid it."""
    if sys.platform == "darwin":
        return virtualisation_in_sysctl(ask_all({"sysctl": _SYSCTL}, {})["sysctl"].out)
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            return virtualisation_in_cpuinfo(lines)
    except OSError as error:
        return f"/proc/cpuinfo cannot be read: {error.strerror}"


def virtualisation_in_cpuinfo(lines: Iterable[str]) -> str:
    """Reads up to the first processor's flags only: the file is long where processors are many."""
    for line in lines:
        name, _, flags = line.partition(":")
        if name.strip() == "flags":
            return "no" if {"vmx", "svm"}.isdisjoint(flags.split()) else "yes"
    return "/proc/cpuinfo names no flags of the processor"


def virtualisation_in_sysctl(text: str) -> str:
    """What `sysctl` printed on macOS. Never tried on a real Mac.

    arm64 has no `machdep.cpu.features`, so `kern.hv_support` counts first.
    """
    said = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    supported = {"1": "yes", "0": "no"}.get(said.get("kern.hv_support", "").strip())
    if supported is None and "machdep.cpu.features" in said:
        supported = "yes" if "VMX" in said["machdep.cpu.features"].split() else "no"
    return supported or "sysctl does not say"


def root() -> bool:
    return os.geteuid() == 0
