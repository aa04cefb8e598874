"""Variables in the words of shells, of CI and of dotenv files; the line that hands them over."""

import re
import shlex
from collections.abc import Mapping

from bootstrap.core.model.profile import Profile
from bootstrap.errors import Exit, KbootError
from bootstrap.ui.layout import Line

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
"""What every shell, and every reader of dotenv files, takes as it stands."""

_OWN_WAYS = frozenset(("csh", "tcsh", "elvish", "ion", "nu", "oil", "pwsh", "rc", "xonsh"))
"""Shells that evaluate neither sh's words nor fish's."""


def printed(variables: Mapping[str, str], format: str) -> str:
    """What `env --format` prints: `sh`, `fish`, `github` or `dotenv`.

    Raises KbootError (2) for a value that the format cannot carry.
    """
    return "".join(_FORMATS[format](name, value) for name, value in variables.items())


def hand_over(profile: Profile, shell: str) -> list[Line]:
    """How to use the tools and the cluster; the last line can be pasted into `shell`.

    `shell` is the path of the person's shell, of which only the name counts.
    """
    what = "kubectl get nodes" if profile.cluster else "kubectl version --client"
    name = shell.rpartition("/")[2]
    if name == "fish":
        line = f"{_fish_command(profile)} | source"
    elif name in _OWN_WAYS:
        line = profile.command_line("exec")  # without a command: that shell, with both set
    else:
        line = f'eval "$({profile.command_line("env")})"'
    return [
        Line(f"For one command:  {profile.command_line('exec')} -- {what}"),
        Line("In a shell of its own:" if name in _OWN_WAYS else "In this shell:"),
        Line(f"  {line}"),
    ]


def _fish_command(profile: Profile) -> str:
    argument = (profile.argument,) if profile.argument else ()
    words = (profile.program, "env", "--format", "fish", *argument)
    return " ".join(word if _PLAIN.fullmatch(word) else _fish_quoted(word) for word in words)


def _sh(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}\n"


def _fish(name: str, value: str) -> str:
    # PATH is a list there; a folder on it can hold no colon.
    values = value.split(":") if name == "PATH" else [value]
    return f"set -gx {name} {' '.join(map(_fish_quoted, values))}\n"


def _fish_quoted(value: str) -> str:
    """Within fish's single quotes only the quote and the backslash are escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _github(name: str, value: str) -> str:
    """For $GITHUB_ENV, as the runner's SetEnvFileCommand reads it: UTF-8, no quoting at all."""
    _require_text(name, value, "github")
    if "\n" not in value:
        return f"{name}={value}\n"
    end = "KBOOT"
    while end in value:
        end += "_"
    return f"{name}<<{end}\n{value}\n{end}\n"


def _dotenv(name: str, value: str) -> str:
    """What sh, systemd, Compose and python-dotenv read alike; `docker run` knows no quotes."""
    _require_text(name, value, "dotenv")
    if _PLAIN.fullmatch(value):
        return f"{name}={value}\n"
    escaping = "'" in value or "\\" in value
    if "${" in value or "\r" in value or (escaping and ("$" in value or "`" in value)):
        raise _cannot_carry(name, "dotenv", "readers of dotenv files disagree on such a value")
    if not escaping:
        return f"{name}='{value}'\n"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"\n'


_FORMATS = {"sh": _sh, "fish": _fish, "github": _github, "dotenv": _dotenv}


def _require_text(name: str, value: str, format: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _cannot_carry(name, format, "it is not UTF-8, and these files are") from None


def _cannot_carry(name: str, format: str, why: str) -> KbootError:
    return KbootError(
        Exit.USAGE,
        f"--format {format} cannot carry this {name}",
        why=why,
        state="nothing was changed",
        next="kboot exec -- …   (or --format sh, which carries every value)",
    )
