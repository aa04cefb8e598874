"""Look whether the person's own kubeconfig has the cluster. A warm look costs a few stats."""

from pathlib import Path
from typing import Any

from bootstrap.core.model.state import Merged, UserKubeconfig
from bootstrap.core.values.codec import from_plain, to_plain
from bootstrap.engine.look.merged import files_for
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.yours.kubeconfigs import (
    are_empty,
    file_for_new,
    fingerprint,
    left_by_kboot,
    lock_of,
    shown,
)
from bootstrap.host.yours.user_file import refusal
from bootstrap.regular import is_there


def look_at_yours(cluster: str, around: Surroundings) -> UserKubeconfig:
    """How the person's files stand to kboot's private one. Changes nothing but the cache."""
    places = around.places
    files = files_for(cluster, around)
    recorded = is_there(places.merged(cluster))
    if not files:
        return UserKubeconfig(Merged.OFF, recorded=recorded)
    new_file = file_for_new(files)
    if not is_there(places.kubeconfig(cluster)) and are_empty(files):
        why = refusal(new_file)
        merged = Merged.UNUSABLE if why else Merged.NOT_LOOKED
        return UserKubeconfig(merged, shown(new_file, places), "", why, recorded)
    key = _key(cluster, files, around)
    kept = _kept(around.cache.read(f"kubeconfig-{cluster}", key))
    if kept is not None:
        return kept
    # A lazy point: PyYAML loads only for files that are not as they were last seen.
    from bootstrap.engine.look.judging import judge

    seen = judge(cluster, files, around)
    around.cache.write(f"kubeconfig-{cluster}", key, to_plain(seen))
    return seen


def _key(cluster: str, files: tuple[Path, ...], around: Surroundings) -> list[Any]:
    """All that the judgement rests on."""
    places = around.places
    return [
        [[str(f), fingerprint(f), left_by_kboot(lock_of(f)), refusal(f)] for f in files],
        [fingerprint(places.kubeconfig(cluster)), fingerprint(places.merged(cluster))],
        str(around.minikube_home),
    ]


def _kept(plain: Any) -> UserKubeconfig | None:
    try:
        return None if plain is None else from_plain(UserKubeconfig, plain)
    except ValueError:
        return None
