"""The person's own kubeconfig files: which they are, as kubectl sees it, and what stands in them.

The rules are client-go's (tools/clientcmd/config.go and loader.go): KUBECONFIG is a list, empty
elements count for nothing; of an entry that is in several files the first file's holds; a new
entry goes into the first file that exists, else into the last of the list; without KUBECONFIG
there is one file, `~/.kube/config`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from bootstrap.host.files.places import Places
from bootstrap.kubeconfig.private import content_of

_NOTHING = re.compile(
    rb"apiVersion: v1|kind: Config|preferences: \{\}|(?:clusters|contexts|users): (?:null|\[\])"
    rb"|current-context: (?:\"\"|'')"
)
"""A line of a kubeconfig without entries, as kubectl leaves it when the last one was deleted."""


def kubectl_files(environ: Mapping[str, str], places: Places) -> tuple[Path, ...]:
    """Exactly those that kubectl reads here, kboot's own private ones too if they are named."""
    return tuple(dict.fromkeys(_named(environ))) or (places.home / ".kube" / "config",)


def user_files(
    environ: Mapping[str, str], places: Places, earlier: tuple[Path, ...]
) -> tuple[Path, ...]:
    """In the order in which they hold. Empty: KUBECONFIG=/dev/null, nothing is wanted.

    kboot's own private files are left out. Where nothing else is named (`kboot env` was
    evaluated, so what stood there before is lost), `earlier` are the person's: where kboot merged
    the cluster last.
    """
    named = _named(environ)
    if named == [Path(os.devnull)]:
        return ()
    own = places.state / "clusters"
    files = [each for each in named if each != Path(os.devnull) and not each.is_relative_to(own)]
    usual = (earlier if named else ()) or (places.home / ".kube" / "config",)
    return tuple(dict.fromkeys(files)) or usual


def _named(environ: Mapping[str, str]) -> list[Path]:
    return [Path(each).absolute() for each in environ.get("KUBECONFIG", "").split(":") if each]


def file_for_new(files: tuple[Path, ...]) -> Path:
    """Where what is in none of the files is put, the current context too."""
    return next((each for each in files if os.access(each, os.F_OK)), files[-1])


def lock_of(file: Path) -> Path:
    """client-go's lock of it: whoever can create this file may write (`lockName` in loader.go)."""
    return file.with_name(f"{file.name}.lock")


LOCK_MODE = 0o200
"""Of kboot's own; client-go's have 0. So what a killed kboot left can be told and removed."""


def left_by_kboot(lock: Path) -> bool:
    """Whether it is kboot's; a dead kboot's for certain while one holds kboot's own lock."""
    try:
        status = lock.lstat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and status.st_mode & 0o7777 == LOCK_MODE


def fingerprint(file: Path) -> list[int] | None:
    """Changes whenever the file does; None where there is none."""
    try:
        seen = file.stat()
    except OSError:
        return None
    return [
        *(seen.st_dev, seen.st_ino, seen.st_mode, seen.st_uid),
        *(seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns),
    ]


def are_empty(files: tuple[Path, ...]) -> bool:
    """Whether certainly nothing stands in any of them. It costs no YAML reader."""
    for file in files:
        try:
            content = content_of(file)
        except FileNotFoundError:
            continue
        except OSError:
            return False
        lines = [each for each in content.splitlines() if each and not each.startswith(b"#")]
        if len(set(lines)) < len(lines) or not all(map(_NOTHING.fullmatch, lines)):
            return False
    return True


def shown(file: Path, places: Places) -> str:
    """As a person would type it."""
    if file.is_relative_to(places.home):
        return f"~/{file.relative_to(places.home)}"
    return str(file)
