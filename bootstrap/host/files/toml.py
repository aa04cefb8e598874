"""TOML text to plain values."""

from typing import Any


def parse_toml(text: str) -> dict[str, Any]:
    """Raises ValueError (TOMLDecodeError) and RecursionError."""
    # A lazy point: most runs find all that was TOML in the cache.
    import tomllib

    return tomllib.loads(text)
