"""The host of today, and the stand-in minikube 1.38.1 on it, are what other tests may rely on."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bootstrap.api.client import ApiClient
from tests.helpers.hosts.machine import PROFILE, Machine
from tests.helpers.places import ROOT
from tests.helpers.standins import alike, case
from tests.helpers.waiting import until
from tests.real.store_set import ASK, SET

pytestmark = pytest.mark.real

GATES = '\n[verify]\ngates = ["api", "version", "nodes", "system", "serviceaccount"]\n'
START = ("minikube", "start", "--driver=none", "--interactive=false", "--output=json")
TO_BE_KILLED = """
import pathlib, sys, time
from tests.helpers.hosts.machine import Machine
print(Machine(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])).enter, flush=True)
time.sleep(600)
"""


class Traces(NamedTuple):
    """What this machine has of another one, which runs."""

    folder: Path
    groups: list[Path]
    processes: set[tuple[str, str]]
    """Each one's number and the moment at which it began."""
    link: str
    """Its network interface's number: its name, and all that bears it, may be another's soon."""

    @classmethod
    def of(cls, folder: Path) -> "Traces":
        enter = (folder / "enter", "readlink", "/proc/self/ns/net")
        network = subprocess.run(enter, check=True, capture_output=True, text=True).stdout.strip()
        groups = [Path(line) for line in (folder / "groups").read_text().splitlines()]
        processes = {it for it, own in _processes() if own == network}
        return cls(folder, groups, processes, _link(folder.name))

    def left(self) -> list[str]:
        found = [str(it) for it, _ in _processes() if it in self.processes]
        if _link(self.folder.name) not in ("", self.link):
            return found
        link = Path("/sys/class/net", self.folder.name)
        found += [str(each) for each in (self.folder, link, *self.groups) if each.exists()]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return found + [line for line in mounts if str(self.folder) in line]


def _link(name: str) -> str:
    """Empty: there is none."""
    try:
        return Path("/sys/class/net", name, "ifindex").read_text().strip()
    except FileNotFoundError:
        return ""


def _processes() -> Iterator[tuple[tuple[str, str], str]]:
    """Number and beginning, and network, of every process."""
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            began = (each / "stat").read_text().rpartition(")")[2].split()[19]
            yield (each.name, began), str((each / "ns" / "net").readlink())


@pytest.fixture(scope="module")
def machine(kubernetes_1_35: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """With a cluster, which minikube started by its own words."""
    with Machine.running(tmp_path_factory.mktemp("today"), PROFILE + GATES) as made:
        assert made.run("pgrep", "kube").returncode == 1
        said = made.run(*START)
        assert said.returncode == 0, said
        (made.folder / "said").write_text(said.stdout)
        yield made


def kubectl(machine: Machine, words: str) -> str:
    return machine.sh(f"kubectl {words}")


def roll_out(machine: Machine) -> None:
    kubectl(machine, "rollout status statefulset/store --timeout=90s")
    kubectl(machine, "wait --for=condition=Ready pod/store-0 --timeout=90s")


def ask(machine: Machine) -> str:
    """By the name in the cluster's DNS, which learns of a ready pod a moment later."""
    said = f"kubectl exec store-0 -- {ASK}"
    until(lambda: machine.run("sh", "-c", said).returncode == 0)
    return machine.sh(said)


def events(text: str) -> list[tuple[str, str]]:
    """Kind and message. Two of them run at the same time as others: where they stand varies."""
    told = [json.loads(line) for line in text.splitlines()]
    pairs = [(str(each["type"]), str(each["data"]["message"])) for each in told]
    return sorted(pairs)


def test_a_start_says_what_was_recorded(machine: Machine) -> None:
    said = (machine.folder / "said").read_text()
    expected = case("deleted: start-json")["out"].splitlines()
    given = "ignore-preflight-errors"  # not here
    expected = [line for line in expected if given not in line]
    size = re.compile(r"CPUs=\d+, Memory=\d+MB, Disk=\d+MB|containerd [\d.]+")
    release = re.compile(r"OS release is .*")

    def plain(text: str) -> list[tuple[str, str]]:
        alike_ones = alike(text, machine.home)
        return [
            (kind, release.sub("OS release", size.sub("SIZE", message)))
            for kind, message in events(alike_ones)
        ]

    assert plain(said) == plain("\n".join(expected))


def test_its_files_are_as_recorded(machine: Machine) -> None:
    where = f"{machine.home}/.minikube"
    profile = json.loads(machine.sh(f"cat {where}/profiles/minikube/config.json"))
    expected = json.loads(case("profile-config")["out"])
    expected["KubernetesConfig"]["ExtraOptions"] = None
    expected["Nodes"][0]["IP"] = machine.address
    assert profile == expected
    record = json.loads(machine.sh(f"cat {where}/machines/minikube/config.json"))
    text = case("machine-config")["out"].replace("/root/.minikube", where)
    assert record == json.loads(text)
    stamp = re.compile("last-update: .*")
    kubeconfig = case("kubeconfig-after-start")["out"].partition("750 ")[0].strip()
    kubeconfig = kubeconfig.replace("10.231.0.2", machine.address)
    kubeconfig = kubeconfig.replace("/root/.minikube", where)
    assert stamp.sub("", machine.sh("cat .kube/config")) == stamp.sub("", kubeconfig)


def test_the_cluster_is_as_recorded(machine: Machine) -> None:
    def named(node: dict[str, Any]) -> tuple[set[str], object, object]:
        info = node["status"]["nodeInfo"]
        taints = node["spec"].get("taints")
        return set(node["metadata"]["labels"]), info["kubeletVersion"], taints

    (node,) = json.loads(kubectl(machine, "get nodes -o json"))["items"]
    (expected,) = json.loads(case("kubectl-node-json")["out"])["items"]
    assert named(node) == named(expected)
    recorded = [pod(line) for line in case("kubectl-get-pods")["out"].splitlines()[1:]]
    pods = "get pods --all-namespaces --no-headers"
    # The kubelet tells of its static pods in its own time.
    until(lambda: [pod(line) for line in kubectl(machine, pods).splitlines()] == recorded)
    classes = kubectl(machine, "get storageclass").splitlines()[1].split()[:-1]
    assert classes == case("kubectl-sc")["out"].splitlines()[1].split()[:-1]


def pod(line: str) -> str:
    return re.sub(r"-[0-9a-f]{8,10}-\w{5}$|(?<=proxy)-\w{5}$", "", line.split()[1])


def test_status_and_lists_are_as_recorded(machine: Machine) -> None:
    for name in ("running: status", "running: status -o json", "running: ip", "running: node list"):
        said = machine.run(*case(name)["cmd"].split())
        expected = case(name)["out"].replace("10.231.0.2", machine.address)
        assert (said.returncode, said.stdout) == (0, expected)
    images = machine.sh("minikube image ls").splitlines()
    expected = case("cmd: image ls")["out"].split()
    assert [each.partition(":")[0] for each in images] == [
        each.partition(":")[0] for each in expected
    ]
    (listed,) = json.loads(machine.sh("minikube profile list -o json"))["valid"]
    assert (listed["Status"], listed["ActiveKubeContext"]) == ("OK", True)


def test_a_process_of_this_machine_reaches_the_api_over_verified_tls(machine: Machine) -> None:
    with closing(ApiClient(machine.connection(), timeout=10.0)) as client:
        assert client.get("/readyz").body == b"ok"


def test_kboot_finds_it_as_its_profile_says(machine: Machine) -> None:
    code, report = machine.kboot("up")
    assert code == 0, report
    assert "start-cluster" not in json.dumps(report["plan"])
    code, report = machine.kboot("doctor")
    assert code == 0, report


def test_a_pod_made_anew_keeps_its_data_and_is_found_by_its_name(machine: Machine) -> None:
    machine.sh(f"cat <<'Y' | kubectl apply -f -\n{SET}\nY")
    roll_out(machine)
    assert ask(machine) == "store-0"
    looked_up = kubectl(machine, "exec store-0 -- nslookup kubernetes.default.svc.cluster.local")
    assert "10.96.0.1" in looked_up.partition("Name:")[2]
    kubectl(machine, "delete pod store-0")
    roll_out(machine)
    assert ask(machine) == "store-0\nstore-0"


def test_an_image_that_was_built_here_runs_in_a_pod(machine: Machine) -> None:
    machine.sh(f"docker load --input {machine.build}/images/busybox.tar")
    machine.sh("mkdir own && printf 'FROM busybox:1.28\\nRUN echo built >/own\\n' >own/Dockerfile")
    machine.sh("docker build --tag own:1 own && minikube image load own:1")
    words = "run own --image=own:1 --image-pull-policy=Never --restart=Never -- cat /own"
    kubectl(machine, words)
    kubectl(machine, "wait --for=jsonpath={.status.phase}=Succeeded pod/own --timeout=60s")
    assert kubectl(machine, "logs own") == "built"
    kubectl(machine, "delete pod own")
    machine.sh("minikube image rm own:1")
    assert "own" not in machine.sh("minikube image ls")


def test_an_image_that_is_not_there_is_not_loaded_and_that_is_no_failure(machine: Machine) -> None:
    for name in (
        "cmd: image load nosuch:1",
        "cmd: image load /nosuch.tar",
        "cmd: image rm nosuch:1",
    ):
        said = machine.run(*case(name)["cmd"].split())
        expected = case(name)
        assert (said.returncode, said.stdout, said.stderr) == (0, "", expected["err"])


def test_an_addon_goes_and_comes(machine: Machine) -> None:
    for name in ("addons-disable-default-storageclass-1", "addons-enable-default-storageclass-1"):
        said = machine.run(*case(name)["cmd"].split())
        assert (said.returncode, said.stdout) == (0, case(name)["out"])
        classes = kubectl(machine, "get storageclass --output name")
        assert classes == ("storageclass.storage.k8s.io/standard" if "enable-" in name else "")


def test_the_engine_stops_and_starts(machine: Machine) -> None:
    machine.sh("service docker stop")
    assert machine.run("docker", "version").returncode == 1
    machine.sh("service docker start")
    until(lambda: machine.run("docker", "version").returncode == 0)


def test_a_kubelet_that_dies_comes_again(machine: Machine) -> None:
    before = machine.sh("pgrep kubelet")
    machine.sh(f"kill -KILL {before}")
    until(lambda: machine.run("pgrep", "kubelet").stdout.strip() not in {"", before})


def test_a_cluster_that_was_stopped_goes_on_with_its_data(machine: Machine) -> None:
    said = machine.run("minikube", "stop")
    assert (said.returncode, said.stdout) == (0, case("stop")["out"])
    assert machine.run("pgrep", "kube").returncode == 1
    status = machine.run("minikube", "status", "-o", "json")
    expected = case("stopped: status -o json")
    assert (status.returncode, status.stdout) == (expected["rc"], expected["out"])
    left = case("kubeconfig-after-stop")["out"].partition("750 ")[0].strip()
    assert machine.sh("cat .kube/config") == left
    said = machine.run(*START)
    assert said.returncode == 0, said
    until(lambda: machine.run("kubectl", "get", "pod", "store-0").returncode == 0)
    until(lambda: restarts(machine, "store-0") == 1)
    roll_out(machine)
    assert ask(machine) == "store-0\nstore-0\nstore-0"


def restarts(machine: Machine, pod: str, namespace: str = "default") -> int:
    found = json.loads(kubectl(machine, f"--namespace {namespace} get pod {pod} -o json"))
    (status,) = found["status"]["containerStatuses"]
    return int(status["restartCount"])


def test_the_provisioner_begun_again_waits_for_its_old_lease(machine: Machine) -> None:
    # More than once, where it came before the API server.
    assert restarts(machine, "storage-provisioner", "kube-system") >= 1
    logs = "--namespace kube-system logs storage-provisioner"
    until(lambda: "acquired lease" in kubectl(machine, logs))
    times = re.findall(r" (\d\d):(\d\d):([\d.]+) .*(?:Attempting|acquired)", kubectl(machine, logs))
    asked, got = (int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in times)
    assert (got - asked) % 86400 > 5
    kubectl(machine, "delete statefulset store && kubectl delete pvc --all --timeout=60s")


def test_two_machines_are_side_by_side(
    machine: Machine, kubernetes_1_35: Path, tmp_path: Path
) -> None:
    uid = "get namespace kube-system --output jsonpath={.metadata.uid}"
    with Machine.running(tmp_path) as other:
        assert other.address != machine.address
        assert other.run("kubectl", "get", "nodes").returncode == 1
        said = other.run(*START)
        assert said.returncode == 0, said
        assert kubectl(other, uid) != kubectl(machine, uid)
        traces = Traces.of(other.enter.parent)
        assert len(traces.processes) > 10
    assert traces.left() == []
    assert kubectl(machine, "get --raw /readyz") == "ok"


def test_a_deleted_cluster_leaves_what_was_recorded(machine: Machine) -> None:
    said = machine.run("minikube", "delete")
    assert (said.returncode, said.stdout) == (0, case("delete")["out"])
    assert machine.run("pgrep", "kube").returncode == 1
    assert machine.sh("ctr --namespace k8s.io containers ls --quiet") == ""
    assert machine.run("ls", "/var/lib/minikube").returncode == 2
    assert machine.sh("ls -A /etc/kubernetes /etc/kubernetes/addons").split("\n")[1] == "addons"
    assert machine.sh("grep -c /var/lib/kubelet/ /proc/mounts || true") == "0"
    assert machine.run("ls", "/var/lib/hostpath-provisioner").returncode == 2
    left = case("kubeconfig-after-delete")["out"].partition("750 ")[0].strip()
    assert machine.sh("cat .kube/config") == left
    said = machine.run("minikube", "status")
    assert (said.returncode, said.stdout) == (85, case("deleted: status")["out"])


def test_a_start_that_was_killed_is_begun_again_and_leaves_no_more_than_another(
    machine: Machine,
) -> None:
    killed = machine.run("timeout", "--signal=KILL", "6", *START)
    assert killed.returncode == -9, killed
    status = json.loads(machine.run("minikube", "status", "--output=json").stdout)
    assert status["Kubeconfig"] == "Misconfigured"
    said = machine.run(*START)
    assert said.returncode == 0, said
    assert machine.run("minikube", "delete").returncode == 0
    assert machine.run("pgrep", "kube").returncode == 1
    assert machine.sh("ctr --namespace k8s.io containers ls --quiet") == ""


def test_a_machine_ends_with_its_maker_and_the_next_one_clears_up(
    kubernetes_1_35: Path, tmp_path: Path
) -> None:
    command = (sys.executable, "-c", TO_BE_KILLED, kubernetes_1_35, tmp_path)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, text=True, cwd=ROOT) as maker:
        assert maker.stdout is not None
        traces = Traces.of(Path(maker.stdout.readline().strip()).parent)
        maker.kill()
    until(lambda: not traces.processes & {each for each, _ in _processes()})
    Machine(kubernetes_1_35, tmp_path).close()
    until(lambda: traces.left() == [])
