"""Gate `build`: an image that the profile's docker built runs in the cluster, with no registry.

Where the nodes run docker it is built by their own engine, as people do with `minikube docker-env`;
elsewhere by this machine's, and `minikube image load` brings it to the nodes, from a file: of an
image that is named it would keep a copy in its cache, for ever.
"""

import re
import tempfile
from functools import partial
from pathlib import Path

from bootstrap.cluster.failure import ApiFailure
from bootstrap.cluster.gate_look import TRY_AGAIN, Looks, steadily
from bootstrap.cluster.objects import objects, text
from bootstrap.cluster.trial.answer import answer
from bootstrap.cluster.trial.manifests import Image
from bootstrap.cluster.trial.namespace import HOLDER, PREFIX
from bootstrap.cluster.trial.programs import Docker, Images, Programs, Ran, without
from bootstrap.cluster.trial.trial import Trial, nonce
from bootstrap.cluster.trial.trouble import Trouble
from bootstrap.cluster.trial.why import never_pulled
from bootstrap.core.program import Lack

_MARK = "/kboot-was-here"
KEPT = "kboot.dev/kept"
"""Label of an image that --keep asked for: no run removes it."""
_NO_ENGINE = re.compile(r"annot connect to the Docker daemon|failed to connect to the docker API")
"""The latter since docker 29."""
_A_PULL = re.compile(
    r"lookup |Get \"?https?://|pull access|manifest|metadata for|resolve reference|toomanyrequests"
)
_NOT_ASKED = re.compile(r"error during connect|dial unix")
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
    yield from _engine(trial, docker, own=not on_docker)
    built: list[str] = []
    trial.at_end(partial(_remove, trial, docker, image, built))
    yield from _build(trial, docker, image, word, own=not on_docker)
    built.append(image)
    if images:
        trial.at_end(partial(_remove_from_nodes, trial, images, image))
        yield from _load(trial, docker, images, image)
    said = yield from answer(
        trial, "build", f"cat {_MARK} > /dev/termination-log", image=Image(image, "Never")
    )
    if said != word:
        words = f"it holds {said!r} where the build had written {word!r}"
        yield trial.failed("another image ran", Trouble("build-differs", words, final=True))
    brought = ", brought by minikube image load," if images else ""
    yield trial.passed(f"an image built with docker{brought} runs as a pod")


def _engine(trial: Trial, docker: Docker, *, own: bool) -> Looks[None]:
    """Wait until it answers at all; a build that says nothing may only be slow."""
    while not (ran := docker("version", "--format", "{{.Server.Version}}")).ended_well:
        words = f"docker version: {ran.said}"
        stays = _STAYS.search(words)
        trouble = _of_build(words, own=own) if stays else _of_engine(words, own=own)
        yield trial.failed("docker's engine does not answer", trouble)._replace(again=TRY_AGAIN)


def _of_engine(words: str, *, own: bool) -> Trouble:
    # That of this machine nobody but a person starts; the nodes' own start with them.
    stays = own and bool(_NO_ENGINE.search(words))
    return Trouble("engine-down" if own else "node-engine-down", words, final=stays)


def _build(trial: Trial, docker: Docker, image: str, word: str, *, own: bool) -> Looks[None]:
    whose = f"{KEPT if trial.keep else HOLDER}={trial.owner.holder}"
    given = f"FROM {trial.image.name}\nLABEL {whose}\nRUN echo {word} > {_MARK}\n"
    while not (ran := docker("build", "--quiet", "--tag", image, "-", given=given)).ended_well:
        trouble = _of_build(f"docker build: {ran.said}", own=own)
        yield trial.failed("docker cannot build an image", trouble)._replace(again=TRY_AGAIN)


def _of_build(words: str, *, own: bool) -> Trouble:
    if never_pulled(words) or (_A_PULL.search(words) and not _NOT_ASKED.search(words)):
        return Trouble("base-not-pulled", words, final=never_pulled(words))
    if _NO_ENGINE.search(words):
        return _of_engine(words, own=own)
    return Trouble("build-fails", words, final=bool(_STAYS.search(words)))


def _load(trial: Trial, docker: Docker, images: Images, image: str) -> Looks[None]:
    """minikube says 0 of an image, too, that it could not bring: what the nodes have decides."""
    while True:
        ran = _bring(docker, images, image)
        listed = images("ls")
        if ran.ended_well and (image in _names(listed) or not listed.ended_well):
            return
        said = ran.said or "it says nothing, and the nodes do not have it"
        trouble = Trouble("image-not-loaded", f"minikube image load: {said}")
        look = trial.failed("the image cannot be brought to the nodes", trouble)
        yield look._replace(again=TRY_AGAIN)


def _bring(docker: Docker, images: Images, image: str) -> Ran:
    with tempfile.TemporaryDirectory(prefix="kboot-") as folder:
        file = Path(folder, "image.tar")
        docker("save", "--output", str(file), image)
        # A docker from a snap does not write there.
        return images("load", str(file) if file.exists() else image)


def _remove(trial: Trial, docker: Docker, own: str, built: list[str]) -> str:
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
    if removed.ended_well or own not in built or (shown.ended_well and own not in runs):
        return ""
    return f"image {own} is left in docker: {removed.said}"


def _remove_from_nodes(trial: Trial, images: Images, own: str) -> str:
    """This run's, and those of runs whose namespace is no more."""
    for each in _names(images("ls")):
        if each == own or _is_left(trial, each):
            images("rm", each)
    listed = images("ls")
    if listed.ended_well and own not in _names(listed):
        return ""
    return f"image {own} may be left on the nodes" + (listed.said and f": {listed.said}")


def _is_left(trial: Trial, image: str) -> bool:
    run = image.partition(":")[0]
    if not run.startswith(PREFIX) or trial.owner.is_alive(run):
        return False
    try:
        return trial.client.get(f"/api/v1/namespaces/{run}").status == 404
    except ApiFailure:
        return False


def _names(listed: Ran) -> list[str]:
    """As docker has them: the nodes' runtimes put a registry and a folder before."""
    return [each.rpartition("/")[2] for each in listed.out.split()]


def _the_node_runs_docker(trial: Trial) -> Looks[bool]:
    client = trial.client
    listed = yield from steadily(lambda: client.get_json("/api/v1/nodes"))
    runtimes = [
        text(each, "status", "nodeInfo", "containerRuntimeVersion")
        for each in objects(listed, "items")
    ]
    # Of several nodes `minikube docker-env` knows none.
    return len(runtimes) == 1 and runtimes[0].startswith("docker://")
