"""Ask the tools for their versions: start the programs first, read their answers last."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Profile
from bootstrap.core.model.state import ToolState
from bootstrap.core.model.tool import Answer, Reading, Tool
from bootstrap.host.machine.hardware import system_arch
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.programs.elf import fingerprint
from bootstrap.host.programs.path import candidates, is_in_store, unsafe
from bootstrap.host.programs.probe import Asking, Question, Told
from bootstrap.regular import is_there
from bootstrap.store.keep.intact import Known, linked
from bootstrap.store.keep.inventory import stored

PROBE_SECONDS = 5.0


class Asked(NamedTuple):
    """For whom tools were looked for, which were seen, and whose answers are under way."""

    profile: Profile
    knowledge: Knowledge
    around: Surroundings
    sighted: tuple[tuple[Tool, ToolState], ...]
    asking: Asking
    known: Known


def ask(profile: Profile, knowledge: Knowledge, around: Surroundings, asking: Asking) -> Asked:
    """Find the profile's tools, and start those whose version is not known yet.

    The caller reads the answers with `answers`, or ends the programs with `asking.end()`: it has
    `asking` beforehand, so that no signal can come between their start and its knowing of them.
    """
    tools = knowledge.tools_of(profile)
    known, folders = known_of(knowledge, around), around.folders(profile.id)
    sighted = tuple((tool, _sight(tool, profile, folders, around, known)) for tool in tools)
    questions = {
        tool.name: Question((state.path, *tool.version_args), PROBE_SECONDS)
        for tool, state in sighted
        if state.path is not None and not state.cached
    }
    # KUBECONFIG: a hostile one can run code through a dispatcher. MINIKUBE_HOME: `version` of 1.x
    # makes folders. GOGC: these programs live for milliseconds and need not collect garbage.
    extra = {
        "KUBECONFIG": "/dev/null",
        "MINIKUBE_HOME": str(around.places.cache / "scratch"),
        "GOGC": "off",
    }
    asking.start(questions, around.for_children(profile.id, extra))
    return Asked(profile, knowledge, around, sighted, asking, known)


def known_of(knowledge: Knowledge, around: Surroundings) -> Known:
    """What stored files are held against before they are run or believed."""
    return Known(around.places, knowledge.catalogue, around.cache, seen={})


def answers(asked: Asked) -> dict[str, ToolState]:
    """What each tool said, once all have said it or their time is over."""
    told = asked.asking.finish()
    return {
        tool.name: _tool_state(tool, state, told.get(tool.name), asked.around)
        for tool, state in asked.sighted
    }


def _sight(
    tool: Tool, profile: Profile, folders: tuple[str, ...], around: Surroundings, known: Known
) -> ToolState:
    """Where the tool is, and its version where the cache has it for exactly this file."""
    link = around.places.links(profile.id) / tool.executable
    own = linked(link, known)
    if own is not None and own.damage:
        return ToolState(tool.name, damaged=own.damage)
    found, passed_over = programs(tool.executable, folders, around, known)
    if not found:
        return ToolState(tool.name, passed_over=passed_over)
    managed = found[0] == str(link)
    receipt = own.receipt if own and managed else None
    may_be = tool.source == "artifact" and not managed
    state = ToolState(
        *(tool.name, found[0], found),
        managed=managed,
        borrowed=may_be and is_in_store(found[0], around.places),
        stored=stored(receipt) if receipt else None,
        passed_over=passed_over,
    )
    key = _key(tool, found[0])
    kept = around.cache.read(f"version-{tool.name}", key) if key is not None else None
    return state._replace(**kept, cached=True) if isinstance(kept, Mapping) else state


def programs(
    executable: str, folders: tuple[str, ...], around: Surroundings, known: Known
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Those of that name that may be run, the first first; the others, each with the reason.

    Among the others are damaged ones of kboot's own, also where PATH has another profile's links.
    """
    found = candidates(executable, folders)
    ours = ((file, linked(Path(file), known)) for file in found if is_in_store(file, known.places))
    damaged = {file: kept.damage for file, kept in ours if kept and kept.damage}
    fine = tuple(file for file in found if file not in damaged)
    return fine, {**unsafe(executable, around.environ), **damaged}


def _key(tool: Tool, path: str) -> Any:
    """None for what may not be cached: scripts and shims answer for other files."""
    return fingerprint(path) if tool.version_is_of_the_file else None


def _tool_state(tool: Tool, state: ToolState, told: Told | None, around: Surroundings) -> ToolState:
    if told is None or state.path is None:
        return state
    reading = _read(tool, told)
    if reading.failure:
        return state._replace(facts=reading.facts, failure=reading.failure)
    key = _key(tool, state.path)
    if key is not None:
        kept = {"version": reading.version, "facts": dict(reading.facts)}
        around.cache.write(f"version-{tool.name}", key, kept)
    return state._replace(version=reading.version, facts=reading.facts)


def _read(tool: Tool, told: Told) -> Reading:
    if told.failure or told.exit_code is None:
        return Reading(failure=told.failure or "it did not end")
    files = {path: is_there(path) for path in tool.files}
    return tool.parse(Answer(told.exit_code, told.out, told.err, files, system_arch()[0]))
