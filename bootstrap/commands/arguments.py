"""The command line: the table of commands, their flags, and what is wrong with a line."""

from argparse import ArgumentParser, ArgumentTypeError, HelpFormatter, Namespace
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NoReturn

from bootstrap import __version__
from bootstrap.core.model.gate import parse_gates
from bootstrap.core.values.masking import mask_words
from bootstrap.core.values.units import parse_duration
from bootstrap.errors import Exit, KbootError

COMMANDS = {
    "up": "make this machine match the profile, and verify the cluster",
    "plan": "show what `up` would do; change nothing",
    "doctor": "say what is true here, what is wrong, and what to type to mend it",
    "verify": "pass the gates against the running cluster, anew",
    "down": "stop the cluster, or delete it with --delete",
    "exec": "run a command with the profile's PATH and KUBECONFIG",
    "env": "print the profile's PATH and KUBECONFIG for this shell",
    "store": "`store verify`: read every byte of what kboot installed, and say what differs",
    "config": "list your kubeconfig as it was before kboot's changes, or put it back",
}


def _gates(words: str) -> tuple[str, ...]:
    try:
        return parse_gates(words)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def _context(name: str) -> str:
    if not name:
        raise ArgumentTypeError("the context's name is empty")
    return name


def parse_folder(text: str) -> str:
    """A folder's name, which an empty variable in a script is not."""
    if not text:
        raise ArgumentTypeError("the folder's name is empty")
    return text


_LOOKING = ("up", "plan", "doctor")
_SWITCH: dict[str, Any] = {"action": "store_true"}
_FLAGS: tuple[tuple[tuple[str, ...], str, dict[str, Any]], ...] = (
    (_LOOKING, "--mirror", {"action": "append", "metavar": "FROM=TO", "help": "URL prefixes"}),
    (_LOOKING, "--ca-bundle", {"metavar": "FILE", "help": "certificates to trust for downloads"}),
    (_LOOKING, "--trust", {"metavar": "LEVEL", "help": "catalogue, publisher or first-seen"}),
    (_LOOKING, "--offline", {**_SWITCH, "help": "download nothing"}),
    (_LOOKING, "--allow-sudo", {**_SWITCH, "help": "install packages through `sudo -n`"}),
    (_LOOKING, "--tools-only", {**_SWITCH, "help": "leave the cluster alone"}),
    (
        ("up", "plan"),
        "--link",
        {"metavar": "DIR", "type": parse_folder, "help": "put links to the tools there"},
    ),
    (_LOOKING, "--fresh", {**_SWITCH, "help": "ignore what is cached"}),
    (("plan", "doctor"), "--save-state", {"metavar": "FILE", "help": "keep what was observed"}),
    (("plan", "doctor"), "--from-state", {"metavar": "FILE", "help": "judge a kept state"}),
    (("plan",), "--detailed-exitcode", {**_SWITCH, "help": "0 nothing to do, 2 changes, 1 else"}),
    (("up", "plan"), "--switch-context", {**_SWITCH, "help": "make it kubectl's current context"}),
    (("up",), "--recreate", {**_SWITCH, "help": "delete and remake a cluster that differs"}),
    (
        ("up",),
        "--start-timeout",
        {
            "metavar": "TIME",
            "default": "30m",
            "type": parse_duration,
            "help": "for minikube start, 30m unless said",
        },
    ),
    (
        ("up", "verify"),
        "--timeout",
        {"metavar": "TIME", "type": parse_duration, "help": "for all gates, such as 5m or 90s"},
    ),
    (("up", "verify"), "--image", {"metavar": "IMAGE", "help": "what gates run in pods"}),
    (("up",), "--prove", {**_SWITCH, "help": "pass every gate anew, whatever was proven before"}),
    (
        ("verify",),
        "--gates",
        {"metavar": "LIST", "type": _gates, "help": "such as dns,storage"},
    ),
    (
        ("verify",),
        "--context",
        {"metavar": "NAME", "type": _context, "help": "a cluster of your kubeconfig, no PROFILE"},
    ),
    (("verify",), "--keep", {**_SWITCH, "help": "leave what the gates made in the cluster"}),
    (
        ("env",),
        "--format",
        {
            "choices": ("sh", "fish", "github", "dotenv"),
            "default": "sh",
            "help": "in whose words, sh unless said",
        },
    ),
    (("up", "verify"), "--events", {"metavar": "FILE", "help": "add what happens, as JSON lines"}),
    (("down",), "--delete", {**_SWITCH, "help": "delete the cluster and all that is in it"}),
    (("up", "down"), "--yes", {**_SWITCH, "help": "do not ask"}),
)


_PROFILE: dict[str, dict[str, Any]] = {
    "profile": {"nargs": "?", "metavar": "PROFILE", "help": "a file or a shipped name"}
}
_PLACES: dict[str, dict[str, dict[str, Any]]] = {
    "config": {
        "what": {
            "nargs": "?",
            "choices": ("backups", "restore"),
            "default": "backups",
            "help": "list them (unless said), or put one back",
        },
        "number": {
            "nargs": "?",
            "metavar": "NUMBER",
            "type": int,
            "help": "of the backup, the newest unless said",
        },
    },
    "store": {"action": {"nargs": "?", "choices": ("verify",), "help": "look at every byte"}},
}
"""What stands on the line without a flag, where it is not a profile."""


class _Help(HelpFormatter):
    """On 80 columns, as all that kboot says; argparse loads a good deal to ask the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=78)


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise KbootError(
            Exit.USAGE,
            message,
            state="nothing was changed",
            next=f"{self.prog} --help",
        )


def parse(words: Sequence[str], shell: str) -> Namespace:
    """The arguments; `exec` without a command means `shell`. --help prints and leaves with 0.

    Raises KbootError (2) for a line that kboot does not understand.
    """
    own, command = _split(list(words))
    parser = _parser(own)
    try:
        arguments = parser.parse_args(own)
    except KbootError as error:
        error.what = mask_words(error.what, own)
        raise
    if getattr(arguments, "context", None) and arguments.profile:
        parser.error(f"--context takes no PROFILE, and there is {arguments.profile!r}")
    if getattr(arguments, "what", None) == "backups" and arguments.number is not None:
        parser.error("config backups takes no NUMBER")
    if arguments.command == "exec":
        arguments.words = command or [shell]
    elif command:
        parser.error(f"{arguments.command} takes no command after --")
    return arguments


def wanted_output(words: Sequence[str]) -> str:
    """What a line that could not be parsed asked for: `text`, `json` or `junit`."""
    own, _ = _split(list(words))
    for output in _outputs(own[0] if own else ""):
        if f"--output={output}" in own or ("--output", output) in pairwise(own):
            return output
    return "text"


def _outputs(command: str) -> tuple[str, ...]:
    return ("text", "json", "junit") if command == "verify" else ("text", "json")


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """What stands behind the first `--` is a command of the person's own."""
    if "--" not in words:
        return words, []
    place = words.index("--")
    return words[:place], words[place + 1 :]


def _parser(words: Sequence[str]) -> _Parser:
    """Only of the command that is named, if one is: building them all takes a tenth of a run."""
    top = _Parser(
        prog="kboot",
        description="One profile file in, the declared tools and a verified cluster out.",
        epilog="Without PROFILE: kboot.toml here or above, else the profile `default`.",
        allow_abbrev=False,
        formatter_class=_Help,
    )
    top.add_argument("--version", "-V", action="version", version=f"kboot {__version__}")
    # Without `prog`, argparse makes up the same by formatting a whole help.
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True, prog=top.prog)
    named = words[:1] if words and words[0] in COMMANDS else COMMANDS
    for name in named:
        summary = COMMANDS[name]
        sub = subparsers.add_parser(
            name,
            help=summary,
            description=summary,
            allow_abbrev=False,
            formatter_class=_Help,
        )
        for place, how in _PLACES.get(name, _PROFILE).items():
            sub.add_argument(place, **how)
        sub.add_argument(
            "--output", choices=_outputs(name), default="text", help="one document for programs"
        )
        sub.add_argument("-v", "--verbose", **_SWITCH, help="also what is well")
        sub.add_argument("-q", "--quiet", **_SWITCH, help="only what is wrong")
        sub.add_argument("--no-color", **_SWITCH, help="no colour; so does NO_COLOR")
        for commands, flag, how in _FLAGS:
            if name in commands:
                sub.add_argument(flag, **how)
    return top
