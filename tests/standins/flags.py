"""Reads an argument list as cobra and pflag do, and refuses what they would refuse."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.helpers.places import START_FLAGS

BOOLS = {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}
DURATION = re.compile(r"[-+]?(0|(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+)")
INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]*|0[bB][01]+|[1-9][0-9]*)")


class FlagError(Exception):
    """What pflag says about an argument list it refuses."""


class Flag(NamedTuple):
    kind: str
    short: str = ""


class Parsed(NamedTuple):
    flags: dict[str, list[str]]
    arguments: list[str]


HELP = {"help": Flag("bool", "h")}
GLOG = {
    "alsologtostderr": Flag("bool"),
    "log_backtrace_at": Flag("value"),
    "log_dir": Flag("string"),
    "logtostderr": Flag("bool"),
    "stderrthreshold": Flag("value"),
    "v": Flag("value", "v"),
    "vmodule": Flag("value"),
}


def start_flags(release: str) -> dict[str, Flag]:
    """The flags of `start` and the persistent ones, as the release's own source has them."""
    table = json.loads(START_FLAGS.read_bytes())["releases"]
    flags: dict[str, Flag] = {}
    for name, text in table[release]["flags"].items():
        kind, *marks = text.split()
        short = next((mark[1:] for mark in marks if mark.startswith("-")), "")
        flags[name] = Flag(kind, short)
    return flags


def find_command(argv: Sequence[str], persistent: Mapping[str, Flag]) -> tuple[str, list[str]]:
    """The first argument that is no flag nor a flag's value, and all the others, as cobra."""
    shorts = {flag.short: flag for flag in persistent.values() if flag.short}
    skip = False
    for at, text in enumerate(argv):
        if skip:
            skip = False
        elif text == "--":
            break
        elif text.startswith("--"):
            flag = persistent.get(text[2:])
            skip = "=" not in text and (flag is None or flag.kind != "bool")
        elif text.startswith("-") and text != "-":
            flag = shorts.get(text[1:])
            skip = "=" not in text and len(text) == 2 and (flag is None or flag.kind != "bool")
        else:
            return text, [*argv[:at], *argv[at + 1 :]]
    return "", list(argv)


def parse(argv: Sequence[str], known: Mapping[str, Flag], *, old: bool) -> Parsed:
    """`old` is the wording pflag had in 2018 for a value of the wrong type."""
    shorts = {flag.short: name for name, flag in known.items() if flag.short}
    flags: dict[str, list[str]] = {}
    arguments: list[str] = []
    rest = list(argv)
    while rest:
        text = rest.pop(0)
        if text == "--":
            arguments += rest
            break
        if text == "-" or not text.startswith("-"):
            arguments.append(text)
            continue
        name, given = _name(text, known, shorts)
        kind = known[name].kind
        if given is None and kind == "bool":
            given = "true"
        elif given is None:
            if not rest:
                raise FlagError(f"flag needs an argument: {_asked(text, name)}")
            given = rest.pop(0)
        _check(name, kind, given, old)
        flags.setdefault(name, []).append(given)
    return Parsed(flags, arguments)


def _name(
    text: str, known: Mapping[str, Flag], shorts: Mapping[str, str]
) -> tuple[str, str | None]:
    if text.startswith("--"):
        name, equals, given = text[2:].partition("=")
        if not name or name.startswith("-"):
            raise FlagError(f"bad flag syntax: {text}")
        if name not in known:
            raise FlagError(f"unknown flag: --{name}")
        return name, given if equals else None
    if text[1] not in shorts:
        raise FlagError(f"unknown shorthand flag: {text[1]!r} in {text}")
    rest = text[2:].removeprefix("=")
    return shorts[text[1]], rest or None


def _asked(text: str, name: str) -> str:
    return f"--{name}" if text.startswith("--") else f"{text[1]!r} in {text}"


def _check(name: str, kind: str, given: str, old: bool) -> None:
    if kind == "bool" and given not in BOOLS:
        problem = f'strconv.ParseBool: parsing "{given}": invalid syntax'
    elif kind == "int" and not INTEGER.fullmatch(given):
        problem = f'strconv.ParseInt: parsing "{given}": invalid syntax'
    elif kind == "duration" and not DURATION.fullmatch(given):
        problem = f'time: invalid duration "{given}"'
    else:
        return
    where = f"--{name}={given}" if old else f'"--{name}" flag'
    raise FlagError(f'invalid argument "{given}" for {where}: {problem}')
