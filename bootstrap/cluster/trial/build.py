"""Gate `build`: an image that the profile's docker built runs in the cluster, with no registry.

Where the nodes run docker it is built by their own engine, as people do with `minikube docker-env`;
elsewhere by this machine's, and `minikube image load` brings it to the nodes.
"""

import re
from functools import partial

from bootstrap.cluster.gate_look import Looks, steadily
from bootstrap.cluster.objects import objects, text
from bootstrap.cluster.trial.manifests import Image
from bootstrap.cluster.trial.namespace import HOLDER, PREFIX
from bootstrap.cluster.trial.programs import TRY_AGAIN, Docker, Images, Programs, without
from bootstrap.cluster.trial.trial import Trial, nonce
from bootstrap.cluster.trial.trouble import Trouble
from bootstrap.cluster.trial.why import never_pulled
from bootstrap.core.program import Lack

_MARK = "/kboot-was-here"
_NO_ENGINE = re.compile(r"annot connect to the Docker daemon|failed to connect to the docker API")
"""The latter since docker 29."""
_STAYS = re.compile(
    r"(?i)permission denied|returned a non-zero code|did not complete successfully"
    r"|dockerfile parse error"
)
"""What an engine that answers says for good."""


def pass_build(trial: Trial, programs: Programs) -> Looks[None]:
    on_docker = yield from _the_node_runs_docker(trial)
    docker = programs.docker if on_docker else programs.own_docker
    images = None if on_docker else programs.images
    if isinstance(docker, Lack):
        yield without(docker)
        return
    if isinstance(images, Lack):
        yield without(images)
        return
    yield from trial.begin()
    word = nonce()
    image = f"{trial.namespace}:{word}"
    trial.at_end(partial(_remove, trial, docker, image))
    yield from _build(trial, docker, image, word, own=not on_docker)
    if images:
        trial.at_end(partial(_remove_from_nodes, trial, images, image))
        yield from _load(trial, images, image)
    said = yield from trial.answer(
        "build", f"cat {_MARK} > /dev/termination-log", image=Image(image, "Never")
    )
    if said != word:
        words = f"it holds {said!r} where the build had written {word!r}"
        yield trial.failed("another image ran", Trouble("build-differs", words, final=True))
    brought = ", brought by minikube image load," if images else ""
    yield trial.passed(f"an image built with docker{brought} runs as a pod")


def _build(trial: Trial, docker: Docker, image: str, word: str, *, own: bool) -> Looks[None]:
    whose = f"{HOLDER}={trial.owner.holder}"
    given = f"FROM {trial.image.name}\nLABEL {whose}\nRUN echo {word} > {_MARK}\n"
    while not (ran := docker("build", "--quiet", "--tag", image, "-", given=given)).ended_well:
        trouble = _of_build(f"docker build: {ran.said}", own=own)
        yield trial.failed("docker cannot build an image", trouble)._replace(again=TRY_AGAIN)


def _of_build(words: str, *, own: bool) -> Trouble:
    if never_pulled(words):
        return Trouble("base-not-pulled", words, final=True)
    if _NO_ENGINE.search(words):
        # That of this machine nobody but a person starts; the nodes' own start with them.
        return Trouble("engine-down" if own else "node-engine-down", words, final=own)
    return Trouble("build-fails", words, final=bool(_STAYS.search(words)))


def _load(trial: Trial, images: Images, image: str) -> Looks[None]:
    while not (ran := images("load", image)).ended_well:
        trouble = Trouble("image-not-loaded", f"minikube image load: {ran.said}")
        look = trial.failed("the image cannot be brought to the nodes", trouble)
        yield look._replace(again=TRY_AGAIN)


def _remove(trial: Trial, docker: Docker, own: str) -> str:
    """This run's, and those that killed runs of this machine left in the engine."""
    whose = f"label={HOLDER}={trial.owner.holder}"
    shown = docker("image", "ls", "--filter", whose, "--format", "{{.Repository}}:{{.Tag}}")
    runs = {each: each.partition(":")[0] for each in shown.out.split()}
    left = [
        each
        for each, run in runs.items()
        if run.startswith(PREFIX) and not trial.owner.is_alive(run)
    ]
    removed = docker("image", "rm", "--force", own, *left)
    if own not in runs or removed.ended_well:
        return ""
    return f"image {own} is left in docker: {removed.said}"


def _remove_from_nodes(trial: Trial, images: Images, own: str) -> str:
    """This run's; of killed runs of this machine those whose names are still known."""
    left = [own]
    if dead := trial.owner.dead():
        names = (each.rpartition("/")[2] for each in images("ls").out.split())
        left += [each for each in names if each.partition(":")[0] in dead]
    removed = [images("rm", each) for each in left]
    if removed[0].ended_well:
        return ""
    return f"image {own} may be left on the nodes: {removed[0].said}"


def _the_node_runs_docker(trial: Trial) -> Looks[bool]:
    client = trial.client
    listed = yield from steadily(lambda: client.get_json("/api/v1/nodes"))
    runtimes = [
        text(each, "status", "nodeInfo", "containerRuntimeVersion")
        for each in objects(listed, "items")
    ]
    # Of several nodes `minikube docker-env` knows none.
    return len(runtimes) == 1 and runtimes[0].startswith("docker://")
