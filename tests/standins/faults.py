"""Ways a call goes wrong on purpose."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from .call import say

FLOOD_BYTES = 100_000_000
ORPHAN_SECONDS = "600"


def flood() -> None:
    line = b"stand-in: a line that is of no use to anybody, again and again and again\n"
    block = line * (65536 // len(line))
    left = FLOOD_BYTES
    while left > 0:
        sys.stdout.buffer.write(block)
        left -= len(block)
    sys.stdout.flush()


def ask() -> None:
    """Prompt as minikube's crash report does: end of input and an empty line are a yes."""
    say("Please enter your response [Y/n]: ")
    line = sys.stdin.readline()
    shown = repr(line) if line else "end of input"
    meaning = "yes" if line.strip().lower() in {"", "y", "yes"} else "no"
    say(f"\nstand-in: read {shown}, taken for {meaning}\n")


def hang(*, with_child: bool = False) -> NoReturn:
    """Block for ever. The child holds our pipes, in our process group."""
    if with_child:
        import subprocess

        subprocess.Popen(["sleep", ORPHAN_SECONDS])
    while True:
        signal.pause()


def die_halfway(then: Callable[[], None]) -> NoReturn:
    """End as if killed, while what was begun is carried on by others: `then`, a moment later."""
    parent = os.getpid()
    if os.fork() == 0:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        while os.getppid() == parent:
            time.sleep(0.01)
        then()
        os._exit(0)
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGTERM)
    hang()


def version(fault: str) -> bool:
    """Play a fault of `version`; true when nothing else is to be printed."""
    if fault == "version-hangs":
        hang()
    if fault == "version-crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    if fault == "version-rubbish":
        sys.stdout.buffer.write(b"\x7fELF\x00\xff\xfe no version here\n")
    if fault == "version-asks":
        ask()
    if fault == "version-floods":
        flood()
    return fault in {"version-rubbish", "version-floods"}
