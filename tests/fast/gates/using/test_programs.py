"""The gates that have the person's own programs run: what is waited for, and what stays."""

import itertools
import tempfile
from pathlib import Path

import pytest

from bootstrap.core.model.gate import Lack
from bootstrap.gates.look import TRY_AGAIN, Look
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.programs import Programs, Ran
from bootstrap.gates.using.table import trial_gates
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.serving.apiserver import as_json

NONE = Lack("none")


class Engine:
    """Answers each command with the next of its answers; the last one stays."""

    def __init__(self, **answers: list[Ran]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []
        self.given = ""

    def __call__(self, *words: str, given: str = "") -> Ran:
        self.asked.append(words)
        self.given = given or self.given
        answers = self.answers.get(words[0], [Ran(True, "")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer.ended_well and not answer.said:
            self.do(*words)
        return answer

    @property
    def built(self) -> str:
        """The image that it was to build."""
        return next(each[3] for each in self.asked if each[0] == "build")

    def do(self, verb: str, *words: str) -> None:
        if verb == "save":
            _, file, image = words
            Path(file).write_text(image)


class Nodes(Engine):
    """minikube's way to images: it has those that it was told to load from files."""

    def __init__(self, *images: str, **answers: list[Ran]) -> None:
        super().__init__(**answers)
        self.images = list(images)

    def __call__(self, *words: str, given: str = "") -> Ran:
        answer = super().__call__(*words)
        listed = "".join(f"docker.io/library/{each}\n" for each in self.images)
        return Ran(True, listed) if words == ("ls",) and answer.ended_well else answer

    def do(self, verb: str, *words: str) -> None:
        if verb == "load":
            self.images.append(Path(words[0]).read_text())
        if verb == "rm":
            self.images.remove(words[0])


def says(words: str) -> Ran:
    return Ran(False, "", words)


def runtime(api: ActingApi, *runtimes: str) -> None:
    nodes = [
        {"metadata": {"name": f"n{each}"}, "status": {"nodeInfo": {"containerRuntimeVersion": it}}}
        for each, it in enumerate(runtimes)
    ]
    api.documents["/api/v1/nodes"] = as_json({"items": nodes})


def first_looks(trial: Trial, gate: str, programs: Programs, count: int = 2) -> list[Look]:
    """Up to the first that has passed or is final, or that many."""
    looks = trial_gates(trial, programs)[gate]()
    found: list[Look] = []
    for look in itertools.islice(looks, count):
        found.append(look)
        if look.passed or look.final:
            break
    return found


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ("Unable to connect to the server: net/http: TLS handshake timeout", False),
        ("Unable to connect to the server: dial tcp 10.0.0.1:8443: i/o timeout", False),
        ("The connection to the server 10.0.0.1:8443 was refused", False),
        ("Error from server (ServiceUnavailable): the server is currently unable to", False),
        ("Error from server: etcdserver: leader changed", False),
        ("Error from server (TooManyRequests): too many requests", False),
        ("getting credentials: exec: executable aws failed with exit code 255", False),
        ("did not answer within 60 s", False),
        ("it said nothing", False),
        ("error: You must be logged in to the server (Unauthorized)", True),
        ("Unable to connect to the server: x509: certificate signed by unknown authority", True),
        ("Unable to connect to the server: dial tcp: lookup a.invalid: no such host", False),
        ("getting credentials: exec: executable aws not found", True),
        ('error: context "work" does not exist', True),
        ("Error: unknown flag: --request-timeout", True),
    ],
)
def test_a_kubectl_that_fails_is_asked_again_unless_it_says_what_stays(
    api: ActingApi, trial: Trial, said: str, stays: bool
) -> None:
    runtime(api, "containerd://2.1")
    answers = iter([says(said), Ran(True, "node/n0\n")])
    programs = Programs(lambda: next(answers), NONE, NONE, NONE)
    looks = first_looks(trial, "kubectl", programs)
    assert (looks[0].reason, looks[0].final) == ("kubectl-fails", stays)
    assert stays or looks[-1].passed


@pytest.mark.parametrize(
    ("said", "own", "reason", "final"),
    [
        ("ERROR: Cannot connect to the Docker daemon at unix://…", True, "engine-down", True),
        ("failed to connect to the docker API at unix:///…", True, "engine-down", True),
        ("error: Cannot connect to the Docker daemon", False, "node-engine-down", False),
        ("error during connect: Post …: EOF", True, "build-fails", False),
        ("error during connect: net/http: TLS handshake timeout", False, "build-fails", False),
        (
            "pull access denied for busybox, repository does not exist",
            True,
            "base-not-pulled",
            True,
        ),
        (
            'Get "https://a.invalid/v2/": dial tcp: lookup a.invalid on 127.0.0.53: no such host',
            *(True, "base-not-pulled", False),
        ),
        (
            "failed to resolve source metadata for docker.io/library/busybox:9: not found",
            *(True, "base-not-pulled", True),
        ),
        (
            'error during connect: Get "http://a:2376/v1.41/build": dial tcp: lookup a',
            *(False, "build-fails", False),
        ),
        ("The command '/bin/sh' returned a non-zero code: 1", True, "build-fails", True),
        ("did not answer within 12 s", True, "build-fails", False),
    ],
)
def test_a_build_is_tried_again_unless_waiting_does_not_mend_it(
    api: ActingApi, trial: Trial, said: str, own: bool, reason: str, final: bool
) -> None:
    runtime(api, "containerd://2.1" if own else "docker://20.10.2")
    docker = Engine(build=[says(said), Ran(True, "")])
    programs = Programs(NONE, docker, docker, Nodes())
    look = first_looks(trial, "build", programs)[0]
    assert (look.reason, look.final) == (reason, final)
    trial.end(10.0)


def test_a_build_without_end_waits_for_its_base_where_the_engine_has_none(
    api: ActingApi, trial: Trial
) -> None:
    runtime(api, "containerd://2.1")
    lacks = says("Error: No such image: busybox:1.28")
    docker = Engine(build=[says("did not answer within 12 s")], image=[lacks, Ran(True, "")])
    look = first_looks(trial, "build", Programs(NONE, NONE, docker, Nodes()), 1)[0]
    assert (look.reason, look.final) == ("base-not-pulled", False)
    assert look.why.endswith("busybox:1.28 is not in the engine, so it is pulled first")
    trial.end(10.0)


@pytest.mark.parametrize(
    "load",
    [says("the node does not answer"), Ran(True, "", "! The image was not found")],
    ids=["fails", "says that it did well"],
)
def test_an_image_that_is_not_brought_yet_is_brought_again(
    api: ActingApi, trial: Trial, load: Ran
) -> None:
    runtime(api, "containerd://2.1")
    images = Nodes(load=[load, Ran(True, "")])
    looks = first_looks(trial, "build", Programs(NONE, NONE, Engine(), images))
    assert [each.reason for each in looks] == ["image-not-loaded", "build-differs"]
    assert load.said in looks[0].why
    assert [each[0] for each in images.asked if each[0] == "load"] == ["load", "load"]
    trial.end(10.0)


def test_a_minikube_that_cannot_list_images_is_believed(api: ActingApi, trial: Trial) -> None:
    runtime(api, "containerd://2.1")
    images = Nodes(ls=[says('unknown command "ls"')])
    looks = first_looks(trial, "build", Programs(NONE, NONE, Engine(), images))
    assert [each.reason for each in looks] == ["build-differs"]
    trial.end(10.0)


def test_an_image_is_brought_from_a_file_that_does_not_stay(api: ActingApi, trial: Trial) -> None:
    runtime(api, "containerd://2.1")
    images = Nodes()
    first_looks(trial, "build", Programs(NONE, NONE, Engine(), images))
    (file,) = (Path(each[1]) for each in images.asked if each[0] == "load")
    assert file.name == "image.tar" and not file.parent.exists()
    trial.end(10.0)


def test_where_docker_cannot_write_the_file_the_image_is_brought_by_its_name(
    api: ActingApi, trial: Trial
) -> None:
    runtime(api, "containerd://2.1")
    docker, images = Engine(save=[says("permission denied")]), Engine(ls=[says("none")])
    first_looks(trial, "build", Programs(NONE, NONE, docker, images))
    assert ("load", docker.built) in images.asked
    trial.end(10.0)


@pytest.mark.parametrize(
    ("runtimes", "builds"),
    [
        (("docker://20.10.2",), "theirs"),
        (("docker://20.10.2", "docker://20.10.2"), "own"),
        (("containerd://2.1",), "own"),
    ],
)
def test_it_is_built_where_the_pods_run_or_brought_there(
    api: ActingApi, trial: Trial, runtimes: tuple[str, ...], builds: str
) -> None:
    runtime(api, *runtimes)
    engines = {"theirs": Engine(), "own": Engine()}
    images = Nodes()
    first_looks(trial, "build", Programs(NONE, engines["theirs"], engines["own"], images))
    assert [each for each, engine in engines.items() if engine.asked] == [builds]
    assert bool(images.asked) == (builds == "own")
    trial.end(10.0)


def test_what_was_built_is_removed_from_the_engine_and_the_nodes_at_the_end(
    api: ActingApi, trial: Trial
) -> None:
    runtime(api, "containerd://2.1")
    docker, images = Engine(), Nodes("kboot-00000000:dead", "busybox:1.28")
    first_looks(trial, "build", Programs(NONE, NONE, docker, images))
    image = docker.built
    assert image.startswith(f"{trial.namespace}:")
    assert trial.end(10.0) == ""
    assert ("image", "rm", "--force", image) in docker.asked
    assert images.images == ["busybox:1.28"]


def test_what_could_not_be_removed_is_told(api: ActingApi, trial: Trial) -> None:
    runtime(api, "containerd://2.1")
    docker, images = Engine(image=[says("no answer")]), Nodes(rm=[Ran(False, "")])
    first_looks(trial, "build", Programs(NONE, NONE, docker, images))
    image = docker.built
    left = trial.end(10.0)
    assert f"left in docker: image {image}: no answer" in left
    assert f"image {image} may be left on the nodes" in left


def test_only_what_is_still_there_is_told_as_left(api: ActingApi, trial: Trial) -> None:
    runtime(api, "containerd://2.1")
    old = "kboot-00000000:dead"
    in_use = says(f"conflict: unable to remove repository reference {old!r}")
    docker = Engine(image=[Ran(True, ""), Ran(True, old), in_use, Ran(True, old)])
    first_looks(trial, "build", Programs(NONE, NONE, docker, Nodes()))
    assert trial.end(10.0) == f"left in docker: image {old}: {in_use.said}"


def test_without_a_folder_for_temporary_files_the_gate_says_so(
    api: ActingApi, trial: Trial, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runtime(api, "containerd://2.1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    look = first_looks(trial, "build", Programs(NONE, NONE, Engine(), Nodes()), 1)[0]
    assert (look.reason, look.final) == ("image-not-loaded", False)
    assert "no file can be made for it" in look.why and str(tmp_path / "none") in look.why
    trial.end(10.0)


def test_of_an_image_that_was_never_built_nothing_is_left(api: ActingApi, trial: Trial) -> None:
    runtime(api, "containerd://2.1")
    away = says("Cannot connect to the Docker daemon")
    docker = Engine(build=[away], image=[away])
    first_looks(trial, "build", Programs(NONE, NONE, docker, Nodes()))
    assert trial.end(10.0) == ""


def test_an_image_that_is_kept_is_not_of_those_that_later_runs_remove(
    api: ActingApi, trial: Trial
) -> None:
    runtime(api, "containerd://2.1")
    labels = []
    for trial.keep in (False, True):
        docker = Engine()
        first_looks(trial, "build", Programs(NONE, NONE, docker, Nodes()))
        labels.append(docker.given.splitlines()[1])
    assert labels == [
        f"LABEL kboot.dev/holder={trial.owner.holder}",
        f"LABEL kboot.dev/kept={trial.owner.holder}",
    ]
    trial.keep = False
    trial.end(10.0)


def test_a_program_that_failed_is_not_run_again_at_once(api: ActingApi, trial: Trial) -> None:
    runtime(api, "containerd://2.1")
    fails = Engine(build=[says("toomanyrequests")])
    programs = Programs(lambda: says("no answer"), NONE, fails, Engine())
    for gate in ("kubectl", "build"):
        assert first_looks(trial, gate, programs, 1)[0].again == TRY_AGAIN
    trial.end(10.0)


@pytest.mark.parametrize(
    ("said", "own", "reason", "final"),
    [
        ("did not answer within 10 s", True, "engine-down", False),
        ("Cannot connect to the Docker daemon", True, "engine-down", True),
        ("did not answer within 10 s", False, "node-engine-down", False),
        ("error during connect: Get …: EOF", False, "node-engine-down", False),
        (
            "Error response from daemon: client version 1.39 is too old. Minimum supported API "
            "version is 1.44, please upgrade your client to a newer version",
            *(True, "build-fails", True),
        ),
        ("cannot execute binary file: Exec format error", True, "build-fails", True),
        ("no minikube says where the cluster's docker is", False, "build-fails", False),
        (
            "permission denied while trying to connect to the Docker daemon socket at "
            'unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.41/version": '
            "dial unix /var/run/docker.sock: connect: permission denied",
            *(True, "build-fails", True),
        ),
    ],
)
def test_an_engine_that_does_not_answer_is_told_from_one_that_refuses_and_from_a_slow_build(
    api: ActingApi, trial: Trial, said: str, own: bool, reason: str, final: bool
) -> None:
    runtime(api, "containerd://2.1" if own else "docker://20.10.2")
    docker = Engine(version=[says(said)])
    look = first_looks(trial, "build", Programs(NONE, docker, docker, Nodes()), 1)[0]
    assert (look.reason, look.final) == (reason, final)
    asked = len(docker.asked)
    assert trial.end(10.0) == ""
    assert len(docker.asked) == asked
