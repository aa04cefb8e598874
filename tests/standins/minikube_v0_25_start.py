"""`minikube start` of v0.25, with the driver none; every other driver fails as recorded."""

import os
import re
from pathlib import Path
from typing import Any

from . import backing, certificates, faults, kubeconfig
from .call import Call, glog, read_json, refuse, say, write_json
from .minikube_v0_25_texts import (
    BANNER,
    MachineError,
    load_machine,
    no_machine,
    replay,
    transcript,
    wants_report,
)

ISO = "minikube-v0.25.1.iso"
DEFAULT_KUBERNETES = {"v0.25.0": "v1.9.0", "v0.25.1": "v1.9.4", "v0.25.2": "v1.9.4"}
LOCALKUBES = ("v1.9.4", "v1.9.0")
SMALLEST_DISK = 2000
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15}
OTHER_DRIVERS = {"docker", "hyperkit", "hyperv", "kvm", "kvm2", "vmwarefusion", "xhyve"}


def start(call: Call) -> int:
    if call.fault.startswith("start-fails:"):
        return _fail(call, call.fault.removeprefix("start-fails:"))
    kubernetes = call.value("kubernetes-version", DEFAULT_KUBERNETES[call.release])
    if code := _check(call, kubernetes):
        return code
    driver = call.value("vm-driver", "virtualbox")
    if no_machine(call) and driver != "none":
        return _other_driver(call, driver)
    if call.value("bootstrapper", "localkube") != "localkube":
        return _other_bootstrapper(call)
    say(f"Starting local Kubernetes {kubernetes} cluster...\nStarting VM...\n")
    if call.fault == "start-floods":
        faults.flood()
    if not no_machine(call):
        try:
            load_machine(call)
        except MachineError as problem:
            return _broken_machine(call, problem)
    say("Getting VM IP address...\n")
    if call.fault == "start-hangs":
        faults.hang(with_child=True)
    kubernetes = _write_state(call, kubernetes, driver)
    say("Moving files into cluster...\n")
    if not call.is_root:
        # The lines before are printed already; what is left of the recorded case:
        recorded = transcript()["start-none-notroot"]["err"].partition("] ")[2]
        return _report(call, "start.go:234", recorded.removesuffix("\n"))
    return _bring_up(call, kubernetes, driver)


def _bring_up(call: Call, kubernetes: str, driver: str) -> int:
    say("Setting up certs...\n")
    certificates.make(call.home, call.home, "minikube")
    say("Connecting to cluster...\nSetting up kubeconfig...\n")
    keep = call.wants("keep-context", default=False)
    _write_kubeconfig(call, make_current=not keep)
    say("Starting cluster components...\n")
    if call.fault == "start-asks":
        faults.ask()
    if call.fault == "start-dies-halfway":
        faults.die_halfway(lambda: backing.up(call, kubernetes))
    backing.up(call, kubernetes)
    if keep:
        say(
            "The local Kubernetes cluster has started. The kubectl context has not been altered, "
            f'kubectl will require "--context={call.profile}" to use the local Kubernetes '
            "cluster.\n"
        )
    else:
        say("Kubectl is now configured to use the cluster.\n")
    if driver == "none":
        _warn(call)
    say("Loading cached images from config file.\n")
    return 0


def _warn(call: Call) -> None:
    home = os.environ.get("HOME", "")
    text = transcript()["start-again-while-running"]["out"].replace("/root/", f"{home}/")
    text = text.partition("to use the cluster.\n")[2].partition("Loading cached")[0]
    warning, when, rest = text.partition("When using the none driver")
    if call.wants("WantNoneDriverWarning"):
        say(warning)
    if not os.environ.get("CHANGE_MINIKUBE_NONE_USER"):
        say(when + rest)


def _check(call: Call, kubernetes: str) -> int:
    size = call.value("disk-size", "20g")
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmgtp]?)b?", size, re.IGNORECASE)
    if not match:
        glog("E", "utils.go:50", f"Invalid disk size: invalid size: '{size}'")
    megabytes = int(float(match[1]) * UNITS[match[2].lower()] / 10**6) if match else 0
    if megabytes < SMALLEST_DISK:
        what = f"Disk Size {megabytes}MB ({size}) is too small, the minimum disk size is 2000MB"
        glog("E", "start.go:123", f"Error parsing disk size: {what}")
        return 1
    if "://" in kubernetes:
        refuse(f"--kubernetes-version={kubernetes}: a localkube by address is not replayed")
    localkube = call.value("bootstrapper", "localkube") == "localkube"
    if localkube and kubernetes not in LOCALKUBES:
        # Written from the source. Recorded is only what it says when it cannot fetch the list.
        say(
            "Invalid Kubernetes version.\nThe following Kubernetes versions are available when "
            "using the localkube bootstrapper: \n"
        )
        say("".join(f"\t- {version}\n" for version in LOCALKUBES))
        return 1
    return 0


def _other_driver(call: Call, driver: str) -> int:
    """The recorded host could not download; with the ISO in the cache the driver decides."""
    cached = (call.home / "cache" / "iso" / ISO).exists()
    path = os.environ.get("PATH", "").split(os.pathsep)
    for program in ("VBoxManage", f"docker-machine-driver-{driver}"):
        if cached and any(Path(folder, program).exists() for folder in path if folder):
            refuse(f"driver {driver}: there is {program}, and there is no VM here")
    if driver == "virtualbox":
        return replay(call, f"start-virtualbox-absent{'-iso-cached' if cached else ''}")
    if driver in OTHER_DRIVERS:
        return replay(call, f"start-{driver}-{'iso-cached' if cached else 'absent'}")
    case = "start-foo-iso-cached" if cached else "start-unknown-driver"
    return replay(call, case, foo=driver)


def _other_bootstrapper(call: Call) -> int:
    name = call.value("bootstrapper")
    if name == "kubeadm":
        refuse("bootstrapper kubeadm is not replayed")
    return replay(call, "start-bad-bootstrapper", **{"bootstrapper: foo": f"bootstrapper: {name}"})


def _fail(call: Call, case: str) -> int:
    if "Getting VM IP address..." in transcript()[case]["out"]:
        _write_state(call, DEFAULT_KUBERNETES[call.release], "none")
    return replay(call, case)


def _broken_machine(call: Call, problem: MachineError) -> int:
    advice = "Please try running [minikube delete], then run [minikube start] again."
    what = f"Error loading existing host. {advice}: Error loading host from store: {problem}"
    glog("E", "start.go:159", f"Error starting host: {what}.\n\n Retrying.")
    return _report(call, "start.go:165", f"Error starting host:  {what}")


def _report(call: Call, place: str, text: str) -> int:
    glog("E", place, text)
    if wants_report(call):
        say(BANNER)
    return 1


def _write_state(call: Call, kubernetes: str, driver: str) -> str:
    """Write the machine, unless there, and the profile; returns the version that will run."""
    if no_machine(call):
        write_json(call.machine / "config.json", _machine(call))
    profile = call.profile_folder / "config.json"
    try:
        before = read_json(profile)["KubernetesConfig"]["KubernetesVersion"]
    except FileNotFoundError:
        before = kubernetes
    except (ValueError, LookupError):
        problem = "invalid character 'g' looking for beginning of object key string"
        glog("E", "start.go:181", f"Error loading profile config:  {problem}")
        before = kubernetes
    if before > kubernetes:  # v1.9.0 or v1.9.4
        say(f"Kubernetes version downgrade is not supported. Using version: {before}\n")
        kubernetes = before
    write_json(profile, _profile(call, kubernetes, driver))
    return kubernetes


def _machine(call: Call) -> dict[str, Any]:
    driver = {"IPAddress": call.ip, "MachineName": call.profile, "StorePath": str(call.home)}
    name = {"DriverName": "none", "Name": call.profile}
    return {"ConfigVersion": 3, "Driver": driver, "HostOptions": {"Disk": 0}} | name


def _profile(call: Call, kubernetes: str, driver: str) -> dict[str, Any]:
    machine = {
        "MinikubeISO": f"https://storage.googleapis.com/minikube/iso/{ISO}",
        "Memory": int(call.value("memory", "2048")),
        "CPUs": int(call.value("cpus", "2")),
        "DiskSize": 20000,
        "VMDriver": driver,
    }
    cluster = {
        "KubernetesVersion": kubernetes,
        "NodeIP": call.ip,
        "NodeName": "minikube",
        "APIServerName": call.value("apiserver-name", "minikubeCA"),
        "DNSDomain": call.value("dns-domain", "cluster.local"),
        "ContainerRuntime": call.value("container-runtime"),
    }
    return {"MachineConfig": machine, "KubernetesConfig": cluster}


def _write_kubeconfig(call: Call, *, make_current: bool) -> None:
    try:
        kubeconfig.put(
            call.profile,
            {
                "certificate-authority": str(call.home / "ca.crt"),
                "server": f"https://{call.ip}:{backing.port(call)}",
            },
            {
                "client-certificate": str(call.home / "client.crt"),
                "client-key": str(call.home / "client.key"),
            },
            {"cluster": call.profile, "user": call.profile},
            make_current=make_current,
        )
    except ValueError as problem:
        refuse(f"this kubeconfig is more YAML than the stand-in reads: {problem}")
