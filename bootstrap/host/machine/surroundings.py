"""What a run stands in: the environment, kboot's places, its cache, its search path."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bootstrap.host.files.cache import Cache
from bootstrap.host.files.places import Places
from bootstrap.host.programs.environment import child_environment
from bootstrap.host.programs.path import search_path


class Surroundings(NamedTuple):
    """Taken once at the start; nothing below reads the environment again."""

    environ: Mapping[str, str]
    places: Places
    cache: Cache

    def folders(self, profile_id: str) -> tuple[str, ...]:
        """Where programs are looked for: the profile's links, then the person's own PATH."""
        return search_path(self.environ, self.places.links(profile_id))

    def for_children(self, profile_id: str, extra: Mapping[str, str]) -> dict[str, str]:
        """The environment of a child program."""
        path = ":".join(self.folders(profile_id))
        return child_environment(self.environ, path=path, home=self.places.home, extra=extra)

    @property
    def minikube_home(self) -> Path:
        """The folder where minikube keeps its state: MINIKUBE_HOME as minikube reads it."""
        value = self.environ.get("MINIKUBE_HOME", "")
        base = Path(value) if value else self.places.home
        return base if base.name == ".minikube" else base / ".minikube"
