"""`kboot env`: print the variables for a shell, CI or a dotenv file to take over."""

from bootstrap.core.result.report import Report
from bootstrap.run.demanded import demand
from bootstrap.run.environment import variables
from bootstrap.run.session import Session
from bootstrap.ui.shells import printed


def run(session: Session) -> Report:
    demand(session)
    found = variables(session)
    session.screen.verbatim(printed(found, session.arguments.format))
    return session.learn(variables=found)
