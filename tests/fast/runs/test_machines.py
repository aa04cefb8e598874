"""A cluster of the docker driver whose machine, record and engine do not go together.

minikube and docker are scripts that say what the real ones said (tests/records), and note what
they were asked; the engine's containers are lines of a file.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.driving.kboot import Kboot, script
from tests.helpers.places import TRANSCRIPTS

SAID: dict[str, Any] = json.loads((TRANSCRIPTS / "minikube-status.json").read_text())[
    "v1.38.1-docker"
]
DOCKER: dict[str, Any] = json.loads((TRANSCRIPTS / "docker-28.2.2-upstream.json").read_text())
DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock."
PROFILE = """\
name = "today"

[tools]
minikube = "1.38.1"
docker   = ">=20"

[cluster]
name   = "minikube"
driver = "docker"
"""
RECORD = {
    "Driver": "docker",
    "KubernetesConfig": {"KubernetesVersion": "v1.35.1"},
    "Nodes": [{"IP": "192.168.49.2", "Port": 8443, "ControlPlane": True}],
}


@pytest.fixture
def today(kboot: Kboot) -> Kboot:
    """minikube 1.38.1 and docker, and no cluster. As anybody but root would be told."""
    script(
        kboot.bin / "minikube",
        f'echo "$@" >>{kboot.folder}/minikube\n'
        'case "$1" in version) echo "minikube version: v1.38.1" ;;\n'
        f"status) cat {kboot.folder}/status.out; cat {kboot.folder}/status.err >&2 ;;\n"
        f"delete) echo deleted; /bin/rm -r {kboot.home}/.minikube/profiles ;; esac",
    )
    engine(kboot)
    kboot.profile(PROFILE)
    return kboot


def engine(kboot: Kboot, containers: str = "", volumes: str = "", *, down: bool = False) -> None:
    """What `docker ps` and `docker volume ls` print, or that the engine is down."""
    said = kboot.folder / "docker-version"
    said.write_text(DOCKER["down-version-json"]["out"])
    lines = f"echo '{DOWN}' >&2; exit 1"
    if not down:
        lines = f'case "$1" in ps) printf "{containers}" ;; volume) printf "{volumes}" ;; esac'
    script(kboot.bin / "docker", f'[ "$1" != version ] || exec cat {said}\n{lines}')


def record(kboot: Kboot, text: str = json.dumps(RECORD)) -> Path:
    folder = kboot.home / ".minikube" / "profiles" / "minikube"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(text)
    private = kboot.home / ".local/state/kboot/clusters/minikube/kubeconfig"
    private.parent.mkdir(parents=True)
    cluster = {"server": "https://127.0.0.1:1", "certificate-authority-data": "eA=="}
    user = {"client-certificate-data": "eA==", "client-key-data": "eA=="}
    private.write_text(
        json.dumps(
            {
                "clusters": [{"name": "minikube", "cluster": cluster}],
                "users": [{"name": "minikube", "user": user}],
                "contexts": [
                    {"name": "minikube", "context": {"cluster": "minikube", "user": "minikube"}}
                ],
                "current-context": "minikube",
            }
        )
    )
    return folder


def status(kboot: Kboot, case: str) -> None:
    said = SAID[f"{case}: status -o json"]
    (kboot.folder / "status.out").write_text(said["out"])
    (kboot.folder / "status.err").write_text(said["err"])


def cluster(kboot: Kboot) -> dict[str, Any]:
    document = kboot.json("doctor", "p.toml")
    found: dict[str, Any] = next(
        each
        for each in document["findings"]
        if each["subject"] == "minikube" and each["group"] == "cluster"
    )
    return found


def asked(kboot: Kboot) -> list[str]:
    file = kboot.folder / "minikube"
    return file.read_text().splitlines() if file.exists() else []


def test_what_neither_minikube_nor_the_engine_knows_does_not_exist(today: Kboot) -> None:
    assert cluster(today)["reason"] == "cluster-absent"
    done = today.run("down", "--delete", "--yes", "p.toml")
    assert done.code == 0 and "is absent" in done.out


@pytest.mark.parametrize("case", ["docker-down", "docker-forbidden"])
def test_a_machine_that_cannot_be_asked_is_unknown_and_is_not_deleted(
    case: str, today: Kboot
) -> None:
    record(today)
    status(today, case)
    engine(today, down=True)
    found = cluster(today)
    assert (found["status"], found["reason"]) == ("unknown", "could-not-tell")
    assert "could not ask its machine" in found["message"]
    done = today.run("down", "--delete", "--yes", "p.toml")
    assert done.code == 72
    assert not any(line.startswith("delete") for line in asked(today))


def test_without_a_record_an_engine_that_is_down_leaves_it_unknown(today: Kboot) -> None:
    engine(today, down=True)
    found = cluster(today)
    assert found["status"] == "unknown"
    assert "Cannot connect to the Docker daemon" in found["message"]
    assert today.run("down", "--delete", "--yes", "p.toml").code == 72


@pytest.mark.parametrize(
    "case", ["docker-down", "container-and-volume-removed", "container-paused"]
)
def test_verify_waits_for_no_machine_that_cannot_answer(case: str, today: Kboot) -> None:
    record(today)
    status(today, case)
    engine(today, down=case == "docker-down")
    document = today.json("verify", "p.toml")
    assert (document["exit_code"], document["gates"]) == (73, [])
    assert document["error"]["next"] == "kboot doctor p.toml"


def test_a_record_whose_container_is_gone_is_made_anew(today: Kboot) -> None:
    record(today)
    status(today, "container-and-volume-removed")
    found = cluster(today)
    assert (found["status"], found["reason"]) == ("drift", "cluster-lost")
    assert "start" in [each["verb"] for each in today.json("plan", "p.toml")["plan"]["steps"]]


def test_a_record_whose_container_is_gone_but_not_its_volume_is_no_start_of_six_minutes(
    today: Kboot,
) -> None:
    record(today)
    status(today, "container-and-volume-removed")
    engine(today, volumes="minikube\\n")
    found = cluster(today)
    assert (found["status"], found["blocks"]) == ("fail", "conflict")
    assert "kboot down --delete p.toml" in found["fix"]
    done = today.run("down", "--delete", "--yes", "p.toml")
    assert done.code == 0, done
    assert any(line.startswith("delete") for line in asked(today))


@pytest.mark.parametrize(
    ("label", "said"), [("minikube", "another minikube home made"), ("", "no minikube made")]
)
def test_a_container_that_this_minikube_knows_nothing_of_is_neither_started_over_nor_called_absent(
    label: str, said: str, today: Kboot
) -> None:
    engine(today, f"minikube-m02\\tCreated\\tminikube\\nminikube\\tUp 6 minutes\\t{label}\\n")
    found = cluster(today)
    assert (found["status"], found["reason"]) == ("fail", "machine-unrecorded")
    assert said in found["message"]
    assert today.run("up", "p.toml").code in (60, 74)
    for words in (("down",), ("down", "--delete", "--yes")):
        assert today.run(*words, "p.toml").code == 74
    assert not any(line.split()[0] in ("start", "stop", "delete") for line in asked(today))


def test_a_paused_container_is_let_run_on_and_not_started(today: Kboot) -> None:
    record(today)
    status(today, "container-paused")
    found = cluster(today)
    assert (found["status"], found["reason"]) == ("drift", "cluster-paused")
    assert found["fix"] == "docker unpause minikube"
    (step, *_) = today.json("plan", "p.toml")["plan"]["steps"]
    assert step["commands"] == [["docker", "unpause", "minikube"]]


def test_a_container_that_stays_after_minikubes_delete_is_no_success(today: Kboot) -> None:
    record(today)
    status(today, "all-stopped")
    engine(today, "minikube\\tUp 6 minutes\\tminikube\\n")
    done = today.run("down", "--delete", "--yes", "p.toml")
    assert done.code == 70
    assert "a container minikube is still there" in " ".join(done.err.split())


@pytest.mark.parametrize("left", ["events.json", None])
def test_a_folder_that_a_failed_start_or_an_old_delete_left_is_no_cluster(
    left: str | None, today: Kboot
) -> None:
    folder = today.home / ".minikube" / "profiles" / "minikube"
    folder.mkdir(parents=True)
    if left:
        (folder / left).write_text("{}")
    assert cluster(today)["reason"] == "cluster-absent"
