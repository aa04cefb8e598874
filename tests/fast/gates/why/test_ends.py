"""When kboot's container has ended, and how, by what its pod says."""

from typing import Any

import pytest

from bootstrap.gates.why.ends import End, end_of

OK = {"terminated": {"exitCode": 0, "reason": "Completed", "message": "it is so\n"}}
BAD = {"terminated": {"exitCode": 1, "reason": "Error", "message": "it is not\n"}}
RUNS = {"running": {"startedAt": "2026-11-27T08:00:00Z"}}


def pod(phase: str, *states: tuple[str, Any], **more: Any) -> dict[str, Any]:
    statuses = [{"name": name, "state": state} for name, state in states]
    metadata = {"deletionTimestamp": more.pop("deleted")} if "deleted" in more else {}
    status = {"phase": phase, "containerStatuses": statuses, **more}
    return {"metadata": {"name": "dns", **metadata}, "status": status}


@pytest.mark.parametrize("phase", ["Pending", "Running", "Succeeded", "Failed"])
def test_an_end_with_exit_code_0_is_the_answer_whatever_the_phase_says(phase: str) -> None:
    assert end_of(pod(phase, ("main", OK))) == End(True, "it is so")


def test_the_answer_is_of_kboots_own_container_not_of_one_beside_it() -> None:
    other = {"terminated": {"exitCode": 0, "message": "agent done"}}
    assert end_of(pod("Running", ("agent", other), ("main", RUNS))) is None
    assert end_of(pod("Running", ("agent", other), ("main", OK))) == End(True, "it is so")
    assert end_of(pod("Running", ("agent", BAD), ("main", RUNS))) is None
    assert end_of(pod("Running", ("agent", RUNS), ("main", OK))) == End(True, "it is so")


def test_an_end_with_an_error_is_one_and_not_lost() -> None:
    assert end_of(pod("Running", ("main", BAD))) == End(False, "it is not")
    assert end_of(pod("Failed", ("main", BAD))) == End(False, "it is not")


@pytest.mark.parametrize("phase", ["", "Pending", "Running"])
@pytest.mark.parametrize("state", [{}, RUNS, {"waiting": {"reason": "ContainerCreating"}}])
def test_what_has_not_ended_may_still_come(phase: str, state: Any) -> None:
    assert end_of(pod(phase, ("main", state))) is None


@pytest.mark.parametrize("reason", ["Evicted", "NodeShutdown", "Terminated", "OutOfcpu"])
def test_a_pod_that_its_node_refused_or_threw_out_is_lost(reason: str) -> None:
    assert end_of(pod("Failed", reason=reason)) == End(False, lost=True)


def test_a_pod_that_is_gone_or_being_deleted_is_lost() -> None:
    assert end_of({}) == End(False, lost=True)
    assert end_of(pod("Running", ("main", RUNS), deleted="now")) == End(False, lost=True)
    assert end_of(pod("Running", ("main", OK), deleted="now")) == End(True, "it is so")


@pytest.mark.parametrize(
    ("reason", "message", "lost"),
    [
        ("StartError", "failed to create shim task: context deadline exceeded", True),
        ("StartError", 'exec: "/bin/sh": stat /bin/sh: no such file or directory', False),
        ("ContainerCannotRun", r'caused "exec: \"/bin/sh\": permission denied": unknown', False),
        ("ContainerCannotRun", "exec format error", False),
        ("StartError", "open /run/containerd/io.sock: no such file or directory", True),
        ("StartError", 'exec: "containerd-shim-runc-v2": executable file not found', True),
        ("ContainerStatusUnknown", "could not be located when the pod was terminated", True),
    ],
)
def test_a_container_that_never_ran_is_lost_unless_its_image_is_why(
    reason: str, message: str, lost: bool
) -> None:
    state = {"terminated": {"exitCode": 128, "reason": reason, "message": message}}
    end = end_of(pod("Failed", ("main", state)))
    assert end is not None and (end.well, end.lost) == (False, lost)


@pytest.mark.parametrize(
    ("ended", "lost"),
    [
        ({"exitCode": 255, "reason": "Unknown"}, True),
        ({"exitCode": 137, "reason": "ContainerStatusUnknown"}, True),
        ({"exitCode": 1, "reason": "Error"}, False),
        ({"exitCode": 137, "reason": "OOMKilled"}, False),
    ],
)
def test_a_pod_whose_init_container_was_killed_from_outside_is_lost(
    ended: dict[str, Any], lost: bool
) -> None:
    before = [{"name": "agent", "state": {"terminated": ended}}]
    waits = {"waiting": {"reason": "PodInitializing"}}
    found = pod("Failed", ("main", waits), initContainerStatuses=before)
    assert end_of(found) == End(False, lost=lost)
