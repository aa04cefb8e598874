"""A driver whose programs are missing is not usable, and a list of drivers passes it over."""

from typing import Any

import pytest

from bootstrap.core.model.finding import Finding, Status
from bootstrap.core.model.profile import ClusterSpec
from bootstrap.core.model.state import HostState
from bootstrap.core.model.step import StartCluster
from bootstrap.errors import Exit
from tests.helpers.deciding.generated import every_program, knowledge
from tests.helpers.deciding.good_machine import finding, host, judged, planned, profile_of, tool

DRIVERS = knowledge().catalogue.drivers


def lacking(*names: str, **others: Any) -> HostState:
    programs = {name: name not in names for name in every_program()}
    return host(programs=programs, **others)


def of_programs(
    driver: str, state: HostState, minikube: str = "1.38.1", kubernetes: str | None = "1.35.1"
) -> list[Finding]:
    profile = profile_of(ClusterSpec("work", (driver,), kubernetes), minikube=minikube)
    seen = state._replace(tools={**state.tools, "minikube": tool("minikube", minikube)})
    reasons = ("program-missing", "could-not-tell", "programs-there")
    found = judged(profile, seen)
    return [x for x in found if x.subject == f"driver {driver}" and x.reason in reasons]


@pytest.mark.parametrize(
    ("driver", "program"),
    [
        ("kvm2", "virsh"),
        ("podman", "podman"),
        ("podman", "sudo"),
        ("qemu", "qemu-system-x86_64"),
        ("qemu", "/usr/share/OVMF/OVMF_CODE.fd"),
        *[("none", each) for each in ("docker", "iptables", "conntrack", "crictl", "cri-dockerd")],
        *[("none", each) for each in ("dockerd", "/opt/cni/bin")],
    ],
)
def test_what_the_drivers_own_check_looks_for_blocks_where_it_is_missing(
    driver: str, program: str
) -> None:
    (missing,) = of_programs(driver, lacking(program, root=True))
    assert (missing.status, missing.blocks) == (Status.FAIL, Exit.HOST_UNFIT)
    assert missing.message.startswith(f"{program} is not ") and missing.fix
    (there,) = of_programs(driver, lacking(root=True))
    assert there.status is Status.OK and program in there.message


@pytest.mark.parametrize(
    ("minikube", "kubernetes", "missing"),
    [
        ("0.20.0", "1.6.4", []),
        ("0.25.0", "1.9.0", ["docker"]),
        ("1.8.2", "1.17.3", ["systemctl"]),
        ("1.9.2", "1.17.3", ["docker", "systemctl"]),
        ("1.9.2", "1.18.0", ["docker", "systemctl", "conntrack"]),
        ("1.19.0", "1.17.0", ["docker", "iptables"]),
        ("1.26.0", "1.24.0", ["docker", "iptables", "conntrack"]),
        ("1.29.0", "1.23.0", ["docker", "iptables", "conntrack"]),
        ("1.29.0", "1.24.0", ["docker", "iptables", "conntrack", "cri-dockerd", "dockerd"]),
        ("1.30.1", "1.23.0", ["docker", "iptables", "conntrack"]),
    ],
)
def test_a_need_counts_from_the_minikube_and_the_kubernetes_that_have_it(
    minikube: str, kubernetes: str, missing: list[str]
) -> None:
    found = of_programs("none", lacking(*every_program(), root=True), minikube, kubernetes)
    names = [each.message.partition(" is ")[0] for each in found if each.status is Status.FAIL]
    assert names == missing


def test_a_need_of_one_container_runtime_is_none_of_anothers() -> None:
    gone = ("docker", "dockerd", "cri-dockerd")
    assert len(of_programs("none", lacking(*gone, root=True))) == 3
    (there,) = of_programs("none", lacking(*gone, root=True, runtime="containerd"))
    assert there.status is Status.OK
    (missing,) = of_programs("none", lacking("containerd", root=True, runtime="containerd"))
    assert missing.message.startswith("containerd is not on PATH")


def test_which_kubernetes_starts_is_the_records_or_the_releases_where_the_profile_says_none() -> (
    None
):
    state = lacking("conntrack", root=True)
    assert of_programs("none", state, "1.19.0", None)[0].status is Status.FAIL
    assert of_programs("none", state, "1.8.2", None)[0].status is Status.OK


def test_a_need_that_may_be_is_unknown_where_it_is_not_known_which_kubernetes_starts() -> None:
    (found,) = of_programs("none", lacking("crictl", root=True), "1.38.9", None)
    assert (found.status, found.blocks) == (Status.UNKNOWN, None)
    assert "not known" in found.message


def test_what_was_not_looked_for_is_unknown_and_blocks() -> None:
    (found,) = of_programs("kvm2", host(programs={}))
    assert (found.status, found.blocks) == (Status.UNKNOWN, Exit.HOST_UNFIT)


@pytest.mark.parametrize(
    ("drivers", "gone", "taken"),
    [
        (("kvm2", "podman", "docker"), ("virsh", "podman"), "docker"),
        (("kvm2", "podman", "docker"), ("virsh",), "podman"),
        (("kvm2", "podman", "docker"), (), "kvm2"),
        (("qemu", "virtualbox"), ("/usr/share/OVMF/OVMF_CODE.fd",), "virtualbox"),
    ],
)
def test_of_several_drivers_the_first_whose_programs_are_there_is_taken(
    drivers: tuple[str, ...], gone: tuple[str, ...], taken: str
) -> None:
    profile = profile_of(ClusterSpec("work", drivers))
    found = finding("driver", profile, lacking(*gone))
    assert found.message.startswith(f"{taken}, of ")
    starts = [s for s in planned(profile, lacking(*gone)).steps if isinstance(s, StartCluster)]
    assert [step.driver for step in starts] == [taken]


def test_every_program_that_a_driver_may_need_says_how_it_is_got() -> None:
    for driver in DRIVERS.values():
        for program in driver.programs:
            assert program.fix, program
