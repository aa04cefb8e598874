"""`kboot exec`: become the command, with the profile's PATH and KUBECONFIG."""

import os

from bootstrap.core.result.report import Report
from bootstrap.errors import Exit, KbootError
from bootstrap.regular import is_there
from bootstrap.run.demanded import demand
from bootstrap.run.environment import variables
from bootstrap.run.session import Session
from bootstrap.ui.layout import Line


def _say_what_is_missing(session: Session) -> None:
    cluster = session.profile.cluster
    if cluster and not is_there(session.around.places.kubeconfig(cluster.name)):
        up = session.profile.command_line("up")
        session.screen.talk([Line(f"kboot: cluster {cluster.name} was not started yet: {up}")])


def _environ(session: Session) -> dict[str, str]:
    """The person's own. How this very kboot was called says nothing of the next one."""
    return {name: it for name, it in session.around.environ.items() if name != "KBOOT_COMMAND"}


def run(session: Session) -> Report:
    """Does not return where the command can be run."""
    words = session.arguments.words
    demand(session)
    found = variables(session)
    _say_what_is_missing(session)
    session.screen.close()
    try:
        os.execvpe(words[0], words, {**_environ(session), **found})
    except OSError as error:
        raise KbootError(
            Exit.USAGE,
            f"{words[0]} cannot be run",
            why=error.strerror or str(error),
            state="nothing was changed",
            next=session.profile.command_line("doctor"),
        ) from error
