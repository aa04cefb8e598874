"""What the documents say is what the program does."""

import ast
import re
from pathlib import Path

import pytest

from bootstrap.commands.arguments import COMMANDS, parse
from bootstrap.core.model.gate import GATE_IDS
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.reading.profile import parse as parse_profile
from bootstrap.core.reading.settings import Settings, from_file
from bootstrap.errors import Exit
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from bootstrap.provider.minikube import reasons
from bootstrap.provider.minikube.reasons import Reason
from bootstrap.tools import TOOLS
from tests.helpers.driving.reading import blocks
from tests.helpers.places import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.fixture
def knowledge(tmp_path: Path) -> Knowledge:
    return Knowledge(TOOLS, read_catalogue(Cache(tmp_path)), lambda step: ())


def test_every_exit_code_has_its_line_with_its_id() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    listed = {
        (int(code), id) for code, id in re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", page, re.M)
    }
    assert listed == {(int(each), each.id) for each in Exit}


def test_every_reason_of_a_failed_start_has_its_line() -> None:
    page = (ROOT / "docs" / "starting.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.M)
    known = {value.id for value in vars(reasons).values() if isinstance(value, Reason)}
    assert listed == sorted(known)


def test_every_reason_of_a_gate_has_its_line() -> None:
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`([a-z0-9-]+)`", page))
    assert reasons_in_code() - listed == set()


NO_REASONS = {"client-1", "client-2", "kube-dns", "kube-system", "latin-1", "store-0"}
NO_REASONS |= {
    "storage-read",
    "storage-write",
    "utf-8",
    "kube-controller-manager",
    "kube-scheduler",
}


def reasons_in_code() -> set[str]:
    """What looks like a reason id where gates are looked at."""
    package = ROOT / "bootstrap"
    found = {
        node.value
        for module in (*(package / "api").glob("*.py"), *(package / "gates").rglob("*.py"))
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", node.value)
    }
    assert found > NO_REASONS
    return found - NO_REASONS


def test_the_profile_that_the_page_shows_is_valid_and_shows_every_key(knowledge: Knowledge) -> None:
    (text,) = blocks(ROOT / "docs" / "profile.md", "toml")
    profile = parse_profile(text, source="docs/profile.md", knowledge=knowledge)
    assert profile.cluster is not None
    unset = [name for name, value in profile.cluster._asdict().items() if value is None]
    assert not unset


def test_the_profile_page_names_every_gate_and_tool() -> None:
    page = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in (*GATE_IDS, *(tool.name for tool in TOOLS)))


def test_the_settings_that_the_page_shows_are_understood() -> None:
    import tomllib

    (text,) = blocks(ROOT / "docs" / "settings.md", "toml")
    assert from_file(Settings(), tomllib.loads(text), "docs/settings.md") != Settings()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_kboot_command_in_a_page_is_one_that_kboot_takes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = re.findall(r"`(?:scripts/)?kboot ([a-z][^`\n]*)`", text)
    lines += re.findall(r"^scripts/kboot ([^#\n]*)", "\n".join(blocks(page, "sh")), re.M)
    for line in lines:
        words = [word for word in line.split() if word != "…"]
        assert words[0] in COMMANDS, line
        parse(words, "/bin/sh")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_of_the_project_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / target).exists(), target
