"""`minikube image load|ls|rm` of v1.38.1: as recorded in what is said, real in what is done."""

import subprocess
from pathlib import Path

from . import kubeadm
from .call import Call, refuse, say
from .minikube_v1_38_out import Exit


def image(call: Call, arguments: list[str]) -> int:
    verb, names = (arguments or [""])[0], arguments[1:]
    if verb not in {"load", "ls", "rm"} or bool(names) == (verb == "ls"):
        refuse(f"`image {' '.join(arguments)}` is not replayed")
    if not (call.profile_folder / "config.json").exists():
        what = f'loading profile: cluster "{call.profile}" does not exist'
        raise Exit(14, "MK_USAGE", what, box=("image", *arguments))
    if not kubeadm.host_runs(call):
        if verb != "ls":
            refuse(f"`image {verb}` on a stopped cluster is not replayed")
        say("\n")
        return 0
    if verb == "ls":
        say("".join(f"{name}\n" for name in _names()))
    for name in names:
        _load(name) if verb == "load" else _remove(call, name)
    return 0


def _load(name: str) -> None:
    """A file, or one of this host's engine; of a file that is not there nothing is said."""
    if name.startswith(("/", ".")):
        if Path(name).exists():
            kubeadm.ctr("images", "import", name)
        return
    save = ("docker", "save", name)
    into = ("ctr", "--namespace", "k8s.io", "images", "import", "-")
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(save, stdout=pipe, stderr=nothing) as saving:
        done = subprocess.run(into, stdin=saving.stdout, stdout=nothing, stderr=nothing)
    if saving.returncode != 0 or done.returncode != 0:
        # Recorded of the driver docker; it asks the registry first, which takes it 40 s.
        what = f"The image '{name}' was not found; unable to add it to cache."
        say(f"! {what}\n", error=True)


def _remove(call: Call, name: str) -> None:
    listed = [line.split() for line in kubeadm.ctr("images", "ls").splitlines()[1:]]
    digests = {each[2] for each in listed if each[0] in {name, *_meant(name)}}
    if not digests:
        what = f"Failed to remove images for profile {call.profile} error removing images"
        tool = f"crictl: sudo /usr/local/bin/crictl rmi {name}: exit status 1"
        problem = f"stdout:\n\nstderr:\nno such image {name}\n\n"
        say(f"! {what}: {tool}\n{problem}", error=True)
        return
    kubeadm.ctr("images", "rm", "--sync", *(each[0] for each in listed if each[2] in digests))


def _names() -> list[str]:
    found = kubeadm.ctr("images", "ls", "--quiet").split()
    return sorted((each for each in found if not each.startswith("sha256:")), reverse=True)


def _meant(name: str) -> tuple[str, ...]:
    """The full name of a short one."""
    tagged = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return (tagged, f"docker.io/{tagged}", f"docker.io/library/{tagged}")
