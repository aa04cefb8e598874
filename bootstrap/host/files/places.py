"""Where kboot keeps things, by the XDG base directory specification."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bootstrap.errors import Exit, KbootError, refused
from bootstrap.host.files import own


class Places(NamedTuple):
    """Absolute folders; none is created by asking for it."""

    home: Path
    data: Path
    state: Path
    cache: Path
    config: Path

    @property
    def artifacts(self) -> Path:
        return self.data / "artifacts"

    @property
    def staging(self) -> Path:
        return self.data / "staging"

    @property
    def downloads(self) -> Path:
        """Where people put files by hand, named by their digests. kboot only reads it."""
        return self.cache / "downloads"

    def profile(self, profile_id: str) -> Path:
        """The folder of one profile's generations; `current/` in it holds the links."""
        return self.data / "profiles" / profile_id

    def links(self, profile_id: str) -> Path:
        """The folder that goes on PATH."""
        return self.profile(profile_id) / "current"

    def kubeconfig(self, cluster: str) -> Path:
        """kboot's private kubeconfig of that cluster."""
        return self.state / "clusters" / cluster / "kubeconfig"

    def proof(self, cluster: str, profile_id: str) -> Path:
        """What was proven of that cluster for that profile."""
        return self.proofs(cluster) / f"{profile_id}.json"

    def never_ready(self, cluster: str) -> Path:
        """There while the cluster, which kboot made, has not passed its gates once."""
        return self.state / "clusters" / cluster / "never-ready"

    def proofs(self, cluster: str) -> Path:
        """All that was proven of that cluster."""
        return self.state / "clusters" / cluster / "proofs"

    def merged(self, cluster: str) -> Path:
        """What kboot put of that cluster into which of the person's own kubeconfig files."""
        return self.state / "clusters" / cluster / "merged.json"

    @property
    def backups(self) -> Path:
        """The person's own files as they were before kboot's last changes."""
        return self.state / "backups"

    def starting(self, cluster: str) -> Path:
        """The note of a `minikube start` under way, see `host.programs.underway`."""
        return self.state / "clusters" / cluster / "starting"

    @property
    def store_lock(self) -> Path:
        """In the store: runs with one store and two state folders must know of each other."""
        return self.data / "store.lock"

    @property
    def locks(self) -> Path:
        return self.state / "locks"

    def lock(self, name: str) -> Path:
        return self.locks / name

    @property
    def settings_file(self) -> Path:
        return self.config / "config.toml"


def find_places(environ: Mapping[str, str]) -> Places:
    """From HOME and XDG_*; without HOME (cloud-init, cron) from the password database.

    A relative or empty XDG variable is ignored, as the specification says.
    """
    home = _home(environ)

    def base(variable: str, default: str) -> Path:
        value = environ.get(variable, "")
        return Path(value if value.startswith("/") else home / default) / "kboot"

    data, state = base("XDG_DATA_HOME", ".local/share"), base("XDG_STATE_HOME", ".local/state")
    for folder, variable in ((data, "PATH"), (state, "KUBECONFIG")):
        if ":" in str(folder):
            raise _divided(folder, variable)
    return Places(
        home=home,
        data=data,
        state=state,
        cache=base("XDG_CACHE_HOME", ".cache"),
        config=base("XDG_CONFIG_HOME", ".config"),
    )


def _divided(folder: Path, variable: str) -> KbootError:
    return KbootError(
        Exit.USAGE,
        f"kboot cannot use {folder}: there is a colon in its name",
        why=f"its folders stand in {variable}, which every program divides at colons",
        state="nothing was changed",
        next="set HOME, or XDG_DATA_HOME and XDG_STATE_HOME, to folders without a colon",
    )


def _home(environ: Mapping[str, str]) -> Path:
    value = environ.get("HOME", "")
    if value.startswith("/"):
        return Path(value)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise KbootError(
            Exit.PERMISSION,
            "kboot does not know where your home folder is",
            why="HOME is not an absolute path, and the password database has no entry for you",
            state="nothing was changed",
            next="HOME=/some/folder kboot …",
        ) from None


def check(places: Places, profile_id: str, cluster: str) -> None:
    """That nobody else can write what kboot believes. Raises KbootError (41); changes nothing.

    Of the cache and the settings, who reads them checks: a run can do without.
    """
    _check_home(places)
    for root in (places.data, places.state):
        folder, why = own.way_trouble(root)
        if why:
            raise _not_own(root, folder, why)
    folders = [
        *(places.data, places.artifacts, places.staging, places.data / "profiles"),
        *(places.state, places.locks, places.state / "clusters", places.backups),
        *([places.profile(profile_id)] if profile_id else []),
        *([places.kubeconfig(cluster).parent, places.proofs(cluster)] if cluster else []),
    ]
    for folder in folders:
        if why := own.trouble(folder):
            raise _not_own(folder, folder, why)


def claim(places: Places) -> None:
    """Make sure that kboot may write here. Raises KbootError (41) before anything is changed."""
    _check_home(places)
    for folder in (places.data, places.state):
        try:
            own.make(folder)
        except OSError as error:
            raise _cannot_write(folder, error) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _cannot_write(folder, PermissionError(13, "Permission denied"))


def _check_home(places: Places) -> None:
    """Refuses a HOME of another user: `sudo` may keep it, and root's files in somebody's home are
    how people lose the use of their own minikube; what they put there, root would run.
    """
    owner = _owner(places.home)
    if owner is not None and owner != os.geteuid():
        raise KbootError(
            Exit.PERMISSION,
            f"{places.home} belongs to another user",
            why=f"HOME is owned by {own.name_of(owner)}, and you are {own.name_of(os.geteuid())}",
            state="nothing was changed",
            next=f"sudo -H kboot …   (or as {own.name_of(owner)}, without sudo)"
            if os.geteuid() == 0
            else "HOME=/a/folder/of/yours kboot …",
        )


def _not_own(folder: Path, obstacle: Path, why: str) -> KbootError:
    return KbootError(
        Exit.PERMISSION,
        f"kboot does not use {folder}: what is there could be another's",
        why=f"{obstacle}: {why}",
        state="nothing was changed",
        next=f"ls -ld {obstacle}   (then give it to yourself alone, or set XDG_DATA_HOME and "
        "XDG_STATE_HOME to folders of yours)",
    )


def _cannot_write(folder: Path, error: OSError) -> KbootError:
    failure = refused(error, f"kboot cannot write to {folder}", str(folder))
    if failure.code is Exit.PERMISSION:
        failure.next = "set XDG_DATA_HOME and XDG_STATE_HOME to folders that you may write to"
    return failure.with_state("nothing was changed")


def _owner(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except OSError:
        return None
