"""Ask the person before something is destroyed. Never without a terminal."""

import sys

from bootstrap.errors import Exit, KbootError
from bootstrap.run.session import Session
from bootstrap.ui.stream import is_terminal


def confirm(session: Session, question: str) -> None:
    """Go on only after `--yes` or a typed yes. Raises KbootError (13) otherwise."""
    if session.arguments.yes:
        return
    if session.screen.document or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise _refused("there is no terminal to ask on", "the same command with --yes")
    session.screen.close()
    sys.stderr.write(f"{question} Type yes to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise _refused("the answer was not yes", "type yes, or use --yes")


def _refused(why: str, next: str) -> KbootError:
    return KbootError(
        Exit.POLICY_DENIES,
        "nothing is destroyed without a yes",
        why=why,
        state="nothing was changed",
        next=next,
    )
