"""TOML text → profile. The only module that knows pydantic: imported for a text not seen yet."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from bootstrap.core.model.driver import driver_name
from bootstrap.core.model.gate import GATE_IDS
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import ClusterSpec, Policy, Profile, Requirement, VerifySpec
from bootstrap.core.reading.key_lines import key_lines, line_of
from bootstrap.core.values.units import parse_duration, parse_size
from bootstrap.core.values.version import check_constraint
from bootstrap.errors import Exit, KbootError

_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,62}\Z")
_CLUSTER = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9-]{0,62}\Z")
_THREE_NUMBERS = re.compile(r"^\d{1,4}\.\d{1,4}\.\d{1,4}\Z", re.ASCII)
_UNQUOTED = re.compile(r"=\s*(v?\d+\.\d+\.\d+|v\d|[<>=!~])")
_TEXT = re.compile(r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*\Z")
_BARE_KEY = re.compile(r"^[A-Za-z0-9_-]+\Z")
_LONGEST = 300
"""Characters of one problem on the screen; values may be far longer."""


def _refuse(message: str) -> PydanticCustomError:
    # Braces would be read as a template.
    return PydanticCustomError("kboot", "{text}", {"text": message})


def _matches(pattern: re.Pattern[str], meaning: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.match(value):
            raise _refuse(f"{value!r} is not {meaning}")
        return value

    return AfterValidator(check)


def _version_text(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise _refuse(f'{value} is a number; a version is text: write "{value}"')
    return value


def _constraint(value: str) -> str:
    problem = check_constraint(value)
    if problem:
        raise _refuse(problem)
    return value


def _tool(value: Any) -> Any:
    """`"1.9.3"` is short for `{ version = "1.9.3" }`."""
    return value if isinstance(value, Mapping) else {"version": value}


def _drivers(value: Any, info: ValidationInfo) -> Any:
    named = value if isinstance(value, list) else [value]
    drivers = [driver_name(each) if isinstance(each, str) else each for each in named]
    legal = info.context["drivers"] if info.context else ()
    for driver in drivers:
        if driver not in legal:
            raise _refuse(f"{driver!r} is not a driver of minikube's{_nearest(str(driver), legal)}")
    if not drivers or len(set(drivers)) != len(drivers):
        raise _refuse("name at least one driver, and each once")
    return drivers


def _gates(value: Any) -> Any:
    gates = list(GATE_IDS) if value == "all" else value
    if not isinstance(gates, list) or not gates:
        raise _refuse('gates is "all" or a list of gates')
    for gate in gates:
        if gate not in GATE_IDS:
            raise _refuse(f"{gate!r} is not a gate; the gates are {', '.join(GATE_IDS)}")
    return gates


def _size(value: Any) -> Any:
    return _parsed(parse_size, value, '"2GiB"')


def _duration(value: Any) -> Any:
    return _parsed(parse_duration, value, '"5m"')


def _parsed(parse: Any, value: Any, example: str) -> Any:
    if not isinstance(value, str):
        raise _refuse(f"{value!r} is not text like {example}")
    try:
        return parse(value)
    except ValueError as error:
        raise _refuse(str(error)) from None


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Tool(_Table):
    version: Annotated[str, BeforeValidator(_version_text), AfterValidator(_constraint)]
    policy: Literal["install", "warn", "require"] | None = None


class _Cluster(_Table):
    name: Annotated[str, _matches(_CLUSTER, "a cluster name (letters, digits, -)")]
    driver: Annotated[list[str], BeforeValidator(_drivers)]
    kubernetes: (
        Annotated[
            str,
            BeforeValidator(_version_text),
            _matches(_THREE_NUMBERS, 'three numbers like "1.9.0"'),
        ]
        | None
    ) = None
    bootstrapper: Literal["localkube", "kubeadm"] | None = None
    cpus: Annotated[int, Field(ge=1, le=1024)] | None = None
    memory: Annotated[int, BeforeValidator(_size)] | None = None
    disk: Annotated[int, BeforeValidator(_size)] | None = None


class _Verify(_Table):
    gates: Annotated[list[str], BeforeValidator(_gates)] = Field(
        default_factory=lambda: list(GATE_IDS)
    )
    timeout: Annotated[float, BeforeValidator(_duration)] = 300.0


class _File(_Table):
    name: Annotated[str, _matches(_NAME, "a profile name (a-z, 0-9, ., _, -; not first)")]
    # It is shown on a terminal, and the file may come from anywhere.
    description: Annotated[
        str, Field(max_length=500), _matches(_TEXT, "text without control characters")
    ] = ""
    tools: dict[str, Annotated[_Tool, BeforeValidator(_tool)]] = {}
    cluster: _Cluster | None = None
    verify: _Verify = _Verify()


def parse(text: str, *, source: str, knowledge: Knowledge) -> Profile:
    """The profile that `text` describes.

    Raises KbootError (10): one syntax error with its line, or all other errors at once, each with
    file, line and key path.
    """
    data = _toml(text, source)
    tools = [tool.name for tool in knowledge.tools]
    context = {"drivers": tuple(knowledge.catalogue.drivers)}
    problems: list[tuple[tuple[str, ...], str]] = []
    file: _File | None = None
    try:
        file = _File.model_validate(data, context=context)
    except ValidationError as error:
        problems += [_problem(each, tools) for each in error.errors()]
    problems += _unfit(data, tools)
    if problems or file is None:
        raise _invalid(source, [_located(path, what, source, text) for path, what in problems])
    return _profile(file, source, knowledge)


def _toml(text: str, source: str) -> Mapping[str, Any]:
    try:
        # Floats stay text, so that an unquoted 1.10 does not become 1.1.
        return tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        raise _invalid(source, [_syntax(str(error), source, text)]) from None
    except ValueError:  # tomllib lets int() speak of numbers with more than 4300 digits
        raise _invalid(source, [f"{source}: a number in it has too many digits"]) from None
    except RecursionError:
        raise _invalid(source, [f"{source}: nested too deeply"]) from None


def _syntax(problem: str, source: str, text: str) -> str:
    found = re.search(r" \(at line (\d+), ", problem)
    if found is None:
        return f"{source}: not TOML: {problem}"
    line = text.split("\n")[int(found[1]) - 1]
    hint = '; put versions in quotes: "1.9.3"' if _UNQUOTED.search(line) else ""
    return f"{source}:{found[1]}  not TOML: {problem}{hint}"


def _unfit(data: Mapping[str, Any], legal: Sequence[str]) -> list[tuple[tuple[str, ...], str]]:
    """What the tables say of each other."""
    tools = data.get("tools")
    names = list(tools) if isinstance(tools, Mapping) else []
    found: list[tuple[tuple[str, ...], str]] = [
        (("tools", name), f"unknown tool{_nearest(name, legal)}")
        for name in names
        if name not in legal
    ]
    if "cluster" in data and "minikube" not in names:
        found.append((("cluster",), "a cluster needs minikube: add it to [tools]"))
    return found


def _problem(error: Any, tools: Sequence[str]) -> tuple[tuple[str, ...], str]:
    path = tuple(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return path, f"unknown key{_nearest(path[-1], _keys(path[:-1]))}"
    if error["type"] == "missing":
        return path, "this key is needed"
    if error["type"] in ("model_type", "dict_type"):
        return path, "this must be a table"
    message = error["msg"]
    return path, message[:1].lower() + message[1:]


def _keys(path: tuple[str, ...]) -> Sequence[str]:
    if not path:
        return tuple(_File.model_fields)
    tables: dict[str, type[_Table]] = {"cluster": _Cluster, "verify": _Verify, "tools": _Tool}
    table = tables.get(path[0])
    return tuple(table.model_fields) if table else ()


def _nearest(word: str, legal: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, legal, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(legal)}" if legal else ""


def _located(path: tuple[str, ...], what: str, source: str, text: str) -> str:
    line = line_of(path, key_lines(text))
    where = f"{source}:{line}" if line else source
    # A key may hold anything when it is quoted, also what a terminal would obey.
    key = ".".join(part if _BARE_KEY.match(part) else repr(part) for part in path)
    shown = f"{where}  {key or 'profile'}: {what}"
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _invalid(source: str, problems: Sequence[str]) -> KbootError:
    shown = [*problems[:20], *([f"… and {len(problems) - 20} more"] if len(problems) > 20 else [])]
    count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
    return KbootError(
        Exit.PROFILE_INVALID,
        f"profile {source} is not valid: {count}",
        state="nothing was changed",
        next="mend the file; docs/profile.md lists every key",
        items=shown,
    )


def _profile(file: _File, source: str, knowledge: Knowledge) -> Profile:
    requirements = tuple(
        Requirement(
            tool.name,
            file.tools[tool.name].version,
            Policy(file.tools[tool.name].policy or tool.default_policy),
        )
        for tool in knowledge.tools
        if tool.name in file.tools
    )
    cluster = _cluster(file.cluster) if file.cluster else None
    verify = VerifySpec(tuple(file.verify.gates), file.verify.timeout)
    return Profile(file.name, file.description, requirements, cluster, verify, source=source)


def _cluster(table: _Cluster) -> ClusterSpec:
    return ClusterSpec(
        name=table.name,
        drivers=tuple(table.driver),
        kubernetes=table.kubernetes,
        bootstrapper=table.bootstrapper,
        cpus=table.cpus,
        memory_mib=table.memory,
        disk_mib=table.disk,
    )
