"""A Kubernetes 1.35.1 on this very host, made by kubeadm as minikube 1.38.1 has it made.

For a host of its own as root, with containerd and a program `service` that keeps the kubelet:
tests/helpers/hosts/machine.py has one. Everything but the certificates' keys is kubeadm's,
containerd's and the kubelet's own work.
"""

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.helpers.places import ROOT

from .call import Call

VERSION = "v1.35.1"
COMMIT = "c93a4cb9311efc66b90d33ea03f75f2c4120e9b0"
OWN = Path("/var/lib/minikube")
PROGRAMS = OWN / "binaries" / VERSION
CONFIGURATION = Path("/var/tmp/minikube/kubeadm.yaml")
ETC = Path("/etc/kubernetes")
SERVICE = Path("/run/services/kubelet")
VOLUMES = Path("/var/lib/hostpath-provisioner")
CNI = Path("/etc/cni/net.d/1-k8s.conflist")
ENDPOINT = "control-plane.minikube.internal"
SOCKET = "unix:///run/containerd/containerd.sock"
POD_SUBNET = "10.244.0.0/16"
START_SECONDS = 360.0
GRACE_SECONDS = 10.0
HEALTH_SECONDS = 5.0
# What minikube passes over, and SystemVerification, which wants control groups of version 2.
IGNORED = (
    "DirAvailable--etc-kubernetes-manifests", "DirAvailable--var-lib-minikube",
    "DirAvailable--var-lib-minikube-etcd",
    "FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml",
    "FileAvailable--etc-kubernetes-manifests-etcd.yaml", "Port-10250", "Swap", "NumCPU", "Mem",
    "SystemVerification",
)  # fmt: skip
STEPS = {"[certs]": "certs", "[control-plane]": "control plane", "[bootstrap-token]": "rbac"}
KUBELET = """\
#!/bin/sh
exec {programs}/kubelet --bootstrap-kubeconfig={etc}/bootstrap-kubelet.conf \\
  --config=/var/lib/kubelet/config.yaml --hostname-override={name} \\
  --kubeconfig={etc}/kubelet.conf --node-ip={ip}
"""


class KubeadmError(RuntimeError):
    """What went wrong, in the words of the program that failed."""


def is_behind(call: Call) -> bool:
    return bool(call.settings["backing"] == "kubeadm")


def place(call: Call) -> None:
    """Put there what kubeadm and the kubelet start from."""
    for each in ("certs", "images"):
        (OWN / each).mkdir(parents=True, exist_ok=True)
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    for name in ("kubeadm", "kubectl", "kubelet"):
        if not (PROGRAMS / name).exists():
            (PROGRAMS / name).symlink_to(Path(call.settings["binaries"], "bin", name))
    for name in ("ca.crt", "ca.key"):
        shutil.copy(call.home / name, OWN / "certs" / name)
    for name in ("apiserver.crt", "apiserver.key"):
        shutil.copy(call.profile_folder / name, OWN / "certs" / name)
    _name_the_endpoint(call.ip)
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    documents = configuration(call.ip)
    CONFIGURATION.write_text("---\n".join(json.dumps(each) + "\n" for each in documents))
    text = KUBELET.format(programs=PROGRAMS, etc=ETC, name=host_name(), ip=call.ip)
    (SERVICE / "run").write_text(text)


def is_there() -> bool:
    """Whether all was made, running or not; what was made by half is made again."""
    return (OWN / "kubeconfig").exists()


def init(told: Callable[[str], None]) -> None:
    """Make a new control plane. `told` hears of certs, control plane and rbac as they begin.

    Where a start was killed half-way kubeadm goes on with what there is, running or not.
    """
    _service("start")
    begun = (ETC / "admin.conf").exists()
    ignored = "all" if begun else ",".join(IGNORED)
    words = ["kubeadm", "init", "--config", str(CONFIGURATION)]
    words.append(f"--ignore-preflight-errors={ignored}")
    left = dict(STEPS)
    lines = []
    pipe = subprocess.PIPE
    errors = subprocess.STDOUT
    with subprocess.Popen(
        words, stdout=pipe, stderr=errors, text=True, env=_with_path()
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            tag = line.partition(" ")[0]
            if tag in left:
                told(left.pop(tag))
    if process.returncode != 0:
        raise KubeadmError("".join(lines))
    CNI.parent.mkdir(parents=True, exist_ok=True)
    CNI.write_text(json.dumps(cni()))


def elevate(call: Call) -> None:
    """Rights for kube-system, labels, one pod of CoreDNS; the account that pods run as is there."""
    role = ("--clusterrole=cluster-admin", "--serviceaccount=kube-system:default")
    _asked("create", "clusterrolebinding", "minikube-rbac", *role)  # it may be there
    labels = {
        "commit": COMMIT,
        "name": call.profile,
        "primary": "true",
        "updated_at": time.strftime("%Y_%m_%dT%H_%M_%S_0700"),
        "version": call.release,
    }
    own = [f"minikube.k8s.io/{key}={value}" for key, value in labels.items()]
    kubectl("label", "--overwrite", "nodes", host_name(), *own)
    kubectl("--namespace=kube-system", "scale", "deployment", "coredns", "--replicas=1")
    _until(lambda: _asked("get", "serviceaccount", "default"), "the ServiceAccount default")
    shutil.copy(ETC / "admin.conf", OWN / "kubeconfig")


def resume() -> None:
    """The kubelet again; it starts what was stopped with it."""
    _service("start")


def verify(call: Call) -> None:
    """As minikube waits by default: the API is healthy, and kube-system has pods."""
    _until(lambda: healthy(call.ip), "the API")
    _until(lambda: _asked("--namespace=kube-system", "get", "pods").count("\n") >= 2, "pods")


def apply(addon: str) -> None:
    """Make the objects of that addon, or bring them up to date."""
    (ETC / "addons").mkdir(parents=True, exist_ok=True)
    kept = ETC / "addons" / f"{addon}.yaml"
    kept.write_text(manifest(addon))
    kubectl("apply", "--force", "--filename", str(kept))


def withdraw(addon: str) -> None:
    kept = ETC / "addons" / f"{addon}.yaml"
    kubectl("delete", "--force", "--ignore-not-found", "--filename", str(kept))


def manifest(addon: str) -> str:
    """Volumes are below /var, which is the host's own: /tmp is shared with others here."""
    text = (ROOT / "tests" / "kubernetes" / "addons" / f"{addon}.yaml").read_text()
    if addon == "storage-provisioner":
        VOLUMES.mkdir(parents=True, exist_ok=True)
        for old, new in (
            ("[/storage-provisioner]", f"[/storage-provisioner, -folder={VOLUMES}]"),
            ("path: /tmp", f"path: {VOLUMES}"),
            ("mountPath: /tmp", f"mountPath: {VOLUMES}"),
        ):
            assert old in text, old
            text = text.replace(old, new)
    return text


def stop() -> None:
    """The kubelet, then every container, the youngest first: each has 10 s to end."""
    _service("stop")
    running = {line.split()[0] for line in ctr("tasks", "ls").splitlines() if "RUNNING" in line}
    for each in sorted(_containers(), key=lambda it: str(it["CreatedAt"]), reverse=True):
        if each["ID"] in running:
            _end(str(each["ID"]))


def reset() -> None:
    """What kubeadm undoes. It asks the cluster first, for which the kubelet has to run, and then
    would stop it; as it finds no init system, the kubelet is stopped here when it says so.
    """
    words = "kubeadm reset --cri-socket /run/containerd/containerd.sock --force"
    command = f'env PATH="{PROGRAMS}:$PATH" {words}'
    pipe, errors = subprocess.PIPE, []
    with subprocess.Popen(
        ("/bin/bash", "-c", command), stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stderr:
            errors.append(line)
            if "could not be stopped" in line:
                _service("stop")
        said = process.stdout.read()
    _service("stop")
    if process.returncode != 0:
        own = f'sudo /bin/bash -c "{command}": exit status {process.returncode}'
        raise KubeadmError(f"{own}\nstdout:\n{said}\nstderr:\n{''.join(errors)}\n")


def remove() -> None:
    """The rest, as recorded: images, the bridge and what is in iptables stay."""
    if ctr("containers", "ls", "--quiet"):  # the kubelet, on its way out, began one anew
        words = ("kubeadm", "reset", "phase", "cleanup-node", "--cri-socket", SOCKET)
        subprocess.run(words, check=True, capture_output=True, env=_with_path())
    (SERVICE / "run").unlink(missing_ok=True)
    CNI.unlink(missing_ok=True)
    for folder in (OWN, CONFIGURATION.parent, VOLUMES):
        shutil.rmtree(folder, ignore_errors=True)
    for each in (*ETC.glob("*"), *ETC.glob("addons/*")):
        if each.name != "addons":
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def kubelet_runs() -> bool:
    """Its process, not its health: as systemd has a unit for active that ends now and then."""
    return (SERVICE / "up").exists() and (SERVICE / "process").exists()


def apiserver_runs() -> bool:
    return any(_commands("kube-apiserver"))


def host_runs(call: Call) -> bool:
    """What the driver none calls so. Without a cluster behind it nothing is looked at."""
    return is_behind(call) and (apiserver_runs() or kubelet_runs())


def healthy(ip: str) -> bool:
    """Without certificates, as anybody may ask."""
    with suppress(OSError, http.client.HTTPException):
        tls = ssl.create_default_context(cafile=str(OWN / "certs" / "ca.crt"))
        connection = http.client.HTTPSConnection(ip, 8443, timeout=HEALTH_SECONDS, context=tls)
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"ok"
    return False


def host_name() -> str:
    return os.uname().nodename.lower()


def configuration(ip: str) -> list[dict[str, Any]]:
    """kubeadm's, with what minikube's own has, and what the machine of the tests cannot have."""
    version = "kubeadm.k8s.io/v1beta4"
    no_election = [{"name": "leader-elect", "value": "false"}]
    node = {
        "criSocket": SOCKET,
        "name": host_name(),
        "kubeletExtraArgs": [{"name": "node-ip", "value": ip}],
        "taints": [],
        "imagePullPolicy": "Never",  # of this list, minikube has all but this
    }
    return [
        {
            "apiVersion": version,
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": ip, "bindPort": 8443},
            "nodeRegistration": node,
        },
        {
            "apiVersion": version,
            "kind": "ClusterConfiguration",
            "apiServer": {
                "certSANs": ["127.0.0.1", "localhost", ip],
                "extraArgs": [
                    {
                        "name": "enable-admission-plugins",
                        "value": "NamespaceLifecycle,LimitRanger,ServiceAccount,"
                        "DefaultStorageClass,DefaultTolerationSeconds,NodeRestriction,"
                        "MutatingAdmissionWebhook,ValidatingAdmissionWebhook,ResourceQuota",
                    }
                ],
            },
            "controllerManager": {
                "extraArgs": [{"name": "allocate-node-cidrs", "value": "true"}, *no_election]
            },
            "scheduler": {"extraArgs": no_election},
            "certificatesDir": str(OWN / "certs"),
            "clusterName": "mk",
            "controlPlaneEndpoint": f"{ENDPOINT}:8443",
            "etcd": {"local": {"dataDir": str(OWN / "etcd")}},
            "kubernetesVersion": VERSION,
            "networking": {
                "dnsDomain": "cluster.local",
                "podSubnet": POD_SUBNET,
                "serviceSubnet": "10.96.0.0/12",
            },
        },
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {"x509": {"clientCAFile": str(OWN / "certs" / "ca.crt")}},
            "cgroupDriver": "cgroupfs",
            "containerRuntimeEndpoint": SOCKET,
            "hairpinMode": "hairpin-veth",
            "runtimeRequestTimeout": "15m",
            "clusterDomain": "cluster.local",
            "imageGCHighThresholdPercent": 100,
            "evictionHard": {
                "nodefs.available": "0%",
                "nodefs.inodesFree": "0%",
                "imagefs.available": "0%",
            },
            "failSwapOn": False,
            "staticPodPath": str(ETC / "manifests"),
            # Not minikube's: control groups of version 1, and no CAP_SYS_RESOURCE, as in CI.
            "failCgroupV1": False,
            "oomScoreAdj": 0,
        },
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clusterCIDR": POD_SUBNET,
            "metricsBindAddress": "0.0.0.0:10249",
            "conntrack": {
                "maxPerCore": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
                "min": 0,  # not minikube's: it belongs to the whole machine
            },
            "oomScoreAdj": 0,  # not minikube's either
        },
    ]


def cni() -> dict[str, Any]:
    bridge = {
        "type": "bridge",
        "bridge": "bridge",
        "addIf": "true",
        "isDefaultGateway": True,
        "forceAddress": False,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "subnet": POD_SUBNET},
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins = [bridge, ports, {"type": "firewall"}]
    return {"cniVersion": "0.4.0", "name": "bridge", "plugins": plugins}


def kubectl(*words: str) -> str:
    done = _kubectl(*words)
    if done.returncode != 0:
        raise KubeadmError(done.stderr)
    return done.stdout


def ctr(*words: str) -> str:
    done = subprocess.run(("ctr", "--namespace", "k8s.io", *words), capture_output=True, text=True)
    if done.returncode != 0:
        raise KubeadmError(done.stderr)
    return done.stdout


def _kubectl(*words: str) -> subprocess.CompletedProcess[str]:
    command = (str(PROGRAMS / "kubectl"), f"--kubeconfig={ETC / 'admin.conf'}", *words)
    return subprocess.run(command, capture_output=True, text=True)


def _asked(*words: str) -> str:
    """What kubectl says; nothing when it fails."""
    done = _kubectl(*words)
    return done.stdout if done.returncode == 0 else ""


def _with_path() -> dict[str, str]:
    """kubeadm runs the kubelet, to ask for its version."""
    return {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}


def _until(met: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not met():
        if time.monotonic() > deadline:
            raise KubeadmError(f"{what} did not come in {START_SECONDS:.0f} s")
        time.sleep(0.2)


def _service(verb: str) -> None:
    subprocess.run(("service", "kubelet", verb), check=True)


def _containers() -> Iterator[dict[str, Any]]:
    """Of pods, without those that hold a pod's namespaces."""
    kind = 'labels."io.cri-containerd.kind"==container'
    for each in ctr("containers", "ls", "--quiet", kind).split():
        yield json.loads(ctr("containers", "info", each))


def _end(container: str) -> None:
    ctr("tasks", "kill", "--signal", "SIGTERM", container)
    deadline = time.monotonic() + GRACE_SECONDS
    while _runs(container):
        if time.monotonic() > deadline:
            ctr("tasks", "kill", "--signal", "SIGKILL", container)
            deadline += GRACE_SECONDS
        time.sleep(0.05)


def _runs(container: str) -> bool:
    return bool(re.search(rf"^{container} .*RUNNING", ctr("tasks", "ls"), re.MULTILINE))


def _commands(name: str) -> Iterator[str]:
    """The command lines of the processes of that name."""
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = each.read_text().replace("\0", " ")
            if line.partition(" ")[0].rpartition("/")[2] == name:
                yield line


def _name_the_endpoint(ip: str) -> None:
    hosts = Path("/etc/hosts")
    kept = [line for line in hosts.read_text().splitlines() if ENDPOINT not in line]
    hosts.write_text("\n".join([*kept, f"{ip}\t{ENDPOINT}"]) + "\n")
