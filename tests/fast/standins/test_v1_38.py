"""The stand-in minikube v1.38.1 says what was recorded, where that takes no cluster.

tests/real/test_machine.py has it with one.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.standins import Said, StandIn, alike, case
from tests.standins import minikube
from tests.standins.kubeconfig import load


def new(folder: Path, **settings: Any) -> StandIn:
    made = StandIn(folder, version="1.38.1", **settings)
    del made.env["MINIKUBE_WANTREPORTERRORPROMPT"]  # it would be told among the first lines
    return made


def assert_recorded(stand_in: StandIn, name: str, *, user: str) -> None:
    record = case(name)
    said = stand_in(*record["cmd"].split()[1:], LOGNAME=user)
    assert alike(said.err, stand_in.home) == alike(record["err"], stand_in.home)
    assert alike(said.out, stand_in.home) == alike(record["out"], stand_in.home)
    assert said.code == record["rc"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """Without a cluster; nothing that is asked of it writes."""
    return new(tmp_path_factory.mktemp("fresh"))


@pytest.fixture
def stopped(tmp_path: Path) -> StandIn:
    """With the records of a cluster, of which nothing runs."""
    stand_in = new(tmp_path)
    for folder, name in (("profiles", "profile-config"), ("machines", "machine-config")):
        place = stand_in.minikube_home / folder / "minikube"
        place.mkdir(parents=True)
        (place / "config.json").write_text(case(name)["out"])
    kubeconfig = stand_in.home / ".kube" / "config"
    kubeconfig.parent.mkdir()
    kubeconfig.write_text(case("kubeconfig-after-start")["out"].partition("750 ")[0])
    return stand_in


@pytest.mark.parametrize(
    "name",
    [
        "version",
        "version-json",
        "version-short",
        "version-yaml",
        "version-bad-output",
        "unknown-command",
        "unknown-flag",
        "start-unknown-flag",
        "start-no-driver-flag-value",
        "start-none-cpus-1",
        "start-none-disk-100m",
        "start-none-memory-900",
        "start-none-k8s-abc",
        "start-none-k8s-old",
        "start-none-k8s-older",
        "start-none-k8s-new-major",
        "deleted: status",
        "deleted: status -o json",
        "status-p-demo",
        "status-p-demo_-o_json",
        "deleted: ip",
        "deleted: stop",
        "deleted: delete",
        "deleted: delete -o json",
        "deleted: profile list",
        "deleted: profile list -o json",
        "running: profile",
        "noprofile-image ls",
        "noprofile-image load nosuch:1",
        "noprofile-docker-env",
        "noprofile-node list",
        "noprofile-addons enable nosuch",
        "cmd: docker-env --unset",
        "config-set-one-arg",
        "config-set-driver-bad",
        "config-set-container-runtime-bad",
        "config-set-cpus-0",
        "config-set-cpus-bad",
        "config-set-memory-bad",
        "config-set-disk-bad",
        "config-set-unknown",
        "config-set-update-bad",
        "config-get-unset",
        "config-view-empty",
    ],
)
def test_without_a_cluster_it_says_what_was_recorded(fresh: StandIn, name: str) -> None:
    assert_recorded(fresh, name, user="dev")


@pytest.mark.parametrize(
    "name",
    [
        "stopped: status",
        "stopped: status -o json",
        "stopped: ip",
        "stopped: update-context",
        "stopped: docker-env",
        "stopped: image ls",
        "stopped: stop",
        "running: node list",
        "addons-enable-nosuch-1",
        "addons-disable-nosuch-1",
        "start-again-cpus",
        "start-again-driver",
        "start-again-driver-json",
        "start-again-nodes-2",
        "start-again-nodes-2-json",
        "start-again-older-kubernetes",
        "start-again-older-kubernetes-json",
        "start-again-runtime-docker",
        "stop-json",
        "delete",
        "delete-json",
    ],
)
def test_with_a_stopped_cluster_it_says_what_was_recorded(stopped: StandIn, name: str) -> None:
    assert_recorded(stopped, name, user="root")


def test_profiles_are_listed_as_recorded(stopped: StandIn) -> None:
    assert stopped("stop").code == 0
    assert_recorded(stopped, "stopped: profile list", user="root")
    said = stopped("profile", "list", "-o", "json")
    (listed,) = json.loads(said.out)["valid"]
    (expected,) = json.loads(case("stopped: profile list -o json")["out"])["valid"]
    assert listed.pop("Config") == json.loads(case("profile-config")["out"])
    expected.pop("Config")
    assert listed == expected


def test_configuration_is_kept(tmp_path: Path) -> None:
    stand_in = new(tmp_path)
    for name in (
        "config-set-container-runtime",
        "config-set-driver",
        "config-set-memory",
        "config-set-kubernetes-version",
        "config-set-update",
        "config-unset",
        "config-unset-unknown",
    ):
        assert_recorded(stand_in, name, user="dev")
    kept = json.loads((stand_in.minikube_home / "config" / "config.json").read_text())
    assert kept == {
        "WantUpdateNotification": False,
        "container-runtime": "containerd",
        "driver": "docker",
        "kubernetes-version": "v1.20.0",
    }
    assert stand_in("config", "get", "container-runtime") == Said(0, "containerd\n", "")
    assert "- WantUpdateNotification: false\n" in stand_in("config", "view").out


def test_the_runtime_is_docker_unless_it_was_told_otherwise(fresh: StandIn, tmp_path: Path) -> None:
    said = fresh("start", "--driver=none")
    assert said.code == 15
    assert said.err == case("start-again-runtime-docker")["err"]
    told = new(tmp_path)
    told("config", "set", "container-runtime", "containerd")
    said = told("start", "--driver=none")
    assert said.code == 97
    warning = "Using the 'containerd' runtime with the 'none' driver is an untested configuration!"
    assert said.err.startswith(f"! {warning}\n")


def test_the_driver_none_has_one_profile(fresh: StandIn) -> None:
    said = fresh("start", "--profile=demo", "--driver=none", "--output=json")
    assert said.code == 56
    error = json.loads(said.out.splitlines()[-1])["data"]
    assert error["name"] == "DRV_UNSUPPORTED_PROFILE"


def test_a_start_says_what_its_environment_is(fresh: StandIn) -> None:
    said = fresh("start", "--driver=none", MINIKUBE_IN_STYLE="false")
    assert said.out.splitlines()[1] == "  - MINIKUBE_IN_STYLE=false"


@pytest.mark.parametrize(
    "argv",
    [
        ("start", "--driver=none", "--addons=ingress"),
        ("start", "--driver=docker"),
        ("start", "--driver=none", "--kubernetes-version=v1.35.2"),
        ("status", "--layout=cluster"),
        ("stop", "--schedule", "1h"),
        ("delete", "--all"),
        ("image", "build", "."),
        ("profile", "nosuch"),
        ("logs",),
    ],
)
def test_what_is_not_replayed_is_not_guessed(fresh: StandIn, argv: tuple[str, ...]) -> None:
    said = fresh(*argv)
    assert said.code == 97
    assert "stand-in minikube: " in said.err


def test_a_deleted_cluster_leaves_no_record(stopped: StandIn) -> None:
    other = {"cluster": {"server": "https://192.0.2.7"}, "name": "other"}
    path = stopped.home / ".kube" / "config"
    config = load(path.read_text())
    path.write_text(json.dumps({**config, "clusters": [*config["clusters"], other]}))
    assert stopped("delete").code == 0
    for each in ("profiles", "machines"):
        assert list((stopped.minikube_home / each).iterdir()) == []
    left = load(path.read_text())
    assert left["clusters"] == [other]
    assert left["contexts"] is None
    assert left["current-context"] == ""


def test_a_start_may_fail_as_recorded(tmp_path: Path) -> None:
    fault = "cgroup-v1-refused: start-json"
    stand_in = new(tmp_path, fault=f"start-fails:{fault}")
    said = stand_in("start", "--driver=none", "--output=json")
    assert said.code == 80
    assert case(fault)["out"] in said.out


def test_its_backings_and_faults_are_its_own(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop-fails"):
        minikube.install(tmp_path, version="1.38.1", fault="stop-fails")
    with pytest.raises(ValueError, match="recorded"):
        minikube.install(tmp_path, version="1.38.1", backing="recorded")
    with pytest.raises(ValueError, match="kubeadm"):
        minikube.install(tmp_path, version="1.19.0", backing="kubeadm", binaries=tmp_path)
