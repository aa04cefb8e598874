"""`minikube start` of v1.38.1 with the driver none, as recorded unless a comment says otherwise."""

import os
import platform
import re
from pathlib import Path
from typing import Any

from . import certificates, kubeadm, kubeconfig
from .call import Call, read_json, refuse, user_home
from .minikube_v1_38_files import machine, profile, write_kubeconfig, write_tabbed
from .minikube_v1_38_out import Exit, Out

DEFAULT = "v1.35.1"
ADDONS = ("default-storageclass", "storage-provisioner")
MANIFESTS = {"default-storageclass": "storageclass", "storage-provisioner": "storage-provisioner"}
REPLAYED = {
    "cache-images", "container-runtime", "cpus", "disk-size", "driver", "extra-config", "interactive",
    "keep-context", "kubernetes-version", "memory", "nodes", "output", "preload", "profile",
    "rootless", "skip-audit", "user", "vm-driver", "wait-timeout",
}  # fmt: skip
SMALLEST_MEMORY, SMALLEST_DISK, SMALLEST_CPUS = 1800, 2000, 2
PROXY = "https://minikube.sigs.k8s.io/docs/reference/networking/proxy/"
NONE = "https://minikube.sigs.k8s.io/docs/reference/drivers/none/"
SETTING_UP = {
    "certs": ("Generating certificates and keys ...", "Generating certificates"),
    "control plane": ("Booting up control plane ...", "Booting control plane"),
    "rbac": ("Configuring RBAC rules ...", "Configuring RBAC rules"),
}
CRI_DOCKERD = """

    The none driver with Kubernetes v1.24+ and the docker container-runtime requires cri-dockerd.
    
    Please install cri-dockerd using these instructions:
    
    https://github.com/Mirantis/cri-dockerd"""


def start(call: Call, out: Out) -> int:
    for name in sorted(call.flags.keys() - REPLAYED):
        refuse(f"`start --{name}` is not replayed")
    out.step(f"minikube {call.release} on {_platform()}", "Initial Minikube Setup")
    existing = _existing(call)
    kubernetes = _kubernetes(call, existing)
    _select_driver(call, out, existing)
    for _ in range(2 if existing else 1):  # it looks twice, and says it twice
        _check(call, out)
    runtime = _runtime(call, existing)
    name = call.profile
    out.step(f'Starting "{name}" primary control-plane node in "{name}" cluster', "Starting Node")
    if runtime != "containerd":
        _without_runtime(out, runtime)
    if call.settings["backing"] != "kubeadm":
        refuse("backing none: there is no Kubernetes here")
    if kubernetes != kubeadm.VERSION:
        refuse(f"there is only Kubernetes {kubeadm.VERSION} here, not {kubernetes}")
    try:
        _bring_up(call, out, existing)
    except kubeadm.KubeadmError as problem:
        refuse(f"what the real one does about this is not replayed: {problem}")
    return 0


def _bring_up(call: Call, out: Out, existing: dict[str, Any] | None) -> None:
    runs = existing is not None and (kubeadm.apiserver_runs() or kubeadm.kubelet_runs())
    name = call.profile
    if runs:
        out.hidden(f'Updating the running none "{name}" bare metal machine ...', "Updating Driver")
    elif existing:
        what = f'Restarting existing none bare metal machine for "{name}" ...'
        out.hidden(what, "Starting Node")
    else:
        cores, memory, disk = _host_size()
        size = f"CPUs={cores}, Memory={memory}MB, Disk={disk}MB"
        out.step(f"Running on localhost ({size}) ...", "Running on Localhost")
    out.step(f"OS release is {_os_release('PRETTY_NAME')}", "Local OS Release")
    record = existing or profile(call, kubeadm.VERSION, _megabytes_given(call), _host_size()[1])
    write_tabbed(call.profile_folder / "config.json", record)
    machine(call)
    if existing:
        _offline(out)
    out.step(f"Preparing Kubernetes {kubeadm.VERSION} on containerd {_containerd()} ...",
             "Preparing Kubernetes")  # fmt: skip
    for option in record["KubernetesConfig"]["ExtraOptions"] or ():
        out.info(f"{option['Component']}.{option['Key']}={option['Value']}")
    if not existing:
        _offline(out)
    names = f",DNS:{kubeadm.ENDPOINT},IP:{call.ip}"
    certificates.make(call.home, call.profile_folder, "minikube-user", names)
    kubeadm.place(call)
    write_kubeconfig(call)
    if kubeadm.is_there():
        kubeadm.resume()
    else:
        kubeadm.init(call, lambda step: out.hidden(*SETTING_UP[step]))
        what = "Configuring bridge CNI (Container Networking Interface) ..."
        out.step(what, "Configuring CNI")
        kubeadm.elevate(call)
    out.step("Configuring local host environment ...", "Configuring Localhost Environment")
    _warn(out)
    _finish(call, out, record, existing=existing is not None)


def _finish(call: Call, out: Out, record: dict[str, Any], *, existing: bool) -> None:
    kubeadm.verify(call)
    out.step("Verifying Kubernetes components...", "Verifying Kubernetes")
    record["Addons"] = (record["Addons"] or {}) | ({} if existing else dict.fromkeys(ADDONS, True))
    enabled = [name for name, on in sorted(record["Addons"].items()) if on]
    for addon in enabled:
        if addon == "storage-provisioner":
            out.info("Using image gcr.io/k8s-minikube/storage-provisioner:v5")
        kubeadm.apply(MANIFESTS[addon])
    write_tabbed(call.profile_folder / "config.json", record)
    out.step(f"Enabled addons: {', '.join(enabled)}", "Enabling Addons")
    text = (
        f'Done! kubectl is now configured to use "{call.profile}" cluster and "default" namespace'
    )
    out.step(f"{text} by default", "Done")


def _offline(out: Out) -> None:
    what = "Failing to connect to https://registry.k8s.io/ from inside the minikube bare metal"
    out.warning(f"{what} machine")
    out.remark(f"To pull new external images, you may need to configure a proxy: {PROXY}")


def _warn(out: Out) -> None:
    out.remark("")
    out.warning(
        "The 'none' driver is designed for experts who need to integrate with an existing VM"
    )
    out.remark(
        "Most users should use the newer 'docker' driver instead, which does not require root!"
    )
    out.remark(f"For more information, see: {NONE}")
    out.remark("")
    if os.environ.get("CHANGE_MINIKUBE_NONE_USER"):
        return
    home = user_home()
    out.warning(f"kubectl and minikube configuration will be stored in {home}")
    out.warning(
        "To use kubectl or minikube commands as your own user, you may need to relocate them. "
        "For example, to overwrite your own settings, run:"
    )
    out.remark("")
    out.remark(f"sudo mv {home}/.kube {home}/.minikube $HOME", mark="  - ")
    out.remark("sudo chown -R $USER $HOME/.kube $HOME/.minikube", mark="  - ")
    out.remark("")
    out.remark(
        "This can also be done automatically by setting the env var CHANGE_MINIKUBE_NONE_USER=true"
    )


def _existing(call: Call) -> dict[str, Any] | None:
    try:
        return read_json(call.profile_folder / "config.json")
    except FileNotFoundError:
        return None
    except ValueError as problem:
        refuse(f"what it says to a profile that is broken is not replayed: {problem}")


def _kubernetes(call: Call, existing: dict[str, Any] | None) -> str:
    asked = call.value("kubernetes-version")
    if not asked and existing:
        return str(existing["KubernetesConfig"]["KubernetesVersion"])
    if asked in {"", "stable"}:
        return DEFAULT
    if not re.fullmatch(r"v?\d+\.\d+\.\d+", asked):
        if not re.match(r"v?\d", asked):
            what = f'Unable to parse "{asked}": No Major.Minor.Patch elements found'
            raise Exit(14, "MK_USAGE", what)
        refuse(f"what it says to --kubernetes-version={asked} is not replayed")
    return "v" + asked.removeprefix("v")


def _select_driver(call: Call, out: Out, existing: dict[str, Any] | None) -> None:
    asked = call.value("driver") or call.value("vm-driver")
    if existing and asked and asked != existing["Driver"]:
        name, old = call.profile, existing["Driver"]
        raise Exit(
            81,
            "GUEST_DRIVER_MISMATCH",
            f'The existing "{name}" cluster was created using the "{old}" driver, which is '
            f'incompatible with requested "{asked}" driver.',
            advice=f"Delete the existing '{name}' cluster using: 'minikube delete', or start the "
            f"existing '{name}' cluster using: 'minikube start --driver={old}'",
            mark="!",
        )
    driver = asked or (str(existing["Driver"]) if existing else "")
    if driver != "none":
        refuse(f"driver {driver or 'of its own choice'}: only none is replayed")
    source = "existing profile" if existing else "user configuration"
    out.step(f"Using the none driver based on {source}", "Selecting Driver")


def _check(call: Call, out: Out) -> None:
    if (disk := _megabytes(call.value("disk-size") or "20000mb")) < SMALLEST_DISK:
        what = f"Requested disk size {disk} is less than minimum of {SMALLEST_DISK}"
        raise Exit(14, "MK_USAGE", what)
    if "cpus" in call.flags:
        out.warning("The 'none' driver does not respect the --cpus flag")
        _check_cpus(call.value("cpus"))
    if "memory" in call.flags:
        out.warning("The 'none' driver does not respect the --memory flag")
        if (memory := _megabytes(call.value("memory"))) < SMALLEST_MEMORY:
            what = f"Requested memory allocation {memory}MiB is less than the usable minimum of"
            raise Exit(23, "RSRC_INSUFFICIENT_REQ_MEMORY", f"{what} {SMALLEST_MEMORY}MB")
    if call.value("nodes", "1") != "1":
        what = "The none driver is not compatible with multi-node clusters."
        raise Exit(51, "DRV_UNSUPPORTED_MULTINODE", what)
    if call.profile != "minikube":
        # Written from the source; the quote that is missing is missing there.
        what = f"The 'none driver does not support multiple profiles: {NONE}"
        raise Exit(56, "DRV_UNSUPPORTED_PROFILE", what)
    runtime = call.value("container-runtime")
    if runtime not in {"", "docker"}:
        what = f"Using the '{runtime}' runtime with the 'none' driver is an untested configuration!"
        out.warning(what)


def _check_cpus(asked: str) -> None:
    if not asked.isdigit():
        refuse(f"what it says to --cpus={asked} is not replayed")
    what = f"Requested cpu count {asked} is"
    if int(asked) < SMALLEST_CPUS:
        text = f"{what} less than the minimum allowed of {SMALLEST_CPUS}"
        raise Exit(29, "RSRC_INSUFFICIENT_CORES", text)
    if int(asked) > (os.cpu_count() or 1):
        text = f"{what} greater than the available cpus of {os.cpu_count()}"
        raise Exit(29, "RSRC_INSUFFICIENT_CORES", text)


def _runtime(call: Call, existing: dict[str, Any] | None) -> str:
    asked = call.value("container-runtime")
    if not asked and existing:
        return str(existing["KubernetesConfig"]["ContainerRuntime"])
    return asked or "docker"


def _without_runtime(out: Out, runtime: str) -> None:
    if runtime != "docker":
        refuse(f"runtime {runtime} is not replayed")
    out.warning(
        'Starting v1.39.0, minikube will default to "containerd" container runtime. See #21973 for '
        "more info."
    )
    raise Exit(15, "NOT_FOUND_CRI_DOCKERD", "", advice=CRI_DOCKERD, mark="*")


def _megabytes_given(call: Call) -> int | None:
    given = call.value("memory")
    return _megabytes(given) if given else None


def _megabytes(text: str) -> int:
    match = re.fullmatch(r"(\d+) ?([kmgt]?)i?b?", text.strip(), re.IGNORECASE)
    if not match:
        refuse(f"what it says to a size of {text} is not replayed")
    powers = {"k": -1, "": 0, "m": 0, "g": 1, "t": 2}
    return int(int(match[1]) * 1024.0 ** powers[match[2].lower()])


def _containerd() -> str:
    import subprocess

    said = subprocess.run(("containerd", "--version"), capture_output=True, text=True).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    return found[0] if found else ""


def _platform() -> str:
    name = _os_release("NAME").split(" ")[0]
    version = _os_release("VERSION_ID")
    if name == "Debian":
        version = Path("/etc/debian_version").read_text().strip()
    guest = "docker/" if Path("/.dockerenv").exists() else ""
    kind = "amd64" if platform.machine() == "x86_64" else platform.machine()
    # Written from the source: the usual kind is not shown but of a guest.
    return f"{name} {version}" + (f" ({guest}{kind})" if guest or kind != "amd64" else "")


def _os_release(key: str) -> str:
    try:
        return platform.freedesktop_os_release().get(key, "")
    except OSError:
        return platform.system()


def _host_size() -> tuple[int, int, int]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    disk = os.statvfs("/")
    return os.cpu_count() or 1, memory, disk.f_blocks * disk.f_frsize // 2**20
