"""What the tests of this folder share: real small programs."""

from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An executable file with the given text; its path."""

    def write(text: str) -> str:
        file = tmp_path / f"program-{len(list(tmp_path.iterdir()))}"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)
        return str(file)

    return write
