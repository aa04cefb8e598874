"""The image that `build` made: to the nodes, and out of everything again at the end.

`minikube image load` brings it to nodes that do not run docker, from a file: of an image that is
named it would keep a copy in its cache, for ever.
"""

import tempfile
from pathlib import Path

from bootstrap.api.failure import ApiFailure
from bootstrap.gates.look import TRY_AGAIN, Looks
from bootstrap.gates.made.namespace import HOLDER, PREFIX
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.programs import Docker, Images, Ran
from bootstrap.gates.why.trouble import Trouble
from bootstrap.regular import is_there


def bring(trial: Trial, docker: Docker, images: Images, image: str) -> Looks[None]:
    """minikube says 0 of an image, too, that it could not bring: what the nodes have decides."""
    while True:
        ran = _load(docker, images, image)
        listed = images("ls")
        if ran.ended_well and (image in _names(listed) or not listed.ended_well):
            return
        said = ran.said or "it says nothing, and the nodes do not have it"
        trouble = Trouble("image-not-loaded", f"minikube image load: {said}")
        look = trial.failed("the image cannot be brought to the nodes", trouble)
        yield look._replace(again=TRY_AGAIN)


def _load(docker: Docker, images: Images, image: str) -> Ran:
    try:
        with tempfile.TemporaryDirectory(prefix="kboot-") as folder:
            file = Path(folder, "image.tar")
            docker("save", "--output", str(file), image)
            # A docker from a snap does not write there; then it goes by its name.
            return images("load", str(file) if is_there(file) else image)
    except OSError as error:
        return Ran(False, "", f"no file can be made for it: {error}")


def remove_from_engine(trial: Trial, docker: Docker, own: str, built: list[str]) -> str:
    """This run's, and those that killed runs of this machine left in the engine.

    `built`: `own`, once it is known to be there. In words what is left, or empty.
    """
    labelled = _labelled(trial, docker)
    runs = {each: each.partition(":")[0] for each in labelled.out.split()}
    theirs = [
        each
        for each, run in runs.items()
        if run.startswith(PREFIX) and not trial.owner.is_alive(run)
    ]
    removed = docker("image", "rm", "--force", own, *theirs)
    if removed.ended_well:
        return ""
    listed = _labelled(trial, docker)
    there = listed.out.split() if listed.ended_well else built
    left = ", ".join(each for each in (own, *theirs) if each in there)
    return left and f"left in docker: image {left}: {removed.said}"


def remove_from_nodes(trial: Trial, images: Images, own: str) -> str:
    """This run's, and those of runs whose namespace is no more. In words what is left, or empty."""
    for each in _names(images("ls")):
        if each == own or _is_left(trial, each):
            images("rm", each)
    listed = images("ls")
    if listed.ended_well and own not in _names(listed):
        return ""
    return f"image {own} may be left on the nodes" + (listed.said and f": {listed.said}")


def _labelled(trial: Trial, docker: Docker) -> Ran:
    whose = f"label={HOLDER}={trial.owner.holder}"
    return docker("image", "ls", "--filter", whose, "--format", "{{.Repository}}:{{.Tag}}")


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
