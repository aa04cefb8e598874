"""Gates `kubectl` and `build`: the person's own programs, with the cluster as it is for them."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from bootstrap.cluster.gate_look import Look, Looks, steadily
from bootstrap.cluster.objects import name, objects, text
from bootstrap.cluster.trial.manifests import Image
from bootstrap.cluster.trial.namespace import HOLDER, PREFIX
from bootstrap.cluster.trial.trial import Trial, nonce
from bootstrap.cluster.trial.why import Trouble
from bootstrap.core.program import Lack

_MARK = "/kboot-was-here"


class Ran(NamedTuple):
    """How a program ended. `said`: its last words, where it did not end well."""

    ended_well: bool
    out: str
    said: str = ""


class Docker(Protocol):
    """The profile's docker with the engine that the nodes' pods run on."""

    def __call__(self, *words: str, given: str = "") -> Ran:
        """`given`: what it reads from its stdin."""


class Programs(NamedTuple):
    """What the engine runs for these gates."""

    kubectl_nodes: Callable[[], Ran] | Lack
    """`kubectl get nodes -o name`, with the kubeconfig that the person will have."""
    docker: Docker | Lack


def pass_kubectl(trial: Trial, programs: Programs) -> Looks[None]:
    """kubectl names the very nodes that the API server names."""
    run = programs.kubectl_nodes
    if isinstance(run, Lack):
        yield _without(run)
        return
    client = trial.client
    while True:
        listed = yield from steadily(lambda: client.get_json("/api/v1/nodes"))
        expected = sorted(name(each) for each in objects(listed, "items"))
        ran = run()
        # `nodes/minikube` up to 1.10, `node/minikube` since.
        found = sorted(line.rpartition("/")[2] for line in ran.out.split())
        if ran.ended_well and found == expected:
            counted = f"{len(found)} node" + ("s" if len(found) != 1 else "")
            yield Look(passed=True, message=f"kubectl lists {counted}")
        elif ran.ended_well:
            words = f"kubectl names {found}, and the API server {expected}"
            yield trial.failed("kubectl sees other nodes", Trouble("kubectl-differs", words))
        else:
            trouble = Trouble("kubectl-fails", f"kubectl get nodes: {ran.said}")
            yield trial.failed("kubectl cannot list the nodes", trouble)


def pass_build(trial: Trial, programs: Programs) -> Looks[None]:
    """An image that this docker built runs in the cluster, with no registry between them."""
    docker = programs.docker
    if isinstance(docker, Lack):
        yield _without(docker)
        return
    other = yield from _other_runtime(trial)
    if other:
        yield _without(Lack(other))
        return
    yield from trial.begin()
    word = nonce()
    image = f"{trial.namespace}:{word}"
    try:
        ran = docker("build", "--quiet", "--tag", image, "-", given=_dockerfile(trial, word))
        if not ran.ended_well:
            trouble = Trouble("build-fails", f"docker build: {ran.said}", final=True)
            yield trial.failed("docker cannot build an image", trouble)
        script = f"cat {_MARK} > /dev/termination-log"
        said = yield from trial.answer("build", script, image=Image(image, "Never"))
        if said != word:
            words = f"it holds {said!r} where the build had written {word!r}"
            yield trial.failed("another image ran", Trouble("build-differs", words, final=True))
        yield Look(passed=True, message="an image built with docker runs as a pod")
    finally:
        _remove_images(trial, docker, image)


def _dockerfile(trial: Trial, word: str) -> str:
    whose = f"{HOLDER}={trial.owner.holder}"
    return f"FROM {trial.image.name}\nLABEL {whose}\nRUN echo {word} > {_MARK}\n"


def _remove_images(trial: Trial, docker: Docker, own: str) -> None:
    """This run's, and those that killed runs of this machine left in the engine."""
    whose = f"label={HOLDER}={trial.owner.holder}"
    shown = docker("image", "ls", "--filter", whose, "--format", "{{.Repository}}:{{.Tag}}")
    runs = {each: each.partition(":")[0] for each in shown.out.split()}
    left = [
        each
        for each, run in runs.items()
        if run.startswith(PREFIX) and not trial.owner.is_alive(run)
    ]
    docker("image", "rm", "--force", own, *left)


def _without(lack: Lack) -> Look:
    if not lack.fix:
        return Look(passed=False, message=lack.why, absent=True, final=True)
    why = "the profile declares it"
    return Look(False, lack.why, why, reason="program-missing", fix=lack.fix, final=True)


def _other_runtime(trial: Trial) -> Looks[str]:
    """Why no image of docker's can be on the nodes, or empty."""
    client = trial.client
    listed = yield from steadily(lambda: client.get_json("/api/v1/nodes"))
    for node in objects(listed, "items"):
        runtime = text(node, "status", "nodeInfo", "containerRuntimeVersion")
        if not runtime.startswith("docker://"):
            return f"node {name(node)} runs {runtime.partition(':')[0] or 'no docker'}"
    return ""
