"""The person's `config.toml`, read from disk."""

import os
from errno import EINVAL
from pathlib import Path

from bootstrap.core.reading.settings import Settings, from_file
from bootstrap.errors import Exit, KbootError, refused
from bootstrap.host.files import own
from bootstrap.host.files.toml import parse_toml


def read_settings(path: Path) -> Settings:
    """What the file says; the defaults where there is none.

    Raises KbootError: 2 for what is no settings, 41 for what another could have written, and as
    the system refuses it. Links to it are the person's own, as dotfiles have them.
    """
    real = Path(os.path.realpath(path))
    try:
        text = own.read(real)
        folder, why = own.way_trouble(real)
        if why:
            raise _anothers(path, f"{folder}: {why}")
        return from_file(Settings(), parse_toml(text), str(path))
    except FileNotFoundError:
        return Settings()
    except own.Anothers as error:
        raise _anothers(path, f"{real}: {error.strerror}") from error
    except OSError as error:
        if error.errno == EINVAL:  # no file at all, such as a FIFO
            raise _no_settings(path, error.strerror or str(error)) from error
        failure = refused(error, f"the settings in {path} cannot be read", str(path))
        raise failure.with_state("nothing was changed") from error
    except (ValueError, RecursionError) as error:
        raise _no_settings(path, str(error)) from error


def _no_settings(path: Path, why: str) -> KbootError:
    return KbootError(
        Exit.USAGE,
        f"the settings in {path} cannot be read",
        why=why,
        state="nothing was changed",
        next="mend the file, or move it away",
    )


def _anothers(path: Path, why: str) -> KbootError:
    return KbootError(
        Exit.PERMISSION,
        f"kboot does not follow the settings in {path}: another could have written them",
        why=why,
        state="nothing was changed",
        next=f"read {path}; if it is as you want it, give it to yourself alone (chown, chmod o-w)",
    )
