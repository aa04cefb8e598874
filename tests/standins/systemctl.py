"""A program `systemctl` that stops what the recorded API's record calls its process.

For a host without systemd; tests/real has one with. It knows `stop` and `disable --now` of the
unit `localkube`, and refuses the rest. `calls` tells what it was asked.
"""

import sys
from pathlib import Path

from tests.helpers.places import ROOT

SCRIPT = """\
#!{python} -IS
import sys

sys.path.insert(0, {root!r})
from tests.standins.systemctl import main

sys.exit(main({folder!r}, {home!r}, {stops!r}))
"""


def install(folder: Path, minikube_home: Path, *, stops: bool = True) -> None:
    """Write an executable `folder/systemctl`. Without `stops` it lies."""
    program = folder / "systemctl"
    names = {"folder": str(folder), "home": str(minikube_home), "stops": stops}
    program.write_text(SCRIPT.format(python=sys.executable, root=str(ROOT), **names))
    program.chmod(0o755)


def main(folder: str, minikube_home: str, stops: bool) -> int:
    words = sys.argv[1:]
    with Path(folder, "systemctl-calls").open("a") as log:
        log.write(" ".join(words) + "\n")
    if words not in (["stop", "localkube"], ["disable", "--now", "localkube"]):
        sys.stderr.write(f"stand-in systemctl: {words}\n")
        return 97
    if stops:
        from .backing import end_all

        end_all(Path(minikube_home))
    return 0


def calls(folder: Path) -> list[str]:
    path = folder / "systemctl-calls"
    return path.read_text().splitlines() if path.exists() else []
