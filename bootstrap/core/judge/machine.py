"""A cluster whose machine and record do not go together, or that stands still."""

import re

from bootstrap.core.choose.case import Case
from bootstrap.core.model.finding import Finding, Group, Status
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import ClusterState, Engine, Machine, Power
from bootstrap.core.values.version import Version
from bootstrap.errors import Exit

_KEEP = "deletes what is in it; to go on with it, set MINIKUBE_HOME to the home that made it"
_FIRST_WITH_RECORDS = Version((0, 22))
"""minikube 0.20 and 0.21 keep no record of a cluster's own."""
_BROKEN = re.compile(r"(?i)filestore|from store|migrated host")
"""minikube cannot read what libmachine keeps of the machine, and `delete` does not mend that."""


def could_not_tell(name: str, why: str, profile: Profile) -> Finding:
    fix = f"minikube status --profile {name}"
    if _BROKEN.search(why):
        away = f"mv ~/.minikube/machines/{name} ~/.minikube/machines-{name}-broken"
        fix = f"{away}, then {profile.command_line('up')}   (with driver none the data stay)"
    return Finding(
        Group.CLUSTER,
        name,
        Status.UNKNOWN,
        "could-not-tell",
        f"could not tell: {why}",
        fix=fix,
        blocks=Exit.TOOL_NOT_UNDERSTOOD,
    )


def engine_is_started_first(driver: str, seen: ClusterState, case: Case) -> bool:
    """A step of this very plan starts the engine that could not be asked."""
    engine = case.choices.get(driver)
    could_not = seen.machine is not None and bool(seen.machine.failure)
    return could_not and driver in list(Engine) and engine is not None and engine.offer is not None


def engine_first(name: str, driver: str, profile: Profile) -> Finding:
    """No blocker: the step would be forbidden that would tell."""
    up = profile.command_line("up")
    return Finding(
        Group.CLUSTER,
        name,
        Status.DRIFT,
        "engine-first",
        f"could not tell before {driver} is started",
        detail=f"`{up}` starts {driver}; the `{up}` after it starts the cluster",
        fix=up,
    )


def odd_machine(name: str, driver: str, seen: ClusterState, case: Case) -> Finding | None:
    """None: machine and record are there, or the record says so and nothing contradicts it."""
    if seen.power is Power.PAUSED:
        return _paused(name, driver, case.profile)
    if seen.power is Power.LOST:
        return _lost(name, driver, seen.machine, case.profile)
    if seen.power is Power.UNRECORDED:
        return unrecorded_machine(name, driver, seen)
    keeps = case.minikube is None or case.minikube >= _FIRST_WITH_RECORDS
    if seen.power is Power.RUNNING and seen.unrecorded and keeps:
        return _unknown_to_minikube(name, driver, seen.unrecorded)
    return None


def _paused(name: str, driver: str, profile: Profile) -> Finding:
    up = profile.command_line("up")
    return Finding(
        Group.CLUSTER,
        name,
        Status.DRIFT,
        "cluster-paused",
        f"its container is paused (`{driver} pause`)",
        detail=f"`{up}` lets it run on",
        fix=f"{driver} unpause {name}",
    )


def _lost(name: str, driver: str, machine: Machine | None, profile: Profile) -> Finding:
    up, down = profile.command_line("up"), profile.command_line("down", "--delete")
    if machine is None or not machine.volume:
        message = "minikube has a record of it, but its machine is gone"
        detail = f"`{up}` makes it anew; what was in it is gone with the machine"
        return Finding(
            Group.CLUSTER, name, Status.DRIFT, "cluster-lost", message, detail=detail, fix=up
        )
    return Finding(
        Group.CLUSTER,
        name,
        Status.FAIL,
        "cluster-lost",
        "minikube has a record of it, but its container is gone; its volume is left",
        detail="a start on what is in that volume fails after some minutes (minikube 1.38.1)",
        fix=f"{down}, then {up}   (deletes the volume; to keep what is in it: {driver} volume ls)",
        blocks=Exit.CONFLICT,
    )


def unrecorded_machine(name: str, driver: str, seen: ClusterState) -> Finding:
    """A container stands where the cluster's is to be: `minikube start` would delete it unasked."""
    machine = seen.machine or Machine()
    whose, away = "another minikube home made", f"{driver} rm --force {name}   ({_KEEP})"
    if machine.foreign:
        whose, away = "no minikube made", f"{driver} rename {name} {name}-old"
    return Finding(
        Group.CLUSTER,
        name,
        Status.FAIL,
        "machine-unrecorded",
        f"a container {name} is there ({machine.state}), which {whose}, and minikube has no "
        "record of it",
        detail="`minikube start` would delete it without asking",
        fix=away,
        blocks=Exit.CONFLICT,
    )


def _unknown_to_minikube(name: str, driver: str, why: str) -> Finding:
    mend = f"{driver} rm --force {name}" if driver in list(Engine) else f"stop {name} by hand"
    return Finding(
        Group.CLUSTER,
        name,
        Status.FAIL,
        "record-lost",
        f"answers, but minikube can neither stop, start nor delete it: {why}",
        fix=f"put that file back from a backup; or {mend}, remove that folder, and `up` makes it "
        "anew   (deletes what is in it)",
        blocks=Exit.CONFLICT,
    )
