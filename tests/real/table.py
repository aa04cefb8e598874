"""A table of what was made of real clusters, and what kboot said of it."""

import json
import os
from pathlib import Path

from bootstrap.core.model.gate import GateResult
from bootstrap.core.values.codec import to_plain
from tests.real.breaking import Ground

TABLE = os.environ.get("KBOOT_FAILURES_TABLE", "")
"""A file for it, one line of JSON each: what was broken, where, gate, reason, seconds."""


def record(ground: Ground, broken: str, named: GateResult) -> None:
    if TABLE:
        line = {"broken": broken, "kubernetes": ground.kubernetes, **to_plain(named)}
        with Path(TABLE).open("a") as file:
            file.write(json.dumps(line) + "\n")
