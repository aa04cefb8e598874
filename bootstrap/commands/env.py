"""`kboot env`: print the variables for this shell to evaluate."""

import shlex

from bootstrap.commands.environment import variables
from bootstrap.commands.session import Session
from bootstrap.core.report import Report
from bootstrap.ui.layout import Line


def run(session: Session) -> Report:
    found = variables(session)
    lines = [Line(f"export {name}={shlex.quote(value)}") for name, value in found.items()]
    session.screen.data(lines)
    return session.learn(variables=found)
