"""How kboot's own container came to its end, by what its pod says of it. Pure.

The end of a container, the pod's phase and its conditions are told one after the other, up to some
seconds apart: Kubernetes 1.35 with containerd shows a container that ended well in a pod that is
Pending still. So the container's own state is the answer, whatever the rest says meanwhile. Other
containers may stand beside it, for admission adds them; what they say is not the answer.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from bootstrap.api.objects import Object, at, number, objects, text

MAIN = "main"
"""The container that runs what the gate asks; admission may add others."""
# The runtime could not start it: `StartError` of the kubelet with containerd and CRI-O,
# `ContainerCannotRun` of docker's.
_NOT_STARTED = ("StartError", "ContainerCannotRun")
_KILLED = (137, 255)
"""SIGKILL from outside, as when a node goes down; and what containerd says of an end that it did
not see. Of neither does a phase or a reason tell at first. No script of kboot's ends so."""
TERMINATED = 143
"""SIGTERM, with which a script of kboot's ends itself when its gate's time is nearly over."""
_NEVER_STARTS = re.compile(
    r"exec: \\?\"/bin/sh\\?\": .*(no such file|executable file not found|permission denied)"
    r"|exec format error|memory limit too low"
)
"""What the image or a limit is the cause of, so that another try would end alike. The
runtime also misses files of its own, while its node goes down."""


class End(NamedTuple):
    """`well`: it ended with exit code 0, and `said` (its termination message) is the answer."""

    well: bool
    said: str = ""
    cut: bool = False
    """Its time was over: it may have come to pass in more."""
    lost: bool = False
    """The script did not come to an end of its own: whoever wants its answer makes it anew."""


def end_of(pod: Object) -> End | None:
    """None: it may still come. `pod`: one whose restartPolicy is Never; an empty one is gone."""
    ended = at(container(pod, MAIN), "state", "terminated")
    if isinstance(ended, Mapping) and not number(ended, "exitCode"):
        return End(well=True, said=_said(ended))
    if not pod or is_lost(pod):
        return End(well=False, lost=True)
    if isinstance(ended, Mapping):
        return End(well=False, said=_said(ended), cut=number(ended, "exitCode") == TERMINATED)
    if text(pod, "status", "phase") == "Succeeded":
        return End(well=True)
    return End(well=False) if text(pod, "status", "phase") == "Failed" else None


def is_lost(pod: Object) -> bool:
    """Deleted, evicted or refused by its node, or ended by what the runtime could not do."""
    if text(pod, "metadata", "deletionTimestamp"):
        return True
    if text(pod, "status", "phase") == "Failed" and text(pod, "status", "reason"):
        return True
    ended = at(container(pod, MAIN), "state", "terminated")
    if text(ended, "reason") == "OOMKilled":
        return not memory_limit(pod)
    if ended or text(pod, "status", "phase") != "Failed":
        return is_of_the_runtime(ended) or _is_killed(ended)
    # It has not run, for one of those that admission put before it did not end well.
    before = objects(pod, "status", "initContainerStatuses")
    return any(_is_killed(at(each, "state", "terminated")) for each in before)


def is_of_the_runtime(ended: Object | None) -> bool:
    """It was not started, for a reason that is neither the image's nor a limit's."""
    started = text(ended, "reason") not in _NOT_STARTED
    return not started and not _NEVER_STARTS.search(text(ended, "message"))


def _is_killed(ended: Object | None) -> bool:
    why = text(ended, "reason")
    by_a_signal = number(ended, "exitCode") in _KILLED and why != "OOMKilled"
    return by_a_signal or why == "ContainerStatusUnknown"


def memory_limit(pod: Object) -> str:
    """What its container may use, as admission set it, for kboot sets none; empty: all there is.

    Without one it was the node that ran out of memory, whoever used it.
    """
    return text(main_of(pod), "resources", "limits", "memory")


def main_of(pod: Object) -> Object:
    """kboot's own container, as admission left it."""
    containers = objects(pod, "spec", "containers")
    return next((each for each in containers if each.get("name") == MAIN), {})


def never_started(pod: Object) -> bool:
    """The runtime could not start the container, so nothing it says is of the script's."""
    return text(container(pod, MAIN), "state", "terminated", "reason") in _NOT_STARTED


def container(pod: Object, named: str) -> Object:
    """The status of that container, or an empty one."""
    statuses = objects(pod, "status", "containerStatuses")
    return next((each for each in statuses if each.get("name") == named), {})


def _said(ended: Object) -> str:
    said = ended.get("message")
    return said.strip() if isinstance(said, str) else ""
