"""What the design says of the house: walls, sizes, purity, lazy points."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.commands.arguments import COMMANDS
from tests.helpers.house import BEGIN, END, MODULES, PAGE, drawn, imported
from tests.helpers.places import ROOT

PACKAGE = ROOT / "bootstrap"
LONGEST_MODULE = 300
FEWEST, MOST = 3, 12
"""Files in a room."""
LONGEST_FUNCTION = 40

LAZY = {
    # 1. The command, once it is known that it is not --version; `traceback` and masking for a bug.
    "bootstrap.cli": {
        "bootstrap.commands.arguments",
        "bootstrap.run.session",
        "bootstrap.core.result.report",
        "bootstrap.core.values.masking",  # for a bug alone
        "bootstrap.ui.events",  # for --events alone
        "bootstrap.ui.screen",
        "bootstrap.ui.stream",
        "importlib",
        "traceback",
    },
    "bootstrap.isolated": {"bootstrap.cli"},  # once only kboot's own can be imported
    # 2. Downloads, archives and sh, once the plan has a step.
    "bootstrap.run.carrying": {"bootstrap.engine.carry.execute"},
    # 3. rich, once the stream is a terminal.
    "bootstrap.ui.screen": {"bootstrap.ui.junit", "bootstrap.ui.live"},  # or XML, if asked for
    "bootstrap.ui.stream": {"bootstrap.ui.colour"},
    # 4. pydantic, when this very profile was not parsed before.
    "bootstrap.host.files.profile_source": {"bootstrap.core.reading.profile"},
    # 5. packaging, when a constraint is more than plain bounds.
    "bootstrap.core.values.version": {"packaging.specifiers"},
    # 6. HTTP and TLS, once there is a kubeconfig to look with.
    "bootstrap.engine.look.cluster": {
        "bootstrap.api.failure",
        "bootstrap.api.look",
        "bootstrap.gates.live.checks",
        "bootstrap.gates.look",
        "bootstrap.host.machine.runtime",
    },
    "bootstrap.api.client": {"bootstrap.api.clock"},  # datetime, for those who are refused
    # 8. PyYAML, when the person's kubeconfig is not as it was last seen.
    "bootstrap.engine.look.kubeconfigs": {"bootstrap.engine.look.judging"},
    "bootstrap.commands.verify": {"bootstrap.run.own_context"},  # or when they name a context
    # 9. What makes things in the cluster, for a gate that has not been proven.
    "bootstrap.run.proving": {"bootstrap.engine.prove.using"},
    "bootstrap.engine.prove.passing": {"bootstrap.gates.using.table"},
    # … and what only a cluster that was just started is asked.
    "bootstrap.gates.live.checks": {"bootstrap.gates.live.heard"},
    "bootstrap.gates.live.system": {"bootstrap.gates.live.heard"},
    # 10. A hash, for a stored file that is not as its receipt recorded it.
    "bootstrap.store.keep.intact": {"hashlib"},
    # 7. tomllib, for a text that is not in the cache.
    "bootstrap.host.files.toml": {"tomllib"},
}
"""What is imported inside functions (decisions 7, 9, 13 and 16), and nothing else."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def calls(tree: ast.AST, name: str) -> list[int]:
    """The lines that call `name(…)` or `….name(…)`."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and name in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
    ]


def test_there_is_a_house_to_look_at() -> None:
    assert len(MODULES) > 50
    assert {"bootstrap", "bootstrap.cli", "bootstrap.core.plan.up"} <= set(MODULES)


def test_the_walls_between_the_rooms_hold() -> None:
    command = str(Path(sys.executable).parent / "lint-imports")
    run = subprocess.run(
        (command, "--no-cache"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 broken" in run.stdout


@pytest.mark.parametrize("room", ["core", "tools", "provider", "errors"])
def test_what_is_pure_opens_no_file(room: str) -> None:
    pure = f"bootstrap.{room}"
    opened = {
        name: lines
        for name, tree in MODULES.items()
        if f"{name}.".startswith(f"{pure}.") and (lines := calls(tree, "open"))
    }
    assert opened == {}


def test_no_module_is_two_rooms() -> None:
    lengths = {
        file.relative_to(ROOT): len(file.read_text(encoding="utf-8").splitlines())
        for file in PACKAGE.rglob("*.py")
    }
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_two_functions() -> None:
    lengths = {
        f"{name}.{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for name, tree in MODULES.items()
        for function in functions(tree)
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_only_the_lazy_points_import_inside_a_function() -> None:
    found: dict[str, set[str]] = {}
    for name, tree in MODULES.items():
        for modules in filter(None, map(imported, functions(tree))):
            found.setdefault(name, set()).update(modules)
    assert found == LAZY


def test_every_command_has_a_module_of_its_name() -> None:
    """The command line imports it by name, where import-linter cannot see it."""
    for command in COMMANDS:
        runs = [function.name for function in functions(MODULES[f"bootstrap.commands.{command}"])]
        assert "run" in runs


def test_the_picture_of_the_house_is_that_of_its_imports() -> None:
    """Else: `python -m tests.helpers.house`."""
    picture = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    assert picture == drawn()


def test_no_room_is_too_full_or_too_small_and_no_file_repeats_its_name() -> None:
    rooms: dict[Path, list[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        if file.stem != "__init__":
            rooms.setdefault(file.parent, []).append(file.stem)
    del rooms[PACKAGE]
    sizes = {room: len(files) for room, files in rooms.items() if not list(room.glob("*/*.py"))}
    assert {room: size for room, size in sizes.items() if not FEWEST <= size <= MOST} == {}
    assert {room for room, files in rooms.items() if room.name in files} == set()
