"""What may happen to a pod of kboot's, good and bad: played on a real cluster, for its history.

Here `alter` does what a cluster's admission may do: add sidecars, limits, deadlines.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from bootstrap.api.objects import at, condition, objects, text
from bootstrap.gates.made.manifests import Image, Mount, claim
from tests.helpers.histories.past import Thing
from tests.helpers.histories.recorder import Recorder

Play = Callable[[Recorder], None]
Alter = Callable[[Thing], None]


class Story(NamedTuple):
    plays: Play
    ends: Any
    """As in `History`."""
    said: str
    in_node: bool
    """Whether something is done in the node."""


STORIES: dict[str, Story] = {}
_SAID = "it is so"
_SAY = f"echo {_SAID} > /dev/termination-log"
_NOBODY = "127.0.0.1:1"
"""A registry where nobody listens."""
_DATA = Mount("data", "/data", {"persistentVolumeClaim": {"claimName": "data"}})


def story(
    ends: Any = "passes", said: str = _SAID, *, in_node: bool = False
) -> Callable[[Play], Play]:
    def keep(plays: Play) -> Play:
        STORIES[plays.__name__.replace("_", "-")] = Story(plays, ends, said, in_node)
        return plays

    return keep


def final(reason: str) -> Thing:
    return {"reason": reason, "final": True}


def waits(reason: str) -> Thing:
    return {"reason": reason, "final": False}


def ended(pod: Thing) -> bool:
    return text(pod, "status", "phase") in ("Succeeded", "Failed")


def running(pod: Thing) -> bool:
    return at(_main(pod), "state", "running") is not None


def main_ended(pod: Thing) -> bool:
    return at(_main(pod), "state", "terminated") is not None


def waiting(reason: str) -> Callable[[Thing], bool]:
    return lambda pod: text(_main(pod), "state", "waiting", "reason") == reason


def gone(pod: Thing) -> bool:
    return not pod


def _main(pod: Thing) -> Any:
    found = objects(pod, "status", "containerStatuses")
    return next((each for each in found if text(each, "name") == "main"), {})


# Good ones.


@story()
def at_once(on: Recorder) -> None:
    on.run("dns", _SAY)
    on.until(ended)


@story()
def after_a_while(on: Recorder) -> None:
    seconds = on.draw("seconds it runs", 2, 5)
    on.run("dns", f"echo not yet > /dev/termination-log; sleep {seconds}; {_SAY}")
    on.until(ended)


@story(in_node=True)
def on_a_busy_node(on: Recorder) -> None:
    with on.busy(on.draw("busy processes", 20, 60)):
        on.wait(1)
        on.run("dns", f"sleep {on.draw('seconds it runs', 0, 2)}; {_SAY}")
        on.until(ended)


@story()
def volume_comes_late(on: Recorder) -> None:
    made = dict(claim("data"))
    on.make("persistentvolumeclaims", made | {"spec": made["spec"] | {"storageClassName": ""}})
    on.run("storage-write", f"test -d /data && {_SAY}", mounts=(_DATA,))
    on.wait(on.draw("seconds without a volume", 2, 6))
    on.did("the volume is made")
    spec = made["spec"]
    on.make_volume(
        {
            "accessModes": spec["accessModes"],
            "capacity": spec["resources"]["requests"],
            "claimRef": {"namespace": on.namespace, "name": "data"},
            "hostPath": {"path": "/tmp"},
        }
    )
    on.until(ended)


@story()
def secret_comes_late(on: Recorder) -> None:
    on.run("dns", _SAY, alter=_env_from_secret)
    on.until(waiting("CreateContainerConfigError"))
    on.wait(on.draw("seconds more without the secret", 0, 4))
    _make_secret(on)
    on.until(ended, 120)


@story()
def mounted_secret_comes_late(on: Recorder) -> None:
    secret = Mount("secret", "/secret", {"secret": {"secretName": "late"}})
    on.run("dns", _SAY, mounts=(secret,))
    on.wait(on.draw("seconds without the secret", 2, 6))
    _make_secret(on)
    on.until(ended, 120)


@story(in_node=True)
def image_comes_late(on: Recorder) -> None:
    """Somebody loads it. What a registry does that is there again looks alike."""
    late = f"{_NOBODY}/late:1"
    on.run("dns", _SAY, image=Image(late))
    on.until(waiting("ImagePullBackOff"))
    on.wait(on.draw("seconds more without the image", 0, 4))
    on.did("the image is loaded")
    on.in_node(f"ctr -n k8s.io images tag {on.image} {late}")
    on.until(ended, 120)
    on.in_node(f"ctr -n k8s.io images rm {late}")


@story(in_node=True)
def network_comes_late(on: Recorder) -> None:
    on.did("the node's network is not configured any more")
    on.in_node("mv /etc/cni/net.d /etc/cni/away")
    try:
        on.wait(on.draw("seconds before the pod", 0, 12))
        on.run("dns", _SAY)
        on.wait(on.draw("seconds without network", 3, 8))
    finally:
        on.did("the node's network is configured again")
        on.in_node("mv /etc/cni/away /etc/cni/net.d")
    on.until(ended, 120)


@story(in_node=True)
def sandbox_fails_at_first(on: Recorder) -> None:
    config = "/etc/cni/net.d/00-broken.conflist"
    broken = '{"cniVersion":"0.4.0","name":"broken","plugins":[{"type":"broken"}]}'
    on.did("the node's network has a plugin that is not there")
    on.in_node(f"echo '{broken}' > {config}; sleep 1")
    try:
        on.run("dns", _SAY)
        on.wait(on.draw("seconds with it", 3, 8))
    finally:
        on.did("the node's network is as it was")
        on.in_node(f"rm {config}")
    on.until(ended, 120)


@story()
def sidecar_ends_first(on: Recorder) -> None:
    sidecar = "echo of the sidecar > /dev/termination-log"
    on.run("dns", f"sleep {on.draw('seconds it runs', 2, 4)}; {_SAY}", alter=_beside(on, sidecar))
    on.until(ended)


@story()
def sidecar_fails_first(on: Recorder) -> None:
    sidecar = "echo of the sidecar > /dev/termination-log; exit 3"
    on.run("dns", f"sleep {on.draw('seconds it runs', 2, 4)}; {_SAY}", alter=_beside(on, sidecar))
    on.until(ended)


@story()
def sidecar_never_ends(on: Recorder) -> None:
    on.run("dns", _SAY, alter=_beside(on, "echo proxying; sleep 600"))
    on.until(main_ended)


@story()
def native_sidecar(on: Recorder) -> None:
    script = f"sleep {on.draw('seconds it runs', 1, 3)}; {_SAY}"
    on.run("dns", script, alter=_before(on, "sleep 600", restartPolicy="Always"))
    on.until(ended)


@story()
def init_container(on: Recorder) -> None:
    init = f"sleep {on.draw('seconds of init', 1, 3)}; echo of init > /dev/termination-log"
    on.run("dns", _SAY, alter=_before(on, init))
    on.until(ended)


@story()
def survives_that_memory_is_short(on: Recorder) -> None:
    on.run("dns", f"tail /dev/zero; {_SAY}", alter=_limited)
    on.until(ended)


@story(in_node=True)
def kubelet_starts_anew(on: Recorder) -> None:
    on.run("dns", f"sleep {on.draw('seconds it runs', 5, 8)}; {_SAY}")
    on.until(running)
    on.wait(1)
    with on.without_kubelet():
        pass
    on.until(ended)


@story(in_node=True)
def ends_while_the_kubelet_is_away(on: Recorder) -> None:
    on.run("dns", f"sleep 3; {_SAY}")
    on.until(running)
    with on.without_kubelet():
        on.wait(on.draw("seconds without kubelet", 4, 8))
    on.until(ended)


# Bad ones.


@story(final("pod-failed"), "it is not so", in_node=True)
def fails_on_a_busy_node(on: Recorder) -> None:
    with on.busy(on.draw("busy processes", 20, 60)):
        on.wait(1)
        on.run("dns", "echo it is not so > /dev/termination-log; exit 1")
        on.until(ended)


@story(final("pod-failed"), "it is not so")
def fails(on: Recorder) -> None:
    script = f"sleep {on.draw('seconds it runs', 0, 2)}; echo a line of the log"
    on.run("dns", f"{script}; echo it is not so > /dev/termination-log; exit 1")
    on.until(ended)


@story(final("pod-failed"), "the last line of the log")
def fails_with_log_lines_only(on: Recorder) -> None:
    on.run("dns", "echo the first line; echo the last line of the log; exit 1")
    on.until(ended)


@story(final("pod-failed"), "it is not so")
def fails_beside_a_sidecar(on: Recorder) -> None:
    script = "echo it is not so > /dev/termination-log; exit 1"
    on.run("dns", script, alter=_beside(on, "echo proxying; sleep 600"))
    on.until(main_ended)


@story(final("out-of-memory"), "memory")
def a_program_of_it_is_out_of_memory(on: Recorder) -> None:
    on.run(
        "dns", "tail /dev/zero; echo it is not so > /dev/termination-log; exit 1", alter=_limited
    )
    on.until(ended)


@story(final("out-of-memory"), "memory")
def out_of_memory(on: Recorder) -> None:
    on.run("dns", "tail /dev/zero", alter=_limited)
    on.until(ended)


@story(waits("image-not-pulled"), "no such host")
def registry_is_unknown(on: Recorder) -> None:
    on.run("dns", _SAY, image=Image("registry.invalid/busybox:1.35"))
    on.until(waiting("ImagePullBackOff"))
    on.wait(16)


@story(waits("image-not-pulled"), "connection refused")
def registry_is_away(on: Recorder) -> None:
    on.run("dns", _SAY, image=Image(f"{_NOBODY}/busybox:1.35"))
    on.until(waiting("ImagePullBackOff"))
    on.wait(16)


@story(final("image-not-there"), "is not present with pull policy of Never")
def image_is_not_there(on: Recorder) -> None:
    on.run("dns", _SAY, image=Image("registry.invalid/busybox:1.35", "Never"))
    on.until(waiting("ErrImageNeverPull"))
    on.wait(3)


@story(final("image-name-invalid"), "couldn't parse image")
def image_name_is_invalid(on: Recorder) -> None:
    on.run("dns", _SAY, image=Image("Busybox:1.35"))
    on.until(waiting("InvalidImageName"))
    on.wait(3)


@story(final("pod-failed"), "/bin/sh")
def image_has_no_shell(on: Recorder) -> None:
    on.run("dns", _SAY, image=Image(on.bare))
    on.until(ended)


@story(final("injected-fails"), "exit code 4")
def init_container_fails(on: Recorder) -> None:
    init = "echo of init > /dev/termination-log; exit 4"
    on.run("dns", _SAY, alter=_before(on, init))
    on.until(ended)


@story(waits("pod-unschedulable"), "Insufficient cpu")
def no_node_is_large_enough(on: Recorder) -> None:
    on.run("dns", _SAY, alter=_requests("1000"))
    on.until(lambda pod: bool(condition(pod, "PodScheduled")))
    on.wait(3)


# The pod is lost, and its cluster may be well.


@story("lost", "")
def deleted(on: Recorder) -> None:
    on.run("dns", f"sleep 30; {_SAY}")
    on.until(running)
    on.did("the pod is deleted")
    on.remove("pods/dns")
    on.until(gone)


@story("lost", "")
def evicted_by_drain(on: Recorder) -> None:
    on.run("dns", f"sleep 30; {_SAY}")
    _evict(on)


@story("lost", "")
def evicted_with_grace(on: Recorder) -> None:
    def alter(pod: Thing) -> None:
        pod["spec"]["terminationGracePeriodSeconds"] = on.draw("seconds of grace", 2, 4)

    on.run("dns", f"sleep 30; {_SAY}", alter=alter)
    _evict(on)


@story("lost", "")
def evicted_by_the_kubelet(on: Recorder) -> None:
    script = "sleep 1; dd if=/dev/zero of=/small/file bs=1M count=4 2>&1; sleep 60"
    small = Mount("small", "/small", {"emptyDir": {"sizeLimit": "1Mi"}})
    on.run("dns", script, mounts=(small,))
    on.until(ended)


@story("lost", "")
def refused_by_the_kubelet(on: Recorder) -> None:
    def alter(pod: Thing) -> None:
        _requests("1000")(pod)
        nodes = on.client.get_json("/api/v1/nodes")
        pod["spec"]["nodeName"] = text(objects(nodes, "items")[0], "metadata", "name")

    on.run("dns", _SAY, alter=alter)
    on.until(ended)


@story("lost", "")
def deadline(on: Recorder) -> None:
    def alter(pod: Thing) -> None:
        pod["spec"]["activeDeadlineSeconds"] = on.draw("its deadline", 2, 4)

    on.run("dns", f"sleep 30; {_SAY}", alter=alter)
    on.until(ended)


@story("lost", "", in_node=True)
def its_process_is_killed(on: Recorder) -> None:
    """As by a node that shuts down."""
    on.run("dns", f"sleep 30; {_SAY}")
    on.until(running)
    on.did("its process is killed")
    container = text(_main(on.seen), "containerID").partition("://")[2]
    on.in_node(f"kill -9 $(ctr -n k8s.io tasks ls | awk '/{container}/ {{print $2}}')")
    on.until(ended)


@story("lost", "", in_node=True)
def its_processes_are_killed(on: Recorder) -> None:
    on.run("dns", f"sleep 30; {_SAY}")
    on.until(running)
    _cut_off(on, "")


@story("lost", "", in_node=True)
def its_node_restarts(on: Recorder) -> None:
    """Its processes and its containers' runtime end at once, and who starts again finds that."""
    on.run("dns", f"sleep 30; {_SAY}")
    on.until(running)
    runtime = "kill -9 $(pidof containerd)"
    _cut_off(on, runtime, "setsid containerd > /dev/null 2>&1 &")


_CUT_OFF = """
set -e
sandbox=$(ctr -n k8s.io containers ls -q \
    'labels."io.kubernetes.pod.uid"=={uid},labels."io.cri-containerd.kind"==sandbox')
shim=$(pgrep -f "[s]him.* -id ${{sandbox:?}}")
{before}
kill -9 $shim $(pgrep -P $shim)
sleep 1
{after}
"""


def _cut_off(on: Recorder, before: str, after: str = "") -> None:
    uid = text(on.seen, "metadata", "uid")
    with on.without_kubelet():
        on.did("its processes are killed")
        on.in_node(_CUT_OFF.format(uid=uid, before=before, after=after))
    on.until(ended)


def _evict(on: Recorder) -> None:
    on.until(running)
    on.did("the pod is evicted through the API")
    about = {"name": on.pod, "namespace": on.namespace}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": about}
    on.make(f"pods/{on.pod}/eviction", eviction)
    on.until(gone)


def _beside(on: Recorder, script: str) -> Alter:
    """Kubernetes lists the statuses of containers by their names: its comes first."""

    def alter(pod: Thing) -> None:
        pod["spec"]["containers"].insert(0, _container(on, "agent", script))

    return alter


def _before(on: Recorder, script: str, **more: str) -> Alter:
    def alter(pod: Thing) -> None:
        pod["spec"]["initContainers"] = [_container(on, "injected", script) | more]

    return alter


def _container(on: Recorder, name: str, script: str) -> Thing:
    return {"name": name, "image": on.image, "command": ["/bin/sh", "-c", script]}


def _env_from_secret(pod: Thing) -> None:
    pod["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "late"}}]


def _limited(pod: Thing) -> None:
    pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": "16Mi"}}


def _requests(cpu: str) -> Alter:
    def alter(pod: Thing) -> None:
        pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}

    return alter


def _make_secret(on: Recorder) -> None:
    on.did("the secret is made")
    made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "late"}}
    on.make("secrets", made)
