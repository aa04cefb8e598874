"""Findings about the machine: what the driver needs, and room for the cluster."""

from collections.abc import Iterator

from bootstrap.core.choose.case import Case
from bootstrap.core.judge.programs import program_findings
from bootstrap.core.model.driver import Driver
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import ClusterSpec, Profile
from bootstrap.core.model.state import HostState
from bootstrap.core.values.version import Version, parse_version
from bootstrap.errors import Exit


def driver_findings(driver: Driver, case: Case) -> tuple[Finding, ...]:
    """Whether this machine, and the minikube that will run, can have that driver."""
    return tuple(
        finding
        for finding in (
            _platform(driver, case.state),
            _release(driver, case.minikube),
            *(_NEEDS[need](driver, case.profile, case.state) for need in driver.needs),
            *_minimums(driver, case),
            *program_findings(driver, case),
        )
        if finding is not None
    )


def _platform(driver: Driver, state: HostState) -> Finding | None:
    if not driver.platforms or state.platform in driver.platforms:
        return None
    return Finding(
        Group.HOST,
        f"driver {driver.name}",
        Status.FAIL,
        "driver-not-on-platform",
        f"minikube has no driver {driver.name} on {state.platform}",
        fix=f"declare another driver, or use {' or '.join(driver.platforms)}",
        blocks=Exit.HOST_UNFIT,
    )


def _release(driver: Driver, minikube: Version | None) -> Finding | None:
    if minikube is None or parse_version(driver.since) <= minikube:
        return None
    return Finding(
        Group.HOST,
        f"driver {driver.name}",
        Status.FAIL,
        "driver-not-in-release",
        f"minikube {minikube} has no driver {driver.name}; it came with {driver.since}",
        fix="declare another driver or a later minikube",
        blocks=Exit.PROFILE_INVALID,
    )


def _root(driver: Driver, profile: Profile, state: HostState) -> Finding:
    if state.root:
        return Finding(Group.HOST, "user", Status.OK, "is-root", "is root")
    return Finding(
        Group.HOST,
        "user",
        Status.FAIL,
        "needs-root",
        f"is not root, and driver {driver.name} needs root",
        fix=f"sudo -H {profile.command_line('up')}",
        blocks=Exit.NEEDS_PRIVILEGE,
    )


def _not_root(driver: Driver, profile: Profile, state: HostState) -> Finding:
    if not state.root:
        return Finding(Group.HOST, "user", Status.OK, "is-not-root", "is not root")
    return Finding(
        Group.HOST,
        "user",
        Status.FAIL,
        "must-not-be-root",
        f"is root, and minikube refuses driver {driver.name} to root",
        fix=f"as an ordinary user in the group docker: {profile.command_line('up')}",
        blocks=Exit.HOST_UNFIT,
    )


def _virtualisation(driver: Driver, profile: Profile, state: HostState) -> Finding:
    subject = "virtualisation"
    if state.virtualisation == "yes":
        return Finding(Group.HOST, subject, Status.OK, "cpu-virtualises", "the CPU offers it")
    if state.virtualisation == "no":
        return Finding(
            Group.HOST,
            subject,
            Status.FAIL,
            "cpu-does-not-virtualise",
            "the CPU shows neither vmx nor svm to this machine",
            fix="enable it in the firmware, or in the outer hypervisor",
            blocks=Exit.HOST_UNFIT,
        )
    return Finding(
        Group.HOST,
        subject,
        Status.UNKNOWN,
        "could-not-tell",
        f"could not tell: {state.virtualisation}",
        fix="grep -cE 'vmx|svm' /proc/cpuinfo",
        blocks=Exit.HOST_UNFIT,
    )


_NEEDS = {"root": _root, "not-root": _not_root, "virtualisation": _virtualisation}


def _minimums(driver: Driver, case: Case) -> list[Finding]:
    minikube = case.minikube
    findings = []
    for tool, (minimum, since) in (driver.minimum or {}).items():
        version = case.choices[tool].version
        applies = minikube is not None and parse_version(since) <= minikube
        if applies and version is not None and version < parse_version(minimum):
            findings.append(
                Finding(
                    Group.HOST,
                    f"driver {driver.name}",
                    Status.FAIL,
                    "tool-too-old-for-driver",
                    f"minikube {minikube} needs {tool} {minimum} for it; this is {version}",
                    fix=f"install {tool} {minimum} or later",
                    blocks=Exit.HOST_UNFIT,
                )
            )
    return findings


_OF_STARTS = frozenset(
    (
        *("memory", "cpus", "disk-size", "kubernetes-version", "bootstrapper", "container-runtime"),
        *("cni", "network-plugin", "feature-gates", "iso-url", "base-image", "insecure-registry"),
        *("hyperv-virtual-switch", "static-ip", "rootless", "gpus", "nodes"),
    )
)
"""Of `minikube config set`, what changes the cluster that a start makes."""


def own_settings(cluster: ClusterSpec, state: HostState) -> Iterator[Finding]:
    """What of the person's, beside the profile, takes effect, or does not though they meant it."""
    passed = {
        "memory": cluster.memory_mib,
        "cpus": cluster.cpus,
        "disk-size": cluster.disk_mib,
        "kubernetes-version": cluster.kubernetes,
        "bootstrapper": cluster.bootstrapper,
    }
    for key, value in state.settings.items():
        if key in _OF_STARTS and passed.get(key) is None:
            yield Finding(
                Group.HOST,
                "minikube config",
                Status.WARN,
                "setting-beside-profile",
                f"{key} = {value} takes effect, though the profile does not say it",
                fix=f"minikube config unset {key}",
            )
    for name, value in state.environment.items():
        if name.startswith("MINIKUBE_") and value == "(ignored)" and name not in _LEFT_BY_OTHERS:
            yield Finding(
                Group.HOST,
                "environment",
                Status.WARN,
                "variable-not-passed",
                f"{name} is set, and is not passed on: the profile says how the cluster is",
                fix=f"unset {name}",
            )


_LEFT_BY_OTHERS = ("MINIKUBE_ACTIVE_DOCKERD", "MINIKUBE_ACTIVE_PODMAN")
"""Set by `minikube docker-env`, for no flag."""


def room_findings(cluster: ClusterSpec, state: HostState) -> tuple[Finding, ...]:
    """CPUs, memory and disk, where the profile asks for a size."""
    rows = (
        ("memory", cluster.memory_mib, state.memory_mib, _gib),
        ("disk", cluster.disk_mib, state.disk_free_mib, _gib),
        ("CPUs", cluster.cpus, state.cpus, str),
    )
    return tuple(
        _untold(subject)
        if there is None
        else _room(subject, needed, there, show(there), show(needed))
        for subject, needed, there, show in rows
        if needed is not None
    )


def _untold(subject: str) -> Finding:
    return Finding(
        Group.HOST,
        subject,
        Status.UNKNOWN,
        "could-not-tell",
        f"could not tell how much {subject} is free",
        fix="df -h ~",
    )


def _room(subject: str, needed: int, there: int, shown: str, shown_needed: str) -> Finding:
    if there >= needed:
        return Finding(Group.HOST, subject, Status.OK, "enough", f"{shown} ({shown_needed} needed)")
    # A disk image grows as it is used, so a disk that is short today forbids nothing.
    blocks = None if subject == "disk" else Exit.HOST_UNFIT
    return Finding(
        Group.HOST,
        subject,
        Status.FAIL if blocks else Status.WARN,
        "not-enough",
        f"{shown}, and the profile asks for {shown_needed}",
        fix=f"ask for less {subject} in the profile, or use a larger machine",
        blocks=blocks,
    )


def _gib(mib: int) -> str:
    return f"{mib / 1024:.1f}".removesuffix(".0") + " GiB"
