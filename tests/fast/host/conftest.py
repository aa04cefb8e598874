"""What the tests of this folder share: a deadline for conditions, and real small programs."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[[str], str]
Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def until() -> Until:
    """Wait for a condition; fail when it has not come true after a generous while."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "the condition never came true"
            time.sleep(0.01)

    return wait


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An executable file with the given text; its path."""

    def write(text: str) -> str:
        file = tmp_path / f"program-{len(list(tmp_path.iterdir()))}"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)
        return str(file)

    return write
