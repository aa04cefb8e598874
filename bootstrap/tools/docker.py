"""Docker: client and engine, asked in one question; a profile's `docker` means the engine."""

import re

from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ToolState
from bootstrap.core.model.tool import Answer, Reading, Tool, Verdict, reading_of

_PODMAN = re.compile(r'using podman|Podman Engine|"APIVersion"')  # its shim, on stderr; its API
_CAUSES = (  # mark in what was said (the first that fits), reason, fix
    ("is Podman", "docker-is-podman", "install Docker Engine, or declare another driver"),
    ("permission denied", "engine-forbidden", "sudo usermod -aG docker $USER, then log in again"),
    ("docker endpoint", "engine-bad-context", "docker context use default; unset DOCKER_CONTEXT"),
    ("API version", "engine-refuses-client", "install a client and an engine of the same age"),
    ("", "engine-down", "sudo systemctl start docker, or start Docker Desktop"),
)


def parse(answer: Answer) -> Reading:
    """Of exit code 1 too: stdout has the client then. The escaped URL in stderr is cut off."""
    client, engine = answer.texts("Client"), answer.texts("Server")
    ours, theirs = client.get("Version", ""), engine.get("Version", "")
    window = "-".join(engine[key] for key in ("MinAPIVersion", "ApiVersion") if key in engine)
    facts = {"client": ours, "client_api": client.get("DefaultAPIVersion", ""), "engine": theirs}
    facts |= {"engine_api": window, "product": "docker"}
    said = re.split(r": (?:Get|open|dial) ", answer.err.strip().rpartition("\n")[2])[0][:200]
    facts["engine_error"] = "" if theirs else said or "no engine answers"
    if _PODMAN.search(answer.out + answer.err):
        facts |= {"product": "podman", "engine_error": "this docker is Podman"}
    reading = reading_of(theirs or ours, answer)
    failure = said if said and not theirs + ours else reading.failure
    return Reading(reading.version, {key: text for key, text in facts.items() if text}, failure)


def judge(state: ToolState) -> tuple[Verdict, ...]:
    said = state.facts.get("engine_error", "")
    why, fix = next((reason, fix) for mark, reason, fix in _CAUSES if mark in said)
    local = why == "engine-down" and "/var/run/docker.sock" in said  # not one at DOCKER_HOST
    return (Verdict(why, said, fix, usable=False, startable=local),) if said else ()


def detail(state: ToolState) -> str:
    facts, parts = state.facts, [each for each in ("client", "engine") if each in state.facts]
    return ", ".join(f"{part} {facts[part]} (API {facts.get(part + '_api')})" for part in parts)


TOOL = Tool(
    name="docker",
    executable="docker",
    version_args=("version", "--format", "{{json .}}"),  # a bare json: only since 23.0.6
    parse=parse,
    source="package",
    default_policy=Policy.WARN,
    by_hand="install Docker from https://docs.docker.com/engine/install/",
    packages={"apt": ("docker.io",), "dnf": ("moby-engine",)},  # brew's is Desktop, not an engine
    service="docker",
    afterwards="users need the group docker (sudo usermod -aG docker $USER): that is root's power",
    judge=judge,
    detail=detail,
)
