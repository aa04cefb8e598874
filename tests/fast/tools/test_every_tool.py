"""Rules that every tool keeps."""

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.core.model.profile import Policy
from bootstrap.core.model.state import ToolState
from bootstrap.core.model.tool import Answer, Tool
from bootstrap.tools import TOOLS, docker, kubectl, minikube, virtualbox

RUBBISH = [
    "",
    " \n",
    "json",
    "null",
    "[]",
    "{}",
    '"1.2.3"',
    '{"clientVersion": "v1.2.3"}',
    '{"clientVersion": {"gitVersion": 3}}',
    '{"clientVersion": {"gitVersion": "unknown"}}',
    '{"Client": [], "Server": {"Version": null}}',
    '{"Client": {"Version": {}}}',
    "[" * 100_000,
    '{"Client":' * 100_000,
    "minikube version: \n",
    "Segmentation fault",
    "\x1b]0;title\x07\x00",
]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.parametrize("out", RUBBISH, ids=lambda out: ascii(out[:20]))
@pytest.mark.parametrize("err", ["", "boom: no such thing\n"])
def test_rubbish_is_a_failure_that_says_what_was_printed(tool: Tool, out: str, err: str) -> None:
    reading = tool.parse(Answer(1, out, err))
    assert reading.version == ""
    assert reading.failure
    assert reading.failure.isprintable()
    assert len(reading.failure) < 120


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@given(out=st.text(), err=st.text(), code=st.integers(-15, 255))
def test_no_answer_raises(tool: Tool, out: str, err: str, code: int) -> None:
    reading = tool.parse(Answer(code, out, err))
    assert reading.version or reading.failure
    seen = ToolState(tool.name, version=reading.version, facts=reading.facts)
    tool.judge(seen)
    tool.detail(seen)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["Client", "Server", "Version", "ApiVersion", "clientVersion", "gitVersion"]
            ),
            inner,
        )
    ),
)


@pytest.mark.parametrize("tool", [kubectl.TOOL, docker.TOOL], ids=lambda tool: tool.name)
@given(value=JSON)
def test_json_of_any_other_shape_raises_nothing(tool: Tool, value: object) -> None:
    reading = tool.parse(Answer(0, json.dumps(value), ""))
    assert reading.version or reading.failure


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_that_was_not_found_is_not_judged(tool: Tool) -> None:
    nothing = ToolState(tool.name)
    assert (tool.judge(nothing), tool.detail(nothing)) == ((), "")


def test_the_tools_stand_in_the_order_of_the_screens() -> None:
    assert TOOLS == (minikube.TOOL, kubectl.TOOL, docker.TOOL, virtualbox.TOOL)
    assert [tool.name for tool in TOOLS] == ["minikube", "kubectl", "docker", "virtualbox"]


def test_only_what_kboot_downloads_is_installed_by_default() -> None:
    for tool in TOOLS:
        installs = tool.default_policy is Policy.INSTALL
        assert installs == (tool.source == "artifact")


def test_only_answers_that_depend_on_the_file_alone_are_cached() -> None:
    assert [tool.name for tool in TOOLS if tool.version_is_of_the_file] == ["minikube", "kubectl"]


MODULE = [("linux", True, "loaded"), ("linux", False, "missing"), ("darwin", False, "loaded")]


@pytest.mark.parametrize(("system", "device", "module"), MODULE)
def test_a_linux_without_the_device_of_virtualbox_starts_no_machine_whatever_else_it_lacks(
    system: str, device: bool, module: str
) -> None:
    files = dict.fromkeys(virtualbox.TOOL.files, device)
    reading = virtualbox.parse(Answer(0, "5.2.6r120293\n", "", files, system))
    assert (reading.version, reading.facts["module"]) == ("5.2.6r120293", module)
    assert virtualbox.TOOL.files == ("/dev/vboxdrv",)


SAID: dict[str, Callable[[str], str]] = {
    "minikube": lambda version: f"minikube version: {version}\ncommit: 0123abc\n",
    "kubectl": lambda version: json.dumps({"clientVersion": {"gitVersion": version}}),
    "docker": lambda version: json.dumps(
        {"Client": {"Version": "28.2.2"}, "Server": {"Version": version}}
    ),
    "virtualbox": lambda version: f"{version}\n",
}
NONE = [
    "openshift-clients-4.6.0-202006250705.p0r1",
    "1.20.3\x1b[2Jr1",
    "1.20.3 r1",
    "1.20r1",
    "1.20.3.4r1",
]
NONE += [
    "1.20.3\u202er1",
    "1.20.٣r1",
    "1.20.3\x00r1",
    "x1.20.3r1",
    "1.20.3000000000r1",
    "master@1.20.3r1",
]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.parametrize("version", NONE, ids=ascii)
def test_only_what_is_a_version_from_end_to_end_is_a_tools_own(tool: Tool, version: str) -> None:
    reading = tool.parse(Answer(0, SAID[tool.name](version), ""))
    assert reading.version == "" and reading.failure.isprintable()
    # As an earlier kboot may have kept it, or a saved state may hold it.
    assert ToolState(tool.name, "/x", version=version).release is None


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
@pytest.mark.parametrize("version", ["v1.20.3r1", "18.02.0-cer1", "7.2.22_Debianr175245"])
def test_a_vendor_may_decorate_a_tools_version(tool: Tool, version: str) -> None:
    reading = tool.parse(Answer(0, SAID[tool.name](version), ""))
    assert (reading.version, reading.failure) == (version.removeprefix("v"), "")


def test_a_version_in_the_midst_of_other_words_is_not_minikubes() -> None:
    for out in ("no minikube version: v1.38.1\n", "minikube version:\nv1.38.1\n"):
        assert minikube.parse(Answer(0, out, "")).failure


WARNING = "WARNING: The vboxdrv kernel module is not loaded. Either there is no module\n\n"


def test_a_virtualbox_without_its_module_is_present_but_not_usable() -> None:
    reading = virtualbox.parse(Answer(0, f"{WARNING}6.1.38_Ubuntur153438\n", ""))
    seen = ToolState("virtualbox", version=reading.version, facts=reading.facts)
    (verdict,) = virtualbox.judge(seen)
    assert reading.version == "6.1.38_Ubuntur153438"
    assert (verdict.reason, verdict.usable) == ("vbox-module-missing", False)
    assert virtualbox.judge(seen._replace(facts={"module": "loaded"})) == ()


FOLDER = Path(minikube.__file__).parent


@pytest.mark.parametrize("module", sorted(FOLDER.glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_a_tool_costs_at_most_60_lines_and_imports_core_json_and_re_only(module: Path) -> None:
    text = module.read_text()
    imported = [
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert len(text.splitlines()) <= 60
    assert all(
        str(name).startswith("bootstrap.core.") or name in ("json", "re") for name in imported
    )
