"""`minikube start` of v1.19 with the driver none. Every text is written from the source."""

import os
import platform
import re
import time
from pathlib import Path
from typing import Any

from . import backing, certificates, faults, kubeconfig
from .call import Call, read_json, refuse, user_home, write_json
from .minikube_v1_19_out import Exit, Out

DEFAULT_KUBERNETES = "v1.20.2"
OLDEST_KUBERNETES = (1, 14, 0)
NEWEST_KUBERNETES = "v1.20.5-rc.0"
SMALLEST_MEMORY = 1800
NOT_REPLAYED = ("download-only", "dry-run", "embed-certs", "trace")
LINUX_DRIVERS = {
    "docker", "kvm2", "none", "podman", "parallels", "ssh", "virtualbox", "vmware", "vmwarefusion",
}  # fmt: skip


def start(call: Call, out: Out) -> int:
    for name in NOT_REPLAYED:
        if call.value(name) not in {"", "false"}:
            refuse(f"`start --{name}` is not replayed")
    if call.value("nodes", "1") != "1":
        refuse("more than one node is not replayed")
    out.step(f"minikube {call.release} on {_platform()}", "Initial Minikube Setup")
    for name, value in sorted(os.environ.items()):
        if name.startswith("MINIKUBE_") or name == "KUBECONFIG":
            out.info(f"{name}={value}")
    if call.fault.startswith("start-fails:"):
        raise Exit(call.fault.removeprefix("start-fails:"), "the stand-in was told to fail")
    existing = _existing(call)
    if not call.value("kubernetes-version") and existing:
        kubernetes = str(existing["KubernetesConfig"]["KubernetesVersion"])
    else:
        kubernetes = _kubernetes(call, out)
    _select_driver(call, out, existing)
    _check_memory(call)
    if existing and _numbers(existing["KubernetesConfig"]["KubernetesVersion"]) > _numbers(
        kubernetes
    ):
        raise Exit(
            "K8S_DOWNGRADE_UNSUPPORTED",
            "Unable to safely downgrade existing Kubernetes "
            f"{existing['KubernetesConfig']['KubernetesVersion']} cluster to "
            f"{kubernetes}",
        )
    _bring_up(call, out, kubernetes, existing)
    return 0


def _bring_up(call: Call, out: Out, kubernetes: str, existing: dict[str, Any] | None) -> None:
    name = call.profile
    out.step(f"Starting control plane node {name} in cluster {name}", "Starting Node")
    if call.fault == "start-floods":
        faults.flood()
    if call.fault == "start-hangs":
        faults.hang(with_child=True)
    if existing and backing.alive(call):
        out.step(f'Updating the running none "{name}" bare metal machine ...', "Updating Driver")
    elif existing:
        what = f'Restarting existing none bare metal machine for "{name}" ...'
        out.step(what, "Updating Driver")
    else:
        cores, memory, disk = _host_size()
        size = f"CPUs={cores}, Memory={memory}MB, Disk={disk}MB"
        out.step(f"Running on localhost ({size}) ...", "Running on Localhost")
    out.step(f"OS release is {_os_release('PRETTY_NAME')}", "Local OS Release")
    _write_state(call, kubernetes)
    certificates.make(call.home, call.profile_folder, "minikube-user")
    out.step(f"Preparing Kubernetes {kubernetes} on Docker 20.10.5 ...", "Preparing Kubernetes")
    if not existing:
        out.step("Generating certificates and keys ...", "Generating certificates", mark="  - ")
        out.step("Booting up control plane ...", "Booting control plane", mark="  - ")
        out.step("Configuring RBAC rules ...", "Configuring RBAC rules", mark="  - ")
    write_kubeconfig(call)
    if call.fault == "start-asks":
        faults.ask()
    if call.fault == "start-dies-halfway":
        faults.die_halfway(lambda: backing.up(call, kubernetes))
    backing.up(call, kubernetes)
    _finish(call, out)


def _finish(call: Call, out: Out) -> None:
    place = "Configuring Localhost Environment"
    out.step("Configuring local host environment ...", place)
    out.warning(
        "The 'none' driver is designed for experts who need to integrate with an existing VM"
    )
    if not os.environ.get("CHANGE_MINIKUBE_NONE_USER"):
        home = user_home()
        out.warning(f"kubectl and minikube configuration will be stored in {home}")
        out.info(f"sudo mv {home}/.kube {home}/.minikube $HOME")
    out.step("Verifying Kubernetes components...", "Verifying Kubernetes")
    out.info("Using image gcr.io/k8s-minikube/storage-provisioner:v5")
    addons = "storage-provisioner, default-storageclass"
    out.step(f"Enabled addons: {addons}", "Enabling Addons")
    if call.wants("keep-context", default=False):
        out.step(f"To connect to this cluster, use:  --context={call.profile}", "Done")
    else:
        out.step(
            f'Done! kubectl is now configured to use "{call.profile}" cluster and "default" '
            "namespace by default",
            "Done",
        )


def _existing(call: Call) -> dict[str, Any] | None:
    try:
        return read_json(call.profile_folder / "config.json")
    except FileNotFoundError:
        return None
    except ValueError as problem:
        raise Exit("HOST_CONFIG_LOAD", f"Unable to load config: {problem}") from None


def _select_driver(call: Call, out: Out, existing: dict[str, Any] | None) -> None:
    asked = call.value("driver") or call.value("vm-driver")
    if existing and asked and asked != existing["Driver"]:
        raise Exit(
            "GUEST_DRIVER_MISMATCH",
            f'The existing "{call.profile}" cluster was created '
            f'using the "{existing["Driver"]}" driver, which is incompatible with requested '
            f'"{asked}" driver.',
        )
    driver = asked or (str(existing["Driver"]) if existing else "")
    if not driver:
        refuse("choosing a driver by itself is not replayed")
    source = "existing profile" if existing and not asked else "user configuration"
    out.step(f"Using the {driver} driver based on {source}", "Selecting Driver")
    if driver not in LINUX_DRIVERS:
        what = f"The driver '{driver}' is not supported on linux/amd64"
        raise Exit("DRV_UNSUPPORTED_OS", what)
    path = os.environ.get("PATH", "").split(os.pathsep)
    here = any(Path(folder, "VBoxManage").exists() for folder in path if folder)
    if driver == "virtualbox" and not here:
        raise Exit(
            "PROVIDER_VIRTUALBOX_NOT_FOUND",
            "The 'virtualbox' provider was not found: unable to find VBoxManage in $PATH",
            advice="Install VirtualBox",
            url="https://minikube.sigs.k8s.io/docs/reference/drivers/virtualbox/",
        )
    if driver != "none":
        refuse(f"driver {driver}: there is no VM and no container here")
    if not call.is_root:
        raise Exit(
            "DRV_NEEDS_ROOT",
            'The "none" driver requires root privileges. Please run '
            "minikube using 'sudo -E minikube start --vm-driver=none'.",
        )


def _kubernetes(call: Call, out: Out) -> str:
    asked = call.value("kubernetes-version", "stable")
    if asked in {"", "stable"}:
        return DEFAULT_KUBERNETES
    if asked == "latest":
        return NEWEST_KUBERNETES
    version = "v" + asked.removeprefix("v")
    if not re.fullmatch(r"v\d+\.\d+\.\d+([-+].*)?", version):
        refuse(f"what it says to --kubernetes-version={asked} is not known")
    if _numbers(version) < OLDEST_KUBERNETES:
        oldest = "v" + ".".join(map(str, OLDEST_KUBERNETES))
        bare = version.removeprefix("v")
        what = f"Specified Kubernetes version {bare} is less than the oldest supported version"
        out.warning(f"{what}: {oldest}")
        if not call.wants("force", default=False):
            out.warning("You can force an unsupported Kubernetes version via the --force flag")
            what = f"Kubernetes {bare} is not supported by this release of minikube"
            raise Exit("K8S_OLD_UNSUPPORTED", what)
    return version  # a version newer than the newest was let through before v1.25.2


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(text) for text in re.findall(r"\d+", version)[:3])


def _megabytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmgt]?)i?b?", text.strip(), re.IGNORECASE)
    if not match:
        refuse(f"what it says to --memory={text} is not known")
    sizes = {"": 1.0, "k": 1 / 1024, "m": 1.0, "g": 1024.0, "t": 1024.0 * 1024}
    return int(float(match[1]) * sizes[match[2].lower()])


def _check_memory(call: Call) -> None:
    asked = _megabytes(call.value("memory") or str(SMALLEST_MEMORY))
    if asked < SMALLEST_MEMORY and not call.wants("force", default=False):
        raise Exit(
            "RSRC_INSUFFICIENT_REQ_MEMORY",
            f"Requested memory allocation {asked}MiB is "
            f"less than the usable minimum of {SMALLEST_MEMORY}MB",
        )


def _write_state(call: Call, kubernetes: str) -> None:
    where = backing.port(call)
    node = {"Name": "m01", "IP": call.ip, "Port": where, "KubernetesVersion": kubernetes}
    node |= {"ControlPlane": True, "Worker": True}
    profile = {
        "Name": call.profile,
        "Memory": _megabytes(call.value("memory") or "2200"),
        "CPUs": int(call.value("cpus", "2")),
        "DiskSize": _megabytes(call.value("disk-size") or "20000"),
        "Driver": "none",
        "KubernetesConfig": {
            "KubernetesVersion": kubernetes,
            "ClusterName": call.profile,
            "APIServerName": "minikubeCA",
            "ContainerRuntime": call.value("container-runtime") or "docker",
            "NodeIP": call.ip,
            "NodePort": where,
            "NodeName": "m01",
        },
        "Nodes": [node],
    }
    write_json(call.profile_folder / "config.json", profile)
    driver = {"IPAddress": call.ip, "MachineName": call.profile, "StorePath": str(call.home)}
    machine = {"ConfigVersion": 3, "Driver": driver, "DriverName": "none", "Name": call.profile}
    write_json(call.machine / "config.json", machine)


def write_kubeconfig(call: Call) -> None:
    stamp = {
        "last-update": time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime()),
        "provider": "minikube.sigs.k8s.io",
        "version": call.release,
    }
    name, folder = call.profile, call.profile_folder
    try:
        kubeconfig.put(
            name,
            {
                "certificate-authority": str(call.home / "ca.crt"),
                "extensions": [{"extension": stamp, "name": "cluster_info"}],
                "server": f"https://{call.ip}:{backing.port(call)}",
            },
            {
                "client-certificate": str(folder / "client.crt"),
                "client-key": str(folder / "client.key"),
            },
            {
                "cluster": name,
                "extensions": [{"extension": stamp, "name": "context_info"}],
                "namespace": "default",
                "user": name,
            },
            make_current=not call.wants("keep-context", default=False),
        )
    except ValueError as problem:
        refuse(f"this kubeconfig is more YAML than the stand-in reads: {problem}")


def _platform() -> str:
    name = _os_release("NAME").split(" ")[0]
    suffix = "" if platform.machine() == "x86_64" else f" ({platform.machine()})"
    return f"{name} {_os_release('VERSION_ID')}{suffix}"


def _os_release(key: str) -> str:
    try:
        return platform.freedesktop_os_release().get(key, "")
    except OSError:
        return platform.system()


def _host_size() -> tuple[int, int, int]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    disk = os.statvfs("/")
    return os.cpu_count() or 1, memory, disk.f_blocks * disk.f_frsize // 10**6
