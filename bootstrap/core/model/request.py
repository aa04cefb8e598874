"""What the person at the command line asked for, beyond the profile."""

from typing import NamedTuple


class Request(NamedTuple):
    """Only a person may widen what kboot does; a profile cannot say any of this."""

    trust: str = "publisher"
    offline: bool = False
    tools_only: bool = False
    recreate: bool = False
    allow_sudo: bool = False
    link: str = ""
    """The absolute folder in which the person wants links; empty: none."""
    switch_context: bool = False
