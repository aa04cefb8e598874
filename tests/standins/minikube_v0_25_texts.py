"""The recorded cases of v0.25.0, and what several of its commands share."""

import json
import re
from typing import Any

from tests.helpers.places import TRANSCRIPTS

from .call import Call, glog, read_json, say, user_home

GLOG_LINE = re.compile(r"^([EF])\d{4} [\d:.]+ +\d+ ([a-z_]+\.go:\d+)\] ", re.MULTILINE)
RULE = "=" * 80 + "\n"
BANNER = (
    f"{RULE}An error has occurred. Would you like to opt in to sending anonymized crash\n"
    "information to minikube to help prevent future errors?\n"
    "To opt out of these messages, run the command:\n"
    f"\tminikube config set WantReportErrorPrompt false\n{RULE}"
)


class MachineError(Exception):
    """Why the machine's file cannot be read, in Go's words."""


def transcript(name: str = "minikube-v0.25.0.json") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TRANSCRIPTS / name).read_bytes())
    return loaded


def wants_report(call: Call) -> bool:
    """Whether a failure ends in the crash report's text; it asks only on a terminal."""
    return call.wants("WantReportErrorPrompt") and not call.wants("WantReportError", default=False)


def replay(call: Call, case: str, **changes: str) -> int:
    """Print a recorded case with this host's folders, address, profile, time and pid."""
    record = transcript()[case]
    out, err = (_adapt(call, record[part], changes) for part in ("out", "err"))
    if not wants_report(call):
        out = out.replace(BANNER, "")
    say(out)
    at = 0
    for match in GLOG_LINE.finditer(err):
        if match.start() > at:
            say(err[at : match.start()], error=True)
        end = GLOG_LINE.search(err, match.end())
        at = end.start() if end else len(err)
        glog(match[1], match[2], err[match.end() : at].removesuffix("\n"))
    say(err[at:], error=True)
    return int(record["rc"])


def _adapt(call: Call, text: str, changes: dict[str, str]) -> str:
    text = text.replace("/root/.minikube/", f"{call.home}/").replace("/root/", f"{user_home()}/")
    text = text.replace("172.17.0.2", call.ip).replace('"minikube"', f'"{call.profile}"')
    text = text.replace(" minikube: ", f" {call.profile}: ")
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def no_machine(call: Call) -> bool:
    return not call.machine.exists()


def load_machine(call: Call) -> dict[str, Any]:
    path = call.machine / "config.json"
    try:
        return read_json(path)
    except FileNotFoundError:
        raise MachineError(f"open {path}: no such file or directory") from None
    except ValueError:
        problem = _go_json_problem(path.read_text(errors="replace").strip())
        raise MachineError(f"Error getting migrated host: {problem}") from None


def _go_json_problem(text: str) -> str:
    if not text:
        return "unexpected end of JSON input"
    key = text[1:].lstrip()[:1] if text.startswith("{") else ""
    if key and key not in '"}':
        return f"invalid character '{key}' looking for beginning of object key string"
    # Written from Go's encoding/json; two recorded shapes only are above.
    return f"invalid character '{text[0]}' looking for beginning of value"
