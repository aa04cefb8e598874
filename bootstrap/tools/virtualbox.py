"""VirtualBox: its version and its kernel module are two facts."""

import re

from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ToolState
from bootstrap.core.model.tool import Answer, Reading, Tool, Verdict, reading_of

_BUILD = re.compile(r"r\d+$", re.ASCII)
_WARNING = re.compile(r"^WARNING:.*vboxdrv", re.MULTILINE)
_DEVICE = "/dev/vboxdrv"


def parse(answer: Answer) -> Reading:
    """The last line. A missing module puts a warning before it, on stdout, with exit code 0."""
    last = answer.out.rstrip("\r\n").rpartition("\n")[2]
    reading = reading_of(last if _BUILD.search(last) else "", answer)
    return reading._replace(facts=_module(answer))


def _module(answer: Answer) -> dict[str, str]:
    # On macOS VirtualBox 7 has no kernel extension, and no device to look for.
    no_device = answer.system == "linux" and answer.files.get(_DEVICE) is False
    missing = no_device or _WARNING.search(answer.out)
    return {"module": "missing" if missing else "loaded"}


def judge(state: ToolState) -> tuple[Verdict, ...]:
    if state.facts.get("module") != "missing":
        return ()
    return (
        Verdict(
            "vbox-module-missing",
            f"its kernel module is not loaded, or not seen from here ({_DEVICE}), so no virtual "
            "machine can start",
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
    files=(_DEVICE,),
    judge=judge,
)
