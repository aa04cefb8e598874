"""VirtualBox: its version and its kernel module are two facts."""

import re

from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ToolState
from bootstrap.core.model.tool import Answer, Reading, Tool, Verdict

_VERSION = re.compile(r"\d+\.\d+\.\d+\w*r\d+")
_WARNING = re.compile(r"^WARNING:.*vboxdrv", re.MULTILINE)
_DEVICE = "/dev/vboxdrv"
_ONLY_ON_LINUX = "/proc/modules"


def parse(answer: Answer) -> Reading:
    """The last line. A missing module puts a warning before it, on stdout, with exit code 0."""
    lines = answer.out.split()
    if not lines or not _VERSION.fullmatch(lines[-1]):
        return Reading(facts=_module(answer), failure=answer.printed)
    return Reading(lines[-1], _module(answer))


def _module(answer: Answer) -> dict[str, str]:
    # On macOS VirtualBox 7 has no kernel extension, and no device to look for.
    no_device = answer.files.get(_DEVICE) is False and answer.files.get(_ONLY_ON_LINUX, False)
    missing = no_device or _WARNING.search(answer.out)
    return {"module": "missing" if missing else "loaded"}


def judge(state: ToolState) -> tuple[Verdict, ...]:
    if state.facts.get("module") != "missing":
        return ()
    return (
        Verdict(
            "vbox-module-missing",
            "its kernel module vboxdrv is not loaded, so no virtual machine can start",
            "sudo modprobe vboxdrv, or where there is none: sudo /sbin/vboxconfig "
            "(Debian, Ubuntu: install virtualbox-dkms and the headers of your kernel)",
            usable=False,
        ),
    )


TOOL = Tool(
    name="virtualbox",
    executable="VBoxManage",
    version_args=("--version",),
    parse=parse,
    source="package",
    default_policy=Policy.WARN,
    by_hand="install VirtualBox from https://www.virtualbox.org/wiki/Downloads",
    packages={"apt": ("virtualbox",), "dnf": ("VirtualBox",), "brew": ("virtualbox",)},
    afterwards="its kernel module vboxdrv must be built and loaded too",
    files=(_DEVICE, _ONLY_ON_LINUX),
    judge=judge,
)
