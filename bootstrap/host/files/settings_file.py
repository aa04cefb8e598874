"""The person's `config.toml`, read from disk."""

from pathlib import Path

from bootstrap.core.reading.settings import Settings, from_file
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.toml import parse_toml


def read_settings(path: Path) -> Settings:
    """What the file says; the defaults where there is none. Raises KbootError (2)."""
    try:
        text = path.read_text(encoding="utf-8")
        return from_file(Settings(), parse_toml(text), str(path))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        raise KbootError(
            Exit.USAGE,
            f"the settings in {path} cannot be read",
            why=str(error),
            state="nothing was changed",
            next="mend the file, or move it away",
        ) from error
