"""What a cluster of today may be like: odd, and well or sick. Each is as it was afterwards."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.real.breaking import CLASSES, COREDNS, DEFAULT, HOOKS, KUBE_SYSTEM, Json
from tests.real.ground_today import Today, is_ready
from tests.real.webhook import Answer, answering, changes
from tests.standins.api import ApiError

takes_long = pytest.mark.skipif(
    os.environ.get("KBOOT_ODD") != "all", reason="takes long: by hand, with KBOOT_ODD=all"
)
Made = Callable[[Today, Path], AbstractContextManager[object]]
IMAGE = "busybox:1.28"
LAST_WORDS = "echo of the agent > /dev/termination-log"
FOLDER = "/var/lib/hostpath-provisioner"
MINIKUBES = "k8s.io/minikube-hostpath"
VOLUMES = "/api/v1/persistentvolumes"
PROXY = "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
ANEW = "minikube addons disable storage-provisioner && minikube addons enable storage-provisioner"
DOCKER_STARTS = "service docker start; until docker version; do sleep 0.1; done"
CONTAINERD_ANEW = (
    "service containerd stop; service containerd start; until ctr version; do sleep 0.1; done"
)
"""It reads its network's configuration when it starts."""
BROKEN_NETWORK = '{"cniVersion":"0.4.0","name":"broken","plugins":[{"type":"broken"}]}'
NAMESPACES = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["namespaces"],
    "operations": ["CREATE"],
}
DELETIONS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["pods", "persistentvolumeclaims"],
    "operations": ["DELETE"],
}
"""What a webhook is asked about."""
DENY_ALL: Json = {"metadata": {"name": "own"}, "spec": {"podSelector": {}}}
SMALL_CLAIMS: Json = {
    "metadata": {"name": "own"},
    "spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "1Mi"}}]},
}
RESTRICTED = """\
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: restricted, enforce-version: latest}
    exemptions: {namespaces: [kube-system]}
"""


def verify(ground: Today, gates: str, seconds: int, *flags: str) -> tuple[int, Json]:
    return ground.host.kboot("verify", "--gates", gates, "--timeout", f"{seconds}s", *flags)


def settle(ground: Today) -> None:
    """Nothing of kboot's is there, and all of the system's is."""
    ground.delete_own_namespaces()
    ground.until(ground.is_up)


def together(*parts: Made) -> Made:
    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        with ExitStack() as stack:
            for number, each in enumerate(parts):
                own = folder / str(number)
                own.mkdir()
                stack.enter_context(each(ground, own))
            yield

    return made


def nothing(ground: Today, folder: Path) -> AbstractContextManager[object]:
    return ExitStack()


def done(words: str, undo: str) -> Made:
    """Typed into a shell of the machine."""

    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        ground.host.sh(words)
        try:
            yield
        finally:
            ground.host.sh(undo)

    return made


# Admission


def asked(answer: Answer, kind: str = "validating", **more: object) -> Made:
    """A webhook that answers so."""

    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        with (
            answering(ground.here, folder, answer) as hook,
            ground.webhook(*hook, kind, more),
        ):
            yield

    return made


def changed(change: Callable[[Json], object]) -> Made:
    """What admission makes of every pod of kboot's."""
    return asked(changes(lambda pod: change(pod["spec"])), "mutating")


def beside(script: str) -> Made:
    """A container that stands first in the list."""
    return changed(lambda spec: spec["containers"].insert(0, container(script)))


def before(script: str, **more: str) -> Made:
    """An init container."""
    return changed(lambda spec: spec.update(initContainers=[container(script) | more]))


def container(script: str) -> Json:
    return {"name": "agent", "image": IMAGE, "command": ["/bin/sh", "-c", script]}


def each_container(**more: object) -> Made:
    return changed(lambda spec: [each.update(more) for each in spec["containers"]])


def policy(*actions: str) -> Made:
    """A ValidatingAdmissionPolicy that no pod satisfies."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    validation = {"expression": "false", "message": "no pods on a Friday"}
    what = {
        "metadata": {"name": "pods"},
        "spec": {
            "matchConstraints": {"resourceRules": [{**rule, "operations": ["CREATE"]}]},
            "validations": [validation],
        },
    }
    others = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
    where = {"namespaceSelector": {"matchExpressions": [others]}}
    binding = {"policyName": "pods", "validationActions": ["Deny"], "matchResources": where}

    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        def denies() -> bool:
            pod = {"metadata": {"name": "tried"}, "spec": {"containers": [container("true")]}}
            try:
                ground.api.call("POST", "/api/v1/namespaces/default/pods?dryRun=All", pod)
            except ApiError:
                return True
            return False

        bindings = f"{HOOKS}/validatingadmissionpolicybindings"
        with (
            ground.created(f"{HOOKS}/validatingadmissionpolicies", what),
            ground.created(bindings, {"metadata": {"name": "pods"}, "spec": binding}),
        ):
            ground.until(denies)  # only then it is in force
            if actions != ("Deny",):
                change = {"spec": {"validationActions": list(actions)}}
                ground.api.call("PATCH", f"{bindings}/pods", change)
                ground.until(lambda: not denies())
            yield
        ground.until(lambda: not denies())

    return made


def labelled(**labels: str) -> Made:
    """kboot's namespace."""

    def change(namespace: Json) -> None:
        namespace["metadata"]["labels"].update(labels)

    more = {"rules": [NAMESPACES], "namespaceSelector": {}}
    return asked(changes(change), "mutating", **more)


def inside(**things: Json) -> Made:
    """In kboot's own namespace."""
    return lambda ground, folder: ground.in_own_namespace(**things)


@contextmanager
def restricted_by_default(ground: Today, folder: Path) -> Iterator[None]:
    path = "/var/lib/minikube/certs/admission.yaml"
    ground.write(path, RESTRICTED)
    with ground.flag(f"--admission-control-config-file={path}"):
        yield


# Storage


def storage_class(named: str, provisioner: str, **more: str) -> Json:
    """The newest one that is marked as the default is the default."""
    about = {"name": named, "annotations": DEFAULT}
    return {"metadata": about, "provisioner": provisioner, **more}


def another_default(provisioner: str, **more: str) -> Made:
    made = storage_class("another", provisioner, **more)
    return lambda ground, folder: ground.created(CLASSES, made)


def another_class(ground: Today, folder: Path) -> AbstractContextManager[None]:
    """That nobody uses."""
    made = {"metadata": {"name": "other"}, "provisioner": "example.com/nobody"}
    return ground.created(CLASSES, made)


def provisioner(named: str, *flags: str, folder: str = FOLDER, **more: str) -> Made:
    """One of its own name, of the default class of that name."""
    program = ["/storage-provisioner", f"-provisioner=example.com/{named}", f"-folder={folder}"]
    image = "gcr.io/k8s-minikube/storage-provisioner:v5"
    mount = {"name": "volumes", "mountPath": FOLDER}
    own = {"name": named, "image": image, "command": [*program, *flags], "volumeMounts": [mount]}
    volume = {"name": "volumes", "hostPath": {"path": FOLDER}}
    pod = {
        "metadata": {"name": named},
        "spec": {
            "hostNetwork": True,
            "containers": [own],
            "volumes": [volume],
            "terminationGracePeriodSeconds": 0,
        },
    }

    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        def volumes() -> list[Json]:
            found = ground.get(VOLUMES)["items"]
            return [each for each in found if each["spec"].get("storageClassName") == named]

        path = f"{KUBE_SYSTEM}/pods"
        with ground.created(path, pod):
            ground.until(lambda: is_ready(ground.get(f"{path}/{named}")))
            with ground.created(CLASSES, storage_class(named, f"example.com/{named}", **more)):
                yield
                ground.delete_own_namespaces()
                ground.until(lambda: not ground.own_namespaces() and not volumes())

    return made


def static_volume(host_path: Json, policy: str = "Retain") -> Made:
    """One that somebody made, which fits kboot's claim by chance."""
    spec = {
        "capacity": {"storage": "8Mi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "standard",
        "persistentVolumeReclaimPolicy": policy,
        "hostPath": host_path,
    }

    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        with ground.created(VOLUMES, {"metadata": {"name": "static"}, "spec": spec}):
            yield
            ground.delete_own_namespaces()
        ground.until(lambda: not ground.api.answers(f"{VOLUMES}/static"))

    return made


@contextmanager
def provisioner_crashes(ground: Today, folder: Path) -> Iterator[None]:
    """minikube's own, which seeks the API where it is not."""
    path = f"{KUBE_SYSTEM}/pods/storage-provisioner"
    pod = ground.get(path)
    where = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
    env = [{"name": name, "value": value} for name, value in where.items()]
    pod["spec"]["containers"][0]["env"] = env
    for each in ("resourceVersion", "uid", "managedFields"):
        pod["metadata"].pop(each)
    ground.api.call("DELETE", path, {"gracePeriodSeconds": 0})
    ground.until(lambda: ground.api.call("POST", path.rpartition("/")[0], pod))
    try:
        ground.until(lambda: "CrashLoopBackOff" in ground.api.call("GET", path).decode())
        yield
    finally:
        ground.host.sh(ANEW)


@contextmanager
def no_provisioner(ground: Today, folder: Path) -> Iterator[None]:
    path = f"{KUBE_SYSTEM}/pods/storage-provisioner"
    ground.api.call("DELETE", path, {"gracePeriodSeconds": 0})
    try:
        yield
    finally:
        ground.host.sh("minikube addons enable storage-provisioner")


# In the middle of a run


def when(pod: str, act: Callable[[Today], object]) -> Made:
    """Something happens as soon as kboot's pod of that name is there."""

    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        def pods() -> set[str]:
            found = ground.get(f"/api/v1/pods?fieldSelector=metadata.name%3D{pod}")["items"]
            return {str(each["metadata"]["uid"]) for each in found}

        old = pods()
        with ground.meanwhile(lambda: pods() - old, lambda: act(ground)):
            yield

    return made


def killed(*names: str) -> Callable[[Today], None]:
    def act(ground: Today) -> None:
        for each in names:
            ground.kill(each)

    return act


def hangs(name: str, seconds: float) -> Callable[[Today], None]:
    def act(ground: Today) -> None:
        with ground.hung(name):
            time.sleep(seconds)

    return act


def cordoned_for(seconds: float) -> Callable[[Today], None]:
    def act(ground: Today) -> None:
        ground.host.sh(f"kubectl cordon {ground.node}")
        time.sleep(seconds)
        ground.host.sh(f"kubectl uncordon {ground.node}")

    return act


@contextmanager
def provisioner_just_crashed(ground: Today, folder: Path) -> Iterator[None]:
    """The one that is begun anew waits for the lease of the one before."""
    ground.kill("storage-provisioner")
    yield


@contextmanager
def dns_comes_late(ground: Today, folder: Path) -> Iterator[None]:
    none, one = ({"spec": {"replicas": number}} for number in (0, 1))
    with ground.patched(COREDNS, none, one):
        late = time.monotonic() + 4
        with ground.meanwhile(
            lambda: time.monotonic() > late, lambda: ground.api.call("PATCH", COREDNS, one)
        ):
            yield


def tainted(effect: str) -> Made:
    taint, none = {"key": "example.com/own", "effect": effect}, {"spec": {"taints": None}}
    return lambda ground, folder: ground.patched(
        f"/api/v1/nodes/{ground.node}", {"spec": {"taints": [taint]}}, none
    )


def tainted_at_first(seconds: float) -> Made:
    def act(ground: Today) -> None:
        time.sleep(seconds)
        ground.host.sh(f"kubectl taint nodes {ground.node} example.com/own-")

    return together(tainted("NoSchedule"), when("dns", act))


def image_comes_late(image: str) -> Made:
    """As where a registry is away, and somebody loads it."""

    def act(ground: Today) -> None:
        time.sleep(3)
        ground.host.sh(f"ctr --namespace k8s.io images tag docker.io/library/{IMAGE} {image}")

    return together(when("dns", act), done("true", f"ctr --namespace k8s.io images rm {image}"))


@contextmanager
def busy(ground: Today, folder: Path) -> Iterator[None]:
    words = (
        'for each in 1 2 3 4 5 6; do while :; do :; done & made="$made $!"; done; cat; kill $made'
    )
    command = (str(ground.host.enter), "sh", "-c", words)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as shell:
        try:
            yield
        finally:
            shell.communicate()


# What the system runs


@contextmanager
def corefile_is_broken(ground: Today, folder: Path) -> Iterator[None]:
    path = f"{KUBE_SYSTEM}/configmaps/coredns"
    pods = f"{KUBE_SYSTEM}/pods?labelSelector=k8s-app%3Dkube-dns"
    there = {"data": ground.get(path)["data"]}
    broken = {"data": {"Corefile": ".:53 {\n    no-such-plugin\n}\n"}}
    with ground.patched(path, broken, there):
        ground.api.call("DELETE", pods, {"gracePeriodSeconds": 0})
        ground.until(lambda: "CrashLoopBackOff" in ground.api.call("GET", pods).decode())
        yield
    ground.api.call("DELETE", pods, {"gracePeriodSeconds": 0})


@contextmanager
def no_kube_proxy(ground: Today, folder: Path) -> Iterator[None]:
    """Nor any rule of its."""
    nowhere, back = (
        {"spec": {"template": {"spec": {"nodeSelector": {"example.com/none": each}}}}}
        for each in ("true", None)
    )
    with ground.patched(PROXY, nowhere, back):
        ground.until(lambda: ground.host.run("pgrep", "kube-proxy").returncode == 1)
        ground.host.sh("iptables --table nat --flush KUBE-SERVICES")
        yield
    ground.until(lambda: ground.get(PROXY)["status"].get("numberReady") == 1)


def deployment(namespace: str, image: str) -> Made:
    labels = {"app": "other"}
    own = container("sleep 600") | {"image": image}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [own]}}
    spec = {"selector": {"matchLabels": labels}, "template": pods}
    made = {"metadata": {"name": "other"}, "spec": spec}
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    return lambda ground, folder: ground.created(path, made)


@contextmanager
def broken_api_service(ground: Today, folder: Path) -> Iterator[None]:
    name = "v1beta1.metrics.k8s.io"
    spec = {
        "group": "metrics.k8s.io",
        "version": "v1beta1",
        "service": {"namespace": "kube-system", "name": "metrics-server"},
        "insecureSkipTLSVerify": True,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    with ground.created(SERVICES, {"metadata": {"name": name}, "spec": spec}):
        ground.until(
            lambda: "ServiceNotFound" in ground.api.call("GET", f"{SERVICES}/{name}").decode()
        )
        yield


@contextmanager
def user_may_only_look(ground: Today, folder: Path) -> Iterator[None]:
    files = ground.client("/O=developers/CN=viewer")
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "viewer"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}
    binding = {"metadata": {"name": "viewer"}, "roleRef": role, "subjects": [subject]}

    def change(cluster: Json, user: Json) -> None:
        user.clear()
        user.update({"client-certificate": f"{files}.crt", "client-key": f"{files}.key"})

    roles = ROLES.replace("bindings", "s")
    with (
        ground.created(roles, {"metadata": {"name": "viewer"}, "rules": [rule]}),
        ground.created(ROLES, binding),
        ground.kubeconfig(change),
    ):
        yield


def kubectl_says(script: str) -> Made:
    """For all but its version."""
    own = "/usr/local/bin/kubectl"
    text = f'#!/bin/sh\ncase "$*" in *version*) exec {own}.real "$@" ;; esac\n{script}\n'

    @contextmanager
    def made(ground: Today, folder: Path) -> Iterator[None]:
        ground.host.sh(f"mv {own} {own}.real")
        try:
            ground.write(own, text)
            ground.host.sh(f"chmod 755 {own}")
            yield
        finally:
            ground.host.sh(f"mv {own}.real {own}")

    return made


@contextmanager
def image_is_gone(ground: Today, folder: Path) -> Iterator[None]:
    with suppress(AssertionError):
        ground.host.sh(f"minikube image rm {IMAGE}")
    try:
        yield
    finally:
        ground.host.sh(f"minikube image load {IMAGE}")
