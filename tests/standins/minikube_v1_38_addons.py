"""`minikube addons enable|disable` of v1.38.1, for the two that a new cluster has."""

import json

from . import kubeadm
from .call import Call, read_json, refuse, say
from .minikube_v1_38_files import transcript, write_tabbed
from .minikube_v1_38_out import Exit, Out

MAINTAINERS = {"default-storageclass": "Kubernetes", "storage-provisioner": "minikube"}
MANIFESTS = {"default-storageclass": "storageclass", "storage-provisioner": "storage-provisioner"}
IMAGES = {"storage-provisioner": "gcr.io/k8s-minikube/storage-provisioner:v5"}
OWNERS = "https://github.com/kubernetes/minikube/blob/master/OWNERS"


def addons(call: Call, out: Out, arguments: list[str]) -> int:
    """The profile is there."""
    verb, names = (arguments or [""])[0], arguments[1:]
    if verb not in {"enable", "disable"} or len(names) != 1:
        refuse(f"`addons {' '.join(arguments)}` is not replayed")
    (name,) = names
    if name not in json.loads(transcript()["running: addons list -o json"]["out"]):
        _unknown(verb, name)
    if name not in MANIFESTS:
        refuse(f"the addon {name} is not replayed")
    record = read_json(call.profile_folder / "config.json")
    record["Addons"] = dict(sorted(((record["Addons"] or {}) | {name: verb == "enable"}).items()))
    if verb == "enable":
        what = f"{name} is an addon maintained by {MAINTAINERS[name]}."
        say(f"* {what} For any concerns contact minikube on GitHub.\n")
        say(f"You can view the list of minikube maintainers at: {OWNERS}\n")
    if kubeadm.host_runs(call):
        if verb == "enable":
            apply(out, name)
        else:
            kubeadm.withdraw(MANIFESTS[name])
    write_tabbed(call.profile_folder / "config.json", record)
    quote = "" if verb == "enable" else '"'  # one too many, there
    say(f"* {quote}The '{name}' addon is {verb}d\n")
    return 0


def apply(out: Out, name: str) -> None:
    if name in IMAGES:
        out.step(f"Using image {IMAGES[name]}", mark="  - ")
    kubeadm.apply(MANIFESTS[name])


def _unknown(verb: str, name: str) -> None:
    if verb == "disable":
        what = f"\"'{name}' is not a valid minikube addon"
        raise Exit(116, "SVC_ADDON_UNSUPPORTED", what)
    what = f"enable failed: run callbacks: {name} is not a valid addon"
    raise Exit(10, "MK_ADDON_ENABLE", what, box=("addons", verb, name))
