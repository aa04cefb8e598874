"""Merges killed before every line of what writes.

`python -m tests.helpers.working.killed_merger FOLDER`

One copy of this process per line, each killed there; prints as JSON what each left and what the
next merge made of it.
"""

import json
import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from tests.helpers.working.kubeconfig_owner import PROD, Owner

WATCHED = (
    "bootstrap/host/yours/backups.py",
    "bootstrap/host/yours/rights.py",
    "bootstrap/host/yours/user_file.py",
    "bootstrap/engine/carry/merging.py",
)


def die_at(line: int) -> None:
    """SIGKILL before the watched line of this number is run for the first time."""
    passed = set()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.endswith(WATCHED):
            return None
        if event == "line":
            passed.add((frame.f_code.co_filename, frame.f_lineno))
            if len(passed) == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def one(owner: Owner, line: int) -> bool:
    """Whether the merge was killed."""
    child = os.fork()
    if child == 0:
        die_at(line)
        owner.merge()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main(folder: Path) -> None:
    told = []
    for line in count(1):
        owner = Owner(folder / "home")
        owner.has(PROD)
        killed = one(owner, line)
        left = owner.config.read_text()
        stray = len(list(owner.config.parent.iterdir())) > 1
        merged = owner.look().merged.value
        if merged != "current":
            owner.merge()
        last = owner.config.read_text()
        clean = [each.name for each in owner.config.parent.iterdir()] == ["config"]
        told.append([left, stray, merged, last, clean, owner.look().merged.value])
        shutil.rmtree(owner.home)
        if not killed:
            break
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
