"""What every command starts from: settings, places, knowledge, the profile, the screen."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.api.line import Line
from bootstrap.core.model.gate import GATE_IDS
from bootstrap.core.model.knowledge import Knowledge
from bootstrap.core.model.profile import Policy, Profile, Requirement, VerifySpec
from bootstrap.core.model.request import Request
from bootstrap.core.reading import settings as settings_of
from bootstrap.core.reading.settings import Settings
from bootstrap.engine.look.ask import Asked, ask
from bootstrap.host.files import profile_source
from bootstrap.host.files.cache import Cache
from bootstrap.host.files.catalogue import read_catalogue
from bootstrap.host.files.places import check, find_places
from bootstrap.host.files.settings_file import read_settings
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.programs.path import own_name
from bootstrap.host.programs.probe import Asking
from bootstrap.provider.minikube.commands import command_lines
from bootstrap.tools import TOOLS

if TYPE_CHECKING:
    from bootstrap.core.result.report import Report
    from bootstrap.ui.screen import Screen


class Session:
    """One run. `report` grows as the command learns things, so that an error loses nothing.

    Made before anything else is loaded, so that the tools answer while the rest is.
    """

    screen: "Screen"
    report: "Report"

    def __init__(self, arguments: Namespace, environ: Mapping[str, str]) -> None:
        places = find_places(environ)
        cache = Cache(places.cache, fresh=getattr(arguments, "fresh", False))
        self.arguments = arguments
        self.line = Line()
        self.around = Surroundings(environ, places, cache)
        self.settings = _settings(arguments, environ, places.settings_file)
        catalogue = read_catalogue(cache)
        self.knowledge = Knowledge(TOOLS, catalogue, command_lines(catalogue))
        self.context: str = getattr(arguments, "context", None) or ""
        """Of the person's kubeconfig, instead of a profile's cluster; else empty."""
        self.profile = self._load(environ)
        cluster = self.profile.cluster
        check(places, self.profile.id, cluster.name if cluster else "")
        self.request = Request(
            trust=self.settings.trust,
            offline=getattr(arguments, "offline", False),
            tools_only=getattr(arguments, "tools_only", False),
            recreate=getattr(arguments, "recreate", False),
            allow_sudo=self.settings.allow_sudo,
            link=_folder(getattr(arguments, "link", None) or "", places.home),
            switch_context=getattr(arguments, "switch_context", False),
        )
        self._asking = Asking()
        self._asked: Asked | None = None

    def begin(self) -> None:
        """Start the tools' programs, where the command observes."""
        if _observes(self.arguments):
            self._asked = self._ask()

    def take_asked(self) -> Asked:
        """The programs started at the beginning; for a second look, they are started anew."""
        asked, self._asked = self._asked, None
        return asked or self._ask()

    def close(self) -> None:
        """End what was started and not waited for, and the connection that was kept."""
        self.line.close()
        self._asking.end()

    def learn(self, **parts: object) -> "Report":
        """Add what is known now to the report."""
        self.report = self.report._replace(**parts)  # type: ignore[arg-type]
        return self.report

    def _ask(self) -> Asked:
        self._asking = Asking()
        return ask(self.profile, self.knowledge, self.around, self._asking)

    def _load(self, environ: Mapping[str, str]) -> Profile:
        if self.context or self.arguments.command in ("config", "store"):
            return _NO_PROFILE._replace(program=own_name(environ, sys.argv[0]))
        profile = profile_source.load(
            self.arguments.profile,
            knowledge=self.knowledge,
            home=self.around.places.home,
            cache=self.around.cache,
        )
        return profile._replace(program=own_name(environ, sys.argv[0]))


_NO_PROFILE = Profile(
    name="",
    description="",
    requirements=(Requirement("kubectl", "", Policy.WARN),),
    cluster=None,
    verify=VerifySpec(GATE_IDS, timeout_seconds=300.0),
)
"""A run about a context asks for the kubectl that there is, whatever its version."""


def _observes(arguments: Namespace) -> bool:
    observing = arguments.command in ("up", "plan", "doctor", "verify", "down")
    return observing and not getattr(arguments, "from_state", None)


def _folder(named: str, home: Path) -> str:
    """Absolute; with the person's home for a `~` that the shell left (`--link=~/bin` in bash)."""
    if named == "~" or named.startswith("~/"):
        return str(home / named[2:])
    return str(Path(named).absolute()) if named else ""


def _settings(arguments: Namespace, environ: Mapping[str, str], path: Path) -> Settings:
    found = settings_of.from_environment(read_settings(path), environ)
    return settings_of.from_flags(
        found,
        trust=getattr(arguments, "trust", None),
        mirrors=getattr(arguments, "mirror", None),
        ca_bundle=getattr(arguments, "ca_bundle", None),
        allow_sudo=getattr(arguments, "allow_sudo", False),
        image=getattr(arguments, "image", None),
    )
