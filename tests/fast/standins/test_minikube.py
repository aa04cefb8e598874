"""The stand-in minikube says what was recorded, and refuses what the real one refuses."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.standins import Said, StandIn, recorded
from tests.standins import backing, minikube
from tests.standins.kubeconfig import load


def without_stamp(text: str) -> list[str]:
    return [line.partition("] ")[2] or line for line in text.splitlines()]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """v0.25.0 with nothing behind it and no machine."""
    yield StandIn(tmp_path_factory.mktemp("old"), version="0.25.0")


@pytest.fixture(scope="module")
def old_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    stand_in = StandIn(tmp_path_factory.mktemp("old"), version="0.25.0", backing="recorded")
    assert stand_in("start", "--vm-driver=none").code == 0
    yield stand_in
    backing.end_all(stand_in.minikube_home)


@pytest.fixture(scope="module")
def new_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    stand_in = StandIn(tmp_path_factory.mktemp("new"), version="v1.19.0", backing="recorded")
    assert stand_in("start", "--driver=none").code == 0
    yield stand_in
    backing.end_all(stand_in.minikube_home)


@pytest.mark.parametrize(
    ("argv", "case"),
    [
        (("version",), "version"),
        (("status",), "status-none"),
        (("status", "--format", "{{.MinikubeStatus}}"), "status-none-format"),
        (("status", "--format={{"), "status-bad-template"),
        (("-p", "other", "status"), "status-p-other"),
        (("stop",), "stop-when-no-report"),
        (("delete",), "delete-none"),
        (("ip",), "ip-none"),
        (("frobnicate",), "unknown-command"),
        (("start", "--driver=none"), "start-driver-flag"),
        (("start", "--vm-driver=none", "--cpus=abc"), "start-bad-cpus"),
        (("start", "--vm-driver=none", "--disk-size=1g"), "start-bad-disk"),
        (("start", "--vm-driver=none", "--disk-size=abc"), "start-bad-disk2"),
        (("start", "--help"), "start-help"),
        (("start", "--vm-driver", "foo"), "start-unknown-driver"),
        (("config", "get", "vm-driver"), "config-get-vmdriver-unset"),
        (("config", "set", "nope", "1"), "config-set-unknown"),
        (("config", "view"), "config-view-default"),
    ],
)
def test_v0_25_says_without_a_machine_what_was_recorded(
    old: StandIn, argv: tuple[str, ...], case: str
) -> None:
    record = dict(recorded("stop-none" if case == "stop-when-no-report" else case))
    if case == "stop-when-no-report":  # our runs have the report switched off
        record["out"] = record["out"].partition("=" * 80)[0]
    said = old(*argv)
    assert (said.code, said.out) == (record["rc"], record["out"])
    assert without_stamp(said.err) == without_stamp(record["err"])


def test_v0_25_reports_crashes_unless_told_not_to(old: StandIn) -> None:
    said = old("stop", MINIKUBE_WANTREPORTERRORPROMPT="true")
    assert said.out == recorded("stop-none")["out"]


def test_v0_25_misses_kubectl(old: StandIn) -> None:
    said = old("status", PATH="/nowhere")
    assert said.err == recorded("status-none", "minikube-v0.25.0-nokubectl-on-path.json")["err"]


@pytest.mark.parametrize(
    "flags", [("--wait=all",), ("--force",), ("--output", "json"), ("--memory=4g",), ("-o", "json")]
)
def test_v0_25_refuses_flags_of_later_releases(old: StandIn, flags: tuple[str, ...]) -> None:
    said = old("start", "--vm-driver=none", *flags)
    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("Error: ")


@pytest.mark.parametrize("version", ["1.9.0", "v1.9.3", "v1.10.0"])
def test_v0_25_knows_two_localkubes(old: StandIn, version: str) -> None:
    said = old("start", "--vm-driver=none", "--kubernetes-version", version)
    assert said.code == 1
    assert said.out.startswith("Invalid Kubernetes version.\n")


def test_v0_25_start_exits_0_over_a_dead_cluster(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="0.25.0")
    said = stand_in("start", "--vm-driver=none", CHANGE_MINIKUBE_NONE_USER="1")
    assert said.code == 0
    assert "Kubectl is now configured to use the cluster.\n" in said.out
    said = stand_in("status")
    assert (said.code, said.out) == (1, "minikube: Stopped\ncluster: \nkubectl: \n")
    assert stand_in("stop").out == recorded("stop-when-already-stopped")["out"]
    (stand_in.minikube_home / "machines" / "minikube" / "config.json").write_text("{garbage")
    assert stand_in("status").code == 255
    assert stand_in("delete").out == recorded("delete-corrupt-machine")["out"]
    said = stand_in("start")
    assert said.out == recorded("start-corrupt-machine")["out"]
    assert without_stamp(said.err) == without_stamp(recorded("start-corrupt-machine")["err"])


def test_v0_25_not_root_fails_after_the_machine_is_there(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="0.25.0", root=False)
    said = stand_in("start", "--vm-driver=none", MINIKUBE_WANTREPORTERRORPROMPT="true")
    record = recorded("start-none-notroot")
    assert (said.code, said.out) == (1, record["out"])
    assert without_stamp(said.err) == without_stamp(record["err"])
    assert stand_in("status").out.startswith("minikube: Stopped\n")


def test_v0_25_lies(old_running: StandIn) -> None:
    running = recorded("status-running")["out"].replace("172.17.0.2", "127.0.0.1")
    assert old_running("status") == Said(0, running, "")
    said = old_running("stop")
    assert (said.code, said.out) == (1, recorded("stop-running")["out"])
    assert old_running("status").code == 0
    said = old_running("start", "--vm-driver=virtualbox")
    assert (said.code, said.out) == (0, recorded("start-existing-other-driver")["out"])
    config = old_running.home / ".kube" / "config"
    text = config.read_text()
    config.write_text(text.replace("127.0.0.1", "127.0.0.9"))
    said = old_running("status")
    assert (said.code, said.out) == (4, recorded("status-kubeconfig-stale-ip")["out"])
    assert old_running("update-context").out.startswith("Reconfigured kubeconfig IP")
    assert config.read_text() == text
    config.unlink()
    assert old_running("status")[:2] == (255, "")
    config.write_text(text)


def test_v0_25_delete_leaves_kubernetes_running(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="0.25.0", backing="recorded")
    try:
        stand_in("start", "--vm-driver=none")
        said = stand_in("delete")
        assert (said.code, said.out) == (0, recorded("delete-running")["out"])
        assert stand_in.get("/healthz") == (200, b"ok")
        assert stand_in("delete").code == 1
        assert not (stand_in.minikube_home / "machines" / "minikube").exists()
    finally:
        backing.end_all(stand_in.minikube_home)


def test_v0_25_keeps_its_files_where_minikube_does(old_running: StandIn) -> None:
    home = old_running.minikube_home
    profile = json.loads((home / "profiles" / "minikube" / "config.json").read_text())
    assert profile["KubernetesConfig"]["KubernetesVersion"] == "v1.9.0"
    machine = json.loads((home / "machines" / "minikube" / "config.json").read_text())
    assert machine["DriverName"] == "none"
    user = old_running.kubeconfig()["users"][0]["user"]
    assert user == {
        "client-certificate": str(home / "client.crt"),
        "client-key": str(home / "client.key"),
    }


@pytest.mark.parametrize("path", ["/version", "/healthz", "/readyz", "/apis", "/api"])
def test_the_recorded_api_answers_as_recorded(old_running: StandIn, path: str) -> None:
    text = recorded("cert-" + path[1:], "apiserver-v1.9.0.json")["out"]
    status, _, body = text.replace("\r\n", "\n").partition("\n\n")
    where = old_running.kubeconfig()["clusters"][0]["cluster"]["server"].removeprefix("https://")
    expected = body.replace("172.17.0.4:8443", where).encode()
    assert old_running.get(path) == (int(status.split()[1]), expected)


def test_the_recorded_api_wants_a_client_certificate(old_running: StandIn) -> None:
    status, body = old_running.get("/healthz", certified=False)
    assert status == 401
    assert (
        body.decode()
        == recorded("anon-healthz", "apiserver-v1.9.0.json")["out"].split("\r\n\r\n")[-1]
    )


def test_the_recorded_api_has_a_ready_node_and_addons(old_running: StandIn) -> None:
    nodes = json.loads(old_running.get("/api/v1/nodes")[1])
    assert nodes["kind"] == "NodeList"
    conditions = {
        each["type"]: each["status"] for each in nodes["items"][0]["status"]["conditions"]
    }
    assert conditions["Ready"] == "True"
    path = "/apis/apps/v1/namespaces/kube-system/deployments"
    names = [each["metadata"]["name"] for each in json.loads(old_running.get(path)[1])["items"]]
    assert names == ["kube-dns", "kubernetes-dashboard"]
    assert json.loads(old_running.get("/api/v1/namespaces/kube-system")[1])["metadata"]["uid"]
    assert old_running.get("/api/v1/namespaces/default/serviceaccounts/default")[0] == 200


def test_the_recorded_api_refuses_what_was_not_recorded(old_running: StandIn) -> None:
    for path in ("/api/v1/pods", "/api/v1/nodes?watch=true"):
        status, body = old_running.get(path)
        assert status == 501
        assert b"stand-in" in body


def test_v1_19_tells_the_truth(new_running: StandIn) -> None:
    status = json.loads(new_running("status", "-o", "json").out)
    assert status["Host"] == status["APIServer"] == "Running"
    assert json.loads(new_running.get("/version", certified=False)[1])["gitVersion"] == "v1.20.2"
    assert new_running.get("/api/v1/nodes", certified=False)[0] == 403
    assert new_running("stop").code == 0
    said = new_running("status", "--output=json")
    assert (said.code, json.loads(said.out)["Host"]) == (7, "Stopped")
    assert new_running("start").code == 0
    assert new_running("status").code == 0
    assert new_running("start", "--driver=docker").code == 81
    assert new_running("delete").code == 0
    assert new_running("status").code == 85
    assert new_running.kubeconfig()["clusters"] == []
    assert not (new_running.minikube_home / "profiles" / "minikube").exists()


def test_v1_19_start_speaks_cloud_events(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="v1.19.0")
    config = tmp_path / "config"
    places = {"MINIKUBE_HOME": str(tmp_path / "kept"), "KUBECONFIG": f"{config}:/nowhere"}
    said = stand_in("start", "--vm-driver=none", "--output", "json", **places)
    events = [json.loads(line) for line in said.out.splitlines()]
    steps = [event["data"] for event in events if event["type"].endswith(".step")]
    assert steps[0]["currentstep"] == "0"
    assert steps[-1]["name"] == "Done"
    assert stand_in("status", **places).code == 7
    assert load(config.read_text())["current-context"] == "minikube"
    assert (tmp_path / "kept" / ".minikube" / "profiles" / "minikube" / "config.json").exists()


@pytest.mark.parametrize(
    ("argv", "code", "reason"),
    [
        (("--driver=none",), 57, "DRV_NEEDS_ROOT"),
        (("--driver=none", "--kubernetes-version=1.13.0"), 106, "K8S_OLD_UNSUPPORTED"),
        (("--driver=foo",), 56, "DRV_UNSUPPORTED_OS"),
        (("--nope",), 1, "unknown flag: --nope\nSee 'minikube start --help' for usage."),
        (("--driver=kvm2",), 97, "stand-in"),
    ],
)
def test_v1_19_refuses(tmp_path: Path, argv: tuple[str, ...], code: int, reason: str) -> None:
    said = StandIn(tmp_path, version="v1.19.0", root=False)("start", *argv)
    assert said.code == code
    assert reason in said.err


def test_every_call_is_noted(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="v1.19.0")
    stand_in("version", "--short", MINIKUBE_IN_STYLE="false")
    (call,) = minikube.calls(tmp_path / "program")
    assert call["argv"] == ["version", "--short"]
    assert call["env"]["MINIKUBE_IN_STYLE"] == "false"
    quiet = StandIn(tmp_path / "quiet", version="v1.19.0", log=False)
    quiet("version")
    assert minikube.calls(tmp_path / "quiet" / "program") == []


def test_other_releases_have_a_version_only(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="v1.37.0")
    assert stand_in("version").out == "minikube version: v1.37.0\n"
    assert stand_in("status").code == 97
    with pytest.raises(KeyError):
        minikube.install(tmp_path, version="v9.9.9")
    with pytest.raises(ValueError, match="fault"):
        minikube.install(tmp_path, version="v1.19.0", fault="nope")


def test_fault_start_fails_as_recorded(tmp_path: Path) -> None:
    case = "start-none-unreachable-download"
    stand_in = StandIn(tmp_path, version="0.25.0", fault=f"start-fails:{case}")
    said = stand_in("start", "--vm-driver=none", MINIKUBE_WANTREPORTERRORPROMPT="true")
    assert (said.code, said.out) == (1, recorded(case)["out"])
    assert "no such file or directory" in said.err
    assert stand_in("status").out.startswith("minikube: Stopped\n")


def test_fault_start_hangs_with_a_child_in_its_group(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="v1.19.0", fault="start-hangs")
    with stand_in.popen("start", "--driver=none") as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"* minikube v1.19.0 on {_platform()}\n"
            deadline = time.monotonic() + 10
            while len(_group(process.pid)) < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert process.poll() is None
            assert len(_group(process.pid)) == 2
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _platform() -> str:
    from tests.standins.minikube_v1_19_start import _platform as platform

    return platform()


def _group(leader: int) -> list[str]:
    shown = subprocess.run(["ps", "-e", "-o", "pgid="], capture_output=True, text=True, check=True)
    return [text for text in shown.stdout.split() if text == str(leader)]


def test_fault_start_asks_and_takes_the_end_of_input_for_yes(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="0.25.0", fault="start-asks")
    assert "read end of input, taken for yes" in stand_in("start", "--vm-driver=none").out
    assert "read 'n\\n', taken for no" in stand_in("start", stdin="n\n").out


@pytest.mark.parametrize(("fault", "command"), [("version-floods", "version")])
def test_fault_floods(tmp_path: Path, fault: str, command: str) -> None:
    stand_in = StandIn(tmp_path, version="0.25.0", fault=fault)
    with stand_in.popen(command) as process:
        assert process.stdout
        seen = 0
        while block := process.stdout.buffer.read1(1 << 20):  # type: ignore[attr-defined]
            seen += len(block)
    assert seen >= 100_000_000


def test_faults_of_version(tmp_path: Path) -> None:
    crashing = StandIn(tmp_path / "a", version="0.25.0", fault="version-crashes")
    assert crashing("version").code == -signal.SIGSEGV
    rubbish = StandIn(tmp_path / "b", version="0.25.0", fault="version-rubbish")
    done = subprocess.run([rubbish.program, "version"], capture_output=True, env=rubbish.env)
    assert b"minikube version" not in done.stdout
    hanging = StandIn(tmp_path / "c", version="0.25.0", fault="version-hangs")
    with hanging.popen("version") as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()


def test_fault_stop_fails(tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path, version="v1.19.0", fault="stop-fails")
    stand_in("start", "--driver=none")
    said = stand_in("stop")
    assert said.code == 82
    assert "GUEST_STOP_TIMEOUT" in said.err
