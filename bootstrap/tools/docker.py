"""Docker: client and engine, asked in one question; a profile's `docker` means the engine."""

import re

from bootstrap.core.profile import Policy
from bootstrap.core.state import ToolState
from bootstrap.core.tool import Answer, Reading, Tool, Verdict
from bootstrap.core.version import find_version

# Podman's shim says so on stderr (not with /etc/containers/nodocker) and spells its API otherwise.
_PODMAN = re.compile(r'using podman|Podman Engine|"APIVersion"')
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
    facts = {"client": ours, "client_api": client.get("DefaultAPIVersion", "")}
    facts |= {"engine": theirs, "engine_api": window, "product": "docker"}
    said = re.split(r": (?:Get|open|dial) ", answer.err.strip().rpartition("\n")[2])[0][:200]
    facts["engine_error"] = "" if theirs else said or "no engine answers"
    if _PODMAN.search(answer.out + answer.err):
        facts |= {"product": "podman", "engine_error": "this docker is Podman"}
    failure = "" if find_version(theirs or ours) else said or answer.printed
    return Reading(theirs or ours, {key: text for key, text in facts.items() if text}, failure)


def judge(state: ToolState) -> tuple[Verdict, ...]:
    """An engine that does not answer is of no use, whatever its client's version."""
    said = state.facts.get("engine_error", "")
    fitting = [(reason, fix) for mark, reason, fix in _CAUSES if said and mark in said]
    return tuple(Verdict(reason, said, fix, usable=False) for reason, fix in fitting[:1])


def detail(state: ToolState) -> str:
    """`client 28.2.2 (API 1.50), engine 20.10.24 (API 1.12-1.41)`."""
    facts = state.facts
    parts = [part for part in ("client", "engine") if part in facts]
    return ", ".join(f"{part} {facts[part]} (API {facts.get(part + '_api')})" for part in parts)


TOOL = Tool(
    name="docker",
    executable="docker",
    version_args=("version", "--format", "{{json .}}"),  # a bare json: only since 23.0.6
    parse=parse,
    source="package",
    default_policy=Policy.WARN,
    by_hand="install Docker from https://docs.docker.com/engine/install/",
    judge=judge,
    detail=detail,
)
