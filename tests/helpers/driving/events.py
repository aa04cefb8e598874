"""What a file of events tells of a run."""

import json
from pathlib import Path
from typing import Any

import jsonschema

from tests.helpers.places import ROOT

Line = dict[str, Any]
SCHEMA = json.loads((ROOT / "docs" / "events.schema.json").read_text(encoding="utf-8"))
CLOCKS = 0.05
"""Seconds by which two readings of a clock around one happening may differ, on a busy machine."""


def lines(file: Path) -> list[Line]:
    """All lines of a file of events, each valid by the schema that the docs give."""
    text = file.read_text(encoding="ascii")
    assert text.endswith("\n")
    found = [json.loads(line) for line in text.splitlines()]
    check = jsonschema.Draft202012Validator(SCHEMA)
    for line in found:
        check.validate(line)
    return found


def spans(found: list[Line]) -> list[tuple[float, float, str]]:
    """Of every step and gate that ended: begin, end, subject."""
    ends = ("step-done", "step-failed", "gate-passed", "gate-failed")
    return [
        (line["elapsed"] - line["seconds"], line["elapsed"], line["subject"])
        for line in found
        if line["happening"] in ends
    ]
