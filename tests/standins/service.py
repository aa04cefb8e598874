"""Kubernetes as 0.25 runs it with the driver none: a systemd unit `localkube`. Needs root.

The unit's name, place and `Restart`, the program's place and the data folder are the real one's;
the program is the recorded API.
"""

import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .call import refuse

UNIT = Path("/usr/lib/systemd/system/localkube.service")
PROGRAM = Path("/usr/local/bin/localkube")
DATA = Path("/var/lib/localkube")
TEXT = f"""\
[Unit]
Description=Localkube
[Service]
ExecStart={PROGRAM}
Restart=always
RestartSec=3
[Install]
WantedBy=multi-user.target
"""
LISTENS_SECONDS = 30.0


def up(command: Sequence[str], port: int) -> None:
    """Write, enable and restart the unit; it listens on return."""
    DATA.mkdir(parents=True, exist_ok=True)
    UNIT.parent.mkdir(parents=True, exist_ok=True)
    PROGRAM.write_text(f"#!/bin/sh\nexec {shlex.join(command)}\n")
    PROGRAM.chmod(0o755)
    UNIT.write_text(TEXT)
    for words in (["daemon-reload"], ["enable", "--quiet", UNIT.name], ["restart", UNIT.name]):
        subprocess.run(["systemctl", *words], check=True)
    deadline = time.monotonic() + LISTENS_SECONDS
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            return
        time.sleep(0.02)
    refuse(f"{UNIT.name} does not listen, see its journal")


def is_active() -> bool:
    return subprocess.run(["systemctl", "is-active", "--quiet", UNIT.name]).returncode == 0


def stop() -> None:
    subprocess.run(["systemctl", "stop", UNIT.name], check=True)


def drop_data() -> None:
    shutil.rmtree(DATA, ignore_errors=True)
