"""What kboot wrote, and what its documents show, read back."""

import re
from pathlib import Path


def joined(text: str) -> str:
    return " ".join(text.split())


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
