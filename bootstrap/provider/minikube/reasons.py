"""Known failures of `minikube start`: from its own last words to a reason, and what to do.

Words of 0.25 as recorded; the ids of 1.13 and later (`Exiting due to <ID>`) from
pkg/minikube/reason of minikube 1.38.1. What is not known here is shown as it came, with no reason.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple


class Reason(NamedTuple):
    """`meaning` and `fix` are for a person; `transient`: the same call may succeed later."""

    id: str
    meaning: str
    fix: str
    transient: bool = False


class Recognised(NamedTuple):
    """`line` is the one that told."""

    reason: Reason
    line: str


def recognise(words: Sequence[str]) -> Recognised | None:
    """The reason that a failed `minikube start` gave in `words`, its lines; None: not known."""
    for line in words:
        named = _NAMED.search(line)
        if named and (reason := _by_id(named[1])):
            return Recognised(reason, line)
    for pattern, reason in _BY_TEXT:
        for line in reversed(words):
            if pattern.search(line):
                return Recognised(reason, line)
    return None


_NAMED = re.compile(r"Exiting due to ([A-Z][A-Z0-9_]+)\b")

NETWORK = Reason(
    "network",
    "minikube could not download what it needs",
    "check the network, the proxy and DNS, then the same command again",
    transient=True,
)
_LOCALKUBE = Reason(
    "localkube-missing",
    "localkube is not in minikube's cache, and 0.25 takes a failed download for a cached file",
    "check the network, then the same command again",
    transient=True,
)
_GONE = Reason(
    "download-refused",
    "the server does not have what minikube wants to download",
    "choose another minikube or another Kubernetes version in the profile",
)
_VBOXMANAGE = Reason(
    "vboxmanage-missing",
    "VirtualBox is not installed, or VBoxManage is not on PATH",
    "install VirtualBox, then kboot doctor",
)
_VBOX_MODULE = Reason(
    "vbox-module",
    "VirtualBox's kernel module is not loaded",
    "sudo modprobe vboxdrv, then kboot doctor",
)
_HOSTONLY = Reason(
    "vbox-network",
    "VirtualBox's host-only network is not usable: from 6.1.28 on it allows 192.168.56.0/21 only",
    "allow the range in /etc/vbox/networks.conf, or take minikube 1.24 or later",
)
_VIRTUALISATION = Reason(
    "virtualisation-off",
    "the processor's virtualisation is off or not there, and a virtual machine needs it",
    "switch it on in the firmware, or choose the driver docker in the profile",
)
_PLUGIN = Reason(
    "driver-missing",
    "what the driver needs is not installed on this machine",
    "install it, or choose another driver in the profile, then kboot doctor",
)
_UNSUPPORTED = Reason(
    "driver-unsupported",
    "this minikube does not have that driver on this system",
    "choose another driver in the profile",
)
_UNHEALTHY = Reason(
    "driver-unhealthy",
    "the driver is installed, and does not work",
    "do what minikube suggests, then kboot doctor",
)
_MISMATCH = Reason(
    "driver-differs",
    "a cluster of that name exists with another driver",
    "name that driver in the profile, or kboot up --recreate",
)
_DOCKER = Reason(
    "docker-not-running",
    "the Docker engine does not answer",
    "start Docker, then kboot doctor",
)
_DOCKER_OLD = Reason(
    "docker-too-old",
    "the Docker engine is older than this minikube accepts",
    "install a newer Docker, or choose an older minikube in the profile",
)
_NEEDS_ROOT = Reason(
    "needs-root",
    "the driver none changes this very machine, and only root may",
    "run kboot as root, or choose another driver in the profile",
)
_AS_ROOT = Reason(
    "root-refused",
    "this driver refuses to be used by root",
    "run kboot as an ordinary user who may use Docker",
)
_CORES = Reason(
    "too-few-cores",
    "Kubernetes needs at least two processor cores",
    "give the machine, or Docker, more of them, or set cpus in the profile",
)
_MEMORY = Reason(
    "too-little-memory",
    "there is too little memory, or the profile asks for too little",
    "raise memory in the profile, or give the machine, or Docker, more of it",
)
_STORAGE = Reason(
    "disk-full",
    "there is no room left for the cluster",
    "make room, on this machine or in Docker, then the same command again",
)
_DISK = Reason(
    "disk-size",
    "the disk size is not one that minikube accepts: its minimum is 2000 MB",
    "raise disk in the profile",
)
_FLAG = Reason(
    "flag-refused",
    "this minikube refused a flag: it may be another version than kboot took it for",
    "kboot doctor --fresh",
)
_BOOTSTRAPPER = Reason(
    "bootstrapper-unknown",
    "this minikube does not know that bootstrapper",
    "take bootstrapper out of the profile",
)
_KUBERNETES = Reason(
    "kubernetes-unsupported",
    "this minikube cannot start that Kubernetes version",
    "choose another kubernetes, or another minikube, in the profile",
)
_DOWNGRADE = Reason(
    "kubernetes-downgrade",
    "the cluster runs a newer Kubernetes, and minikube does not go back",
    "name that version in the profile, or kboot up --recreate",
)
_RECORD = Reason(
    "machine-record-broken",
    "minikube's own record of the machine is broken; 0.25's delete cannot mend that",
    "move the cluster's folder in ~/.minikube/machines away, then kboot up",
)
_HOME = Reason(
    "minikube-home",
    "minikube's folder cannot be written to, or what is in it cannot be read",
    "make ~/.minikube yours again (chown, chmod), then kboot doctor",
)
_CONNTRACK = Reason(
    "conntrack-missing",
    "Kubernetes on this very machine needs the program conntrack",
    "install the package conntrack, then the same command again",
)

_IDS = {
    "DRV_AS_ROOT": _AS_ROOT,
    "DRV_DOCKER_NOT_RUNNING": _DOCKER,
    "DRV_NEEDS_ROOT": _NEEDS_ROOT,
    "DRV_NOT_DETECTED": _PLUGIN,
    "DRV_NOT_FOUND": _PLUGIN,
    "DRV_NOT_HEALTHY": _UNHEALTHY,
    "DRV_UNSUPPORTED_OS": _UNSUPPORTED,
    "GUEST_DRIVER_MISMATCH": _MISMATCH,
    "GUEST_MISSING_CONNTRACK": _CONNTRACK,
    "HOST_CONFIG_LOAD": _HOME,
    "HOST_SVM_DISABLED": _VIRTUALISATION,
    "HOST_VIRT_UNAVAILABLE": _VIRTUALISATION,
    "INET_VERSION_EMPTY": _KUBERNETES,
    "INET_VERSION_UNAVAILABLE": _KUBERNETES,
    "K8S_DOWNGRADE_UNSUPPORTED": _DOWNGRADE,
    "K8S_NEW_UNSUPPORTED": _KUBERNETES,
    "K8S_OLD_UNSUPPORTED": _KUBERNETES,
    "MK_USAGE": _FLAG,
    "PROVIDER_DOCKER_NOT_RUNNING": _DOCKER,
    "PROVIDER_DOCKER_VERSION_LOW": _DOCKER_OLD,
    "PROVIDER_VIRTUALBOX_NOT_FOUND": _VBOXMANAGE,
    "PR_VBOXMANAGE_NOT_FOUND": _VBOXMANAGE,
    "PR_VBOX_DEVICE_MISSING": _VBOX_MODULE,
    "PR_VBOX_MODULE": _VBOX_MODULE,
    "RSRC_DOCKER_CORES": _CORES,
    "RSRC_INSUFFICIENT_CORES": _CORES,
}
_FAMILIES = (
    (re.compile(r"INET_"), NETWORK),
    (re.compile(r"HOST_HOME_"), _HOME),
    (re.compile(r"HOST_VTX_"), _VIRTUALISATION),
    (re.compile(r"IF_VBOX_"), _HOSTONLY),
    (re.compile(r"PROVIDER_(\w+_)?NOT_FOUND$"), _PLUGIN),
    (re.compile(r"RSRC_\w*(MEMORY|OOM)$"), _MEMORY),
    (re.compile(r"RSRC_\w*STORAGE$"), _STORAGE),
)


def _by_id(name: str) -> Reason | None:
    fitting = (reason for pattern, reason in _FAMILIES if pattern.match(name))
    return _IDS.get(name) or next(fitting, None)


_BY_TEXT = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"Error: unknown (shorthand )?flag|Error: invalid argument ", _FLAG),
        (r"Error parsing disk size|Invalid disk size", _DISK),
        (r"Unknown bootstrapper: ", _BOOTSTRAPPER),
        (r"^Invalid Kubernetes version\.", _KUBERNETES),
        (r"Error loading (existing )?host|Error getting migrated host", _RECORD),
        (r"VBoxManage not found", _VBOXMANAGE),
        (r'Driver ".*" not found\. Do you have the plugin binary', _PLUGIN),
        (r"Unsupported driver: |^panic: \w+ not supported", _UNSUPPORTED),
        (r"error removing file /usr/local/bin/localkube: .*permission denied", _NEEDS_ROOT),
        (r"VERR_VMX_NO_VMX|VERR_VMX_MSR_ALL_VMX_DISABLED|VERR_SVM_DISABLED", _VIRTUALISATION),
        (r"This computer doesn't have VT-X/AMD-v enabled", _VIRTUALISATION),
        (r"VBoxManage.*hostonly.*(E_ACCESSDENIED|not in the allowed range)", _HOSTONLY),
        (r"no space left on device", _STORAGE),
        (r"Error updating localkube from uri: .*no such file or directory", _LOCALKUBE),
        (r"(?i)download.*(bad response code|status code|status): 4\d\d", _GONE),
        (
            r"(?i)(download|\bGet \"?https?://).*(dial tcp|no such host|i/o timeout"
            r"|TLS handshake timeout|connection re(set|fused)|unexpected EOF"
            r"|network is unreachable|server misbehaving|Client\.Timeout|: 5\d\d\b)",
            NETWORK,
        ),
    )
)
