"""`minikube start` of v1.38.1 with the driver none, as recorded unless a comment says otherwise."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from . import certificates, faults, kubeadm
from .call import Call, read_json, refuse, user_home, write_json
from .minikube_v1_38_addons import MANIFESTS, apply
from .minikube_v1_38_files import (
    profile,
    replay,
    transcript,
    write_kubeconfig,
    write_machine,
    write_tabbed,
)
from .minikube_v1_38_out import Exit, Out

OLDEST, DEFAULT = "v1.28.0", "v1.35.1"
REPLAYED = {
    "cache-images", "container-runtime", "cpus", "disk-size", "driver", "extra-config",
    "interactive", "kubernetes-version", "memory", "nodes", "output", "preload",
    "profile", "skip-audit", "user", "vm-driver", "wait-timeout",
}  # fmt: skip
SMALLEST_MEMORY, SMALLEST_DISK, SMALLEST_CPUS = 1800, 2000, 2
PROXY = "https://minikube.sigs.k8s.io/docs/reference/networking/proxy/"
NONE = "https://minikube.sigs.k8s.io/docs/reference/drivers/none/"
SETTING_UP = {
    "certs": ("Generating certificates and keys ...", "Generating certificates"),
    "control plane": ("Booting up control plane ...", "Booting control plane"),
    "rbac": ("Configuring RBAC rules ...", "Configuring RBAC rules"),
}
FORCE = "You can force an unsupported Kubernetes version via the --force flag"
CRI_DOCKERD = """\
The none driver with Kubernetes v1.24+ and the docker container-runtime requires cri-dockerd.

Please install cri-dockerd using these instructions:

https://github.com/Mirantis/cri-dockerd"""


def start(call: Call, out: Out) -> int:
    for name in sorted(call.flags.keys() - REPLAYED):
        refuse(f"`start --{name}` is not replayed")
    out.step(f"minikube {call.release} on {_platform()}", "Initial Minikube Setup")
    for name, value in os.environ.items():
        if name.startswith("MINIKUBE_") or name == "KUBECONFIG":
            out.step(f"{name}={value}", mark="  - ")
    if call.fault.startswith("start-fails:"):
        return replay(call.fault.removeprefix("start-fails:"))
    existing = _existing(call)
    kubernetes = _kubernetes(call, out, existing)
    _select_driver(call, out, existing)
    for _ in range(2 if existing else 1):  # it looks twice, and says it twice
        _check(call, out)
    if existing:
        _warn_of_sizes(call, out, existing)
    name = call.profile
    out.step(f'Starting "{name}" primary control-plane node in "{name}" cluster', "Starting Node")
    _check_runtime(call, out, existing)
    _misbehave(call)
    if call.settings["backing"] != "kubeadm" or kubernetes != kubeadm.VERSION:
        refuse(f"backing {call.settings['backing']}: there is no Kubernetes {kubernetes}")
    if not call.is_root:
        refuse("what the driver none does by sudo is not replayed")
    _bring_up(call, out, existing)
    return 0


def _misbehave(call: Call) -> None:
    if call.fault == "start-floods":
        faults.flood()
    if call.fault == "start-asks":
        faults.ask()
    if call.fault == "start-hangs":
        faults.hang(with_child=True)


def _bring_up(call: Call, out: Out, existing: dict[str, Any] | None) -> None:
    name, host = call.profile, kubeadm.host_runs(call)
    if existing and host:
        out.hidden(f'Updating the running none "{name}" bare metal machine ...', "Updating Driver")
    elif existing:
        what = f'Restarting existing none bare metal machine for "{name}" ...'
        out.hidden(what, "Starting Node")
    else:
        cores, memory, disk = _host_size()
        size = f"CPUs={cores}, Memory={memory}MB, Disk={disk}MB"
        out.step(f"Running on localhost ({size}) ...", "Running on Localhost")
    out.step(f"OS release is {_os_release('PRETTY_NAME')}", "Local OS Release")
    record = existing or profile(call, kubeadm.VERSION, _memory(call))
    write_json(call.profile_folder / "config.json", record)
    write_machine(call)
    if existing:
        _offline(out)
    what = f"Preparing Kubernetes {kubeadm.VERSION} on containerd {_containerd()} ..."
    out.step(what, "Preparing Kubernetes")
    for option in record["KubernetesConfig"]["ExtraOptions"] or ():
        out.step(f"{option['Component']}.{option['Key']}={option['Value']}", mark="  - ")
    if not existing:
        _offline(out)
    names = f",DNS:{kubeadm.ENDPOINT},IP:{call.ip}"
    certificates.make(call.home, call.profile_folder, "minikube-user", names)
    kubeadm.place(call)
    if kubeadm.is_there():
        kubeadm.resume()
    else:
        kubeadm.init(lambda step: out.hidden(*SETTING_UP[step]))
        what = "Configuring bridge CNI (Container Networking Interface) ..."
        out.step(what, "Configuring CNI")
        kubeadm.elevate(call)
    write_kubeconfig(call)
    out.step("Configuring local host environment ...", "Configuring Localhost Environment")
    _warn(out)
    _finish(call, out, record)


def _finish(call: Call, out: Out, record: dict[str, Any]) -> None:
    out.step("Verifying Kubernetes components...", "Verifying Kubernetes")
    kubeadm.verify(call)
    if record["Addons"] is None:
        record["Addons"] = dict.fromkeys(MANIFESTS, True)
    enabled = [name for name, on in sorted(record["Addons"].items()) if on]
    for addon in enabled:
        apply(out, addon)
    write_tabbed(call.profile_folder / "config.json", record)
    out.step(f"Enabled addons: {', '.join(enabled)}", "Enabling Addons")
    who = f'"{call.profile}" cluster and "default" namespace by default'
    out.step(f"Done! kubectl is now configured to use {who}", "Done")


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


def _kubernetes(call: Call, out: Out, existing: dict[str, Any] | None) -> str:
    asked = call.value("kubernetes-version")
    old = str(existing["KubernetesConfig"]["KubernetesVersion"]) if existing else ""
    if asked in {"", "stable"}:
        return old or DEFAULT if not asked else DEFAULT
    if not re.match(r"v?\d", asked):
        what = f'Unable to parse "{asked}": No Major.Minor.Patch elements found'
        raise Exit(14, "MK_USAGE", what)
    if not re.fullmatch(r"v?\d+\.\d+\.\d+", asked):
        refuse(f"what it says to --kubernetes-version={asked} is not replayed")
    bare = asked.removeprefix("v")
    what = f"Kubernetes {bare} is not supported by this release of minikube"
    if _numbers(bare)[0] > 1:
        newer = "newer than the newest supported Major version: 1"
        out.warning(f"Specified Major version of Kubernetes {_numbers(bare)[0]} is {newer}")
        out.warning(FORCE)
        raise Exit(106, "K8S_NEW_UNSUPPORTED", what)
    if _numbers(bare) < _numbers(OLDEST):
        older = f"less than the oldest supported version: {OLDEST}"
        tip = "Use `minikube config defaults kubernetes-version` for details."
        out.warning(f"Specified Kubernetes version {bare} is {older}. {tip}")
        out.warning(FORCE)
        raise Exit(106, "K8S_OLD_UNSUPPORTED", what)
    if _numbers(bare) < _numbers(old):
        what = f"Unable to safely downgrade existing Kubernetes {old} cluster to v{bare}"
        raw = transcript()["start-again-older-kubernetes-json"]["out"].splitlines()[-1]
        template = json.loads(raw)["data"]["advice"]
        advice = _filled(f"{template}\n", new=bare, old=old.removeprefix("v"))
        reason = "K8S_DOWNGRADE_UNSUPPORTED"
        raise Exit(106, reason, what, advice=advice, event_advice=template)
    if _numbers(bare) > _numbers(DEFAULT):
        refuse("a Kubernetes newer than its default, which it asks the internet for")
    return f"v{bare}"


def _filled(advice: str, **values: str) -> str:
    """As a person reads it: filled in, and each line indented alike."""
    values |= {"prefix": "v", "profile": "", "suggestedName": "minikube2"}
    for name, value in values.items():
        advice = advice.replace("{{." + name + "}}", value)
    return "\n\n" + "\n".join(f"    {line.strip()}" for line in advice.split("\n"))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(text) for text in re.findall(r"\d+", version))


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
    if (disk := _disk(call)) < SMALLEST_DISK:
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


def _warn_of_sizes(call: Call, out: Out, existing: dict[str, Any]) -> None:
    wanted = {
        "memory size": ("Memory", _memory(call)) if "memory" in call.flags else None,
        "disk size": ("DiskSize", _disk(call)) if "disk-size" in call.flags else None,
        # Written from the source: the recorded host had no other number that is allowed.
        "CPUs": ("CPUs", int(call.value("cpus"))) if "cpus" in call.flags else None,
    }
    for what, given in wanted.items():
        if given and existing[given[0]] != given[1]:
            text = f"You cannot change the {what} for an existing minikube cluster. Please first"
            out.warning(f"{text} delete the cluster.")


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


def _check_runtime(call: Call, out: Out, existing: dict[str, Any] | None) -> None:
    runtime = call.value("container-runtime")
    if not runtime and existing:
        runtime = str(existing["KubernetesConfig"]["ContainerRuntime"])
    if runtime == "containerd":
        return
    if runtime not in {"", "docker"}:
        refuse(f"runtime {runtime} is not replayed")
    out.warning(
        'Starting v1.39.0, minikube will default to "containerd" container runtime. See #21973 for '
        "more info."
    )
    # Recorded in plain lines only.
    advice = _filled(CRI_DOCKERD)
    raise Exit(15, "NOT_FOUND_CRI_DOCKERD", "\n", advice=advice, event_advice=CRI_DOCKERD, mark="*")


def _memory(call: Call) -> int:
    """A quarter of the host's, in hundreds, at most 6000, unless it was given."""
    if given := call.value("memory"):
        return _megabytes(given)
    return max(2200, min(6000, _host_size()[1] // 4 // 100 * 100))


def _disk(call: Call) -> int:
    return _megabytes(call.value("disk-size") or "20000mb")


def _megabytes(text: str) -> int:
    match = re.fullmatch(r"(\d+) ?([kmgt]?)i?b?", text.strip(), re.IGNORECASE)
    if not match:
        refuse(f"what it says to a size of {text} is not replayed")
    powers = {"k": -1, "": 0, "m": 0, "g": 1, "t": 2}
    return int(int(match[1]) * 1024.0 ** powers[match[2].lower()])


def _containerd() -> str:
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
