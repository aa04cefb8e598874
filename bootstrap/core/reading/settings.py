"""The person's own settings: `config.toml`, then KBOOT_* variables, then flags; the last wins.

Read by hand: a closed list of five keys does not need pydantic.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from bootstrap.core.model.catalogue import TRUST_LEVELS
from bootstrap.core.values.masking import mask, mask_value
from bootstrap.errors import Exit, KbootError


class Settings(NamedTuple):
    """What only the person may decide: whom to trust, where to download from, with what rights."""

    trust: str = "publisher"
    mirrors: tuple[str, ...] = ()
    """`FROM=TO` URL prefixes; the first that fits is used."""
    ca_bundle: str = ""
    image: str = ""
    """What gates run in pods; empty: the catalogue's."""
    allow_sudo: bool = False


_KEYS = ("trust", "mirrors", "ca_bundle", "image", "allow_sudo")


def from_file(settings: Settings, data: Mapping[str, Any], source: str) -> Settings:
    """`settings` with what `config.toml` says. Raises KbootError (2) with every problem."""
    unknown = [f"{source}: unknown key {key}" for key in data if key not in _KEYS]
    if unknown:
        raise _refused(source, [*unknown, f"the keys are {', '.join(_KEYS)}"])
    return _with(settings, {key: _typed(key, value, source) for key, value in data.items()}, source)


def from_environment(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """`settings` with what KBOOT_TRUST, KBOOT_MIRRORS (comma-separated), … say."""
    found: dict[str, Any] = {}
    for key in _KEYS:
        name = f"KBOOT_{key.upper()}"
        value = environ.get(name, "")
        if value:
            found[key] = _from_text(key, value, name)
    return _with(settings, found, "the environment")


def from_flags(
    settings: Settings,
    *,
    trust: str | None,
    mirrors: list[str] | None,
    ca_bundle: str | None,
    allow_sudo: bool = False,
    image: str | None = None,
) -> Settings:
    """`settings` with what the command line says."""
    found: dict[str, Any] = {"trust": trust, "mirrors": mirrors, "ca_bundle": ca_bundle}
    found |= {"allow_sudo": allow_sudo, "image": image}
    given = {key: value for key, value in found.items() if value}
    return _with(settings, given, "the command line")


def _with(settings: Settings, found: Mapping[str, Any], source: str) -> Settings:
    changed = dict(found)
    if "mirrors" in changed:
        changed["mirrors"] = tuple(changed["mirrors"])
        wrong = [each for each in changed["mirrors"] if not _is_pair(each)]
        if wrong:
            raise _refused(
                source, [f"{mask_value(each)!r} is not FROM=TO with two URLs" for each in wrong]
            )
    if changed.get("trust", "publisher") not in TRUST_LEVELS:
        raise _refused(source, [f"trust is one of {', '.join(TRUST_LEVELS)}"])
    return settings._replace(**changed)


def _is_pair(mirror: str) -> bool:
    source, _, target = mirror.partition("=")
    return "://" in source and "://" in target


def _from_text(key: str, value: str, name: str) -> Any:
    if key == "mirrors":
        # A comma may be part of a password; one before another pair is none.
        return [each.strip() for each in re.split(r",(?=\s*(?:\w+://|$))", value) if each.strip()]
    if key != "allow_sudo":
        return value
    if value.lower() not in ("1", "true", "0", "false"):
        raise _refused("the environment", [f"{name} is true or false, not {mask_value(value)!r}"])
    return value.lower() in ("1", "true")


def _typed(key: str, value: Any, source: str) -> Any:
    if key == "mirrors":
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    elif key == "allow_sudo":
        fits = isinstance(value, bool)
    else:
        fits = isinstance(value, str)
    if not fits:
        # A list of mirrors that is written as one text has passwords in it, too.
        shown = repr(mask_value(value)) if isinstance(value, str) else mask(repr(value))
        raise _refused(source, [f"{key} has the wrong type: {shown}"])
    return value


def _refused(source: str, problems: list[str]) -> KbootError:
    return KbootError(
        Exit.USAGE,
        f"a setting from {source} cannot be used",
        state="nothing was changed",
        next="docs/settings.md lists the settings",
        items=problems,
    )
