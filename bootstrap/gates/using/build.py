"""Gate `build`: an image that the profile's docker built runs in the cluster, with no registry.

Where the nodes run docker it is built by their own engine, as people do with `minikube docker-env`;
elsewhere by this machine's, and minikube brings it to the nodes.
"""

import re
from functools import partial

from bootstrap.api.objects import objects, text
from bootstrap.core.model.gate import Lack
from bootstrap.gates.look import TRY_AGAIN, Looks, steadily
from bootstrap.gates.made.answer import answer
from bootstrap.gates.made.manifests import Image
from bootstrap.gates.made.namespace import HOLDER
from bootstrap.gates.made.trial import Trial, nonce
from bootstrap.gates.using.images import bring, remove_from_engine, remove_from_nodes
from bootstrap.gates.using.programs import Docker, Programs, without
from bootstrap.gates.why.pulls import never_pulled
from bootstrap.gates.why.trouble import Trouble

_MARK = "/kboot-was-here"
KEPT = "kboot.dev/kept"
"""Label of an image that --keep asked for: no run removes it."""
_NO_ENGINE = re.compile(r"annot connect to the Docker daemon|failed to connect to the docker API")
"""The latter since docker 29."""
_SILENT = re.compile(r"did not answer within|error during connect|dial (tcp|unix)")
_A_PULL = re.compile(
    r"lookup |Get \"?https?://|pull access|manifest|metadata for|resolve reference|toomanyrequests"
)
_NOT_ASKED = re.compile(r"error during connect|dial unix")
_NO_BASE = re.compile(r"(?i)no such (image|object)")
_STAYS = re.compile(
    r"(?i)permission denied|returned a non-zero code|did not complete successfully"
    r"|dockerfile parse error|client version .* is too |exec format error"
)
"""What does not mend itself: said by an engine that answers, or of the program."""


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
    going = f"image {image} is removed"
    trial.at_end(going, partial(remove_from_engine, trial, docker, image, built))
    yield from _build(trial, docker, image, word, own=not on_docker)
    built.append(image)
    if images:
        trial.at_end(f"{going} from the nodes", partial(remove_from_nodes, trial, images, image))
        yield from bring(trial, docker, images, image)
    script = f'found=$(cat {_MARK}) && echo "it holds $found" > /dev/termination-log'
    said = yield from answer(trial, "build", script, image=Image(image, "Never"))
    if said != f"it holds {word}":
        words = f"its pod says {said!r} where the build had written {word!r}"
        yield trial.failed("another image ran", Trouble("build-differs", words, final=True))
    brought = ", brought by minikube image load," if images else ""
    yield trial.passed(f"an image built with docker{brought} runs as a pod")


def _engine(trial: Trial, docker: Docker, *, own: bool) -> Looks[None]:
    """Wait until it answers at all; a build that says nothing may only be slow."""
    while not (ran := docker("version", "--format", "{{.Server.Version}}")).ended_well:
        words = f"docker version: {ran.said}"
        is_silent = _SILENT.search(words) and not _STAYS.search(words)
        trouble = _of_engine(words, own=own) if is_silent else _of_docker(words, own=own)
        yield trial.failed("docker's engine cannot be used", trouble)._replace(again=TRY_AGAIN)


def _of_engine(words: str, *, own: bool) -> Trouble:
    # That of this machine nobody but a person starts; the nodes' own start with them.
    stays = own and bool(_NO_ENGINE.search(words))
    return Trouble("engine-down" if own else "node-engine-down", words, final=stays)


def _of_docker(words: str, *, own: bool) -> Trouble:
    if _NO_ENGINE.search(words):
        return _of_engine(words, own=own)
    return Trouble("build-fails", words, final=bool(_STAYS.search(words)))


def _build(trial: Trial, docker: Docker, image: str, word: str, *, own: bool) -> Looks[None]:
    whose = f"{KEPT if trial.keep else HOLDER}={trial.owner.holder}"
    base = trial.image.name
    lacks_base = _NO_BASE.search(docker("image", "inspect", "--format", "{{.Id}}", base).said)
    given = f"FROM {base}\nLABEL {whose}\nRUN echo {word} > {_MARK}\n"
    while not (ran := docker("build", "--quiet", "--tag", image, "-", given=given)).ended_well:
        trouble = _of_build(f"docker build: {ran.said}", own=own)
        if lacks_base and trouble.reason == "build-fails" and not trouble.final:
            words = f"{trouble.words}; {base} is not in the engine, so it is pulled first"
            trouble = Trouble("base-not-pulled", words)
        yield trial.failed("docker cannot build an image", trouble)._replace(again=TRY_AGAIN)


def _of_build(words: str, *, own: bool) -> Trouble:
    if never_pulled(words) or (_A_PULL.search(words) and not _NOT_ASKED.search(words)):
        return Trouble("base-not-pulled", words, final=never_pulled(words))
    return _of_docker(words, own=own)


def _the_node_runs_docker(trial: Trial) -> Looks[bool]:
    client = trial.client
    listed = yield from steadily(lambda: client.get_json("/api/v1/nodes"))
    runtimes = [
        text(each, "status", "nodeInfo", "containerRuntimeVersion")
        for each in objects(listed, "items")
    ]
    # Of several nodes `minikube docker-env` knows none.
    return len(runtimes) == 1 and runtimes[0].startswith("docker://")
