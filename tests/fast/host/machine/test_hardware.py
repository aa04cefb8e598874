import os
import re
from pathlib import Path

import pytest

from bootstrap.host.machine import hardware


def test_system_and_processor_are_named_as_downloads_name_them() -> None:
    system, arch = hardware.system_arch()
    assert system in ("linux", "darwin")
    assert arch == {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, arch)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', "Debian 12"),
        ('PRETTY_NAME="Ubuntu 24.04.1 LTS"', "Ubuntu 24.04.1 LTS"),
        ("PRETTY_NAME='Fedora Linux 41 (Workstation Edition)'", "Fedora Linux 41"),
        ("PRETTY_NAME=Alpine", "Alpine"),
        ('PRETTY_NAME=""', "Linux"),
        ("NAME=Nameless", "Linux"),
    ],
)
def test_the_system_is_named_in_a_few_words(line: str, name: str) -> None:
    assert hardware.name_in_os_release(f"ID=x\n{line}\nHOME_URL=y\n") == name


def test_this_machine_has_a_description_and_processors() -> None:
    assert hardware.description()
    assert 1 <= hardware.cpus() <= (os.cpu_count() or 1)


def test_memory_is_what_the_kernel_says_where_no_group_limits_it(tmp_path: Path) -> None:
    total = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    assert total is not None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_bytes(Path("/proc/meminfo").read_bytes())
    assert hardware.memory_mib(tmp_path) == int(total[1]) // 1024
    assert 0 < hardware.memory_mib() <= int(total[1]) // 1024


def test_free_space_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    there = hardware.disk_free_mib(tmp_path)
    planned = hardware.disk_free_mib(tmp_path / "not" / "made" / "yet")
    assert there is not None and planned is not None
    assert there > 0
    assert abs(planned - there) < max(100, there // 10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("processor\t: 0\nflags\t\t: fpu vmx sse\n", "yes"),
        ("processor\t: 0\nflags\t\t: fpu svm sse\n", "yes"),
        ("vmx flags\t: vmx\nflags\t\t: fpu sse svm_lock\nvmx flags\t: ept\n", "no"),
        ("processor\t: 0\nFeatures\t: fp asimd\n", "/proc/cpuinfo names no flags of the processor"),
    ],
)
def test_virtualisation_is_a_flag_of_the_processor_or_not_known(text: str, said: str) -> None:
    assert hardware.virtualisation_in_cpuinfo(text.splitlines()) == said


def test_virtualisation_of_this_machine_is_what_its_flags_say() -> None:
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if flags is None:
        assert hardware.virtualisation() not in ("yes", "no")
    else:
        has = {"vmx", "svm"} & set(flags[1].split())
        assert hardware.virtualisation() == ("yes" if has else "no")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kern.hv_support: 1\n", "yes"),
        ("kern.hv_support: 0\nmachdep.cpu.features: FPU VMX\n", "no"),
        ("machdep.cpu.features: FPU VMX SSE\n", "yes"),
        ("machdep.cpu.features: FPU SSE\n", "no"),
        ("sysctl: unknown oid\n", "sysctl does not say"),
        ("", "sysctl does not say"),
    ],
)
def test_virtualisation_is_read_from_what_sysctl_prints(text: str, said: str) -> None:
    assert hardware.virtualisation_in_sysctl(text) == said


def test_root_is_who_has_user_number_zero() -> None:
    assert hardware.root() == (os.geteuid() == 0)
