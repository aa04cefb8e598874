"""Put a cluster into the person's own kubeconfig, and take it out again."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from bootstrap.core.model.step import MergeKubeconfig, Step, UnmergeKubeconfig
from bootstrap.engine.carry.work import Work
from bootstrap.engine.look.judging import merge_of, private_entries, read, showing
from bootstrap.engine.look.merged import files_for, read_record
from bootstrap.errors import Exit, KbootError
from bootstrap.host.files.lock import hold
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.yours import user_file
from bootstrap.host.yours.kubeconfigs import file_for_new
from bootstrap.kubeconfig.edit import Change
from bootstrap.kubeconfig.entries import as_json
from bootstrap.kubeconfig.merge import (
    Merge,
    Owner,
    Unreadable,
    changed,
    removing,
)
from bootstrap.regular import is_there, read_regular

TRIES = 5
"""How often a file may be written by others between kboot's reading and renaming."""
LOCK_SECONDS = 60.0


def merge(step: Step, work: Work) -> str:
    """Make the files have the cluster's entries; says what was done. Nothing to change: no write.

    Raises KbootError: 41 not writable, 42 locked, 72 no kubeconfig, 74 another's entry. The file
    concerned is then as it was, and the state says how the cluster can be used without it.
    """
    assert isinstance(step, MergeKubeconfig)
    cluster, around, switch = step.cluster, work.around, step.switch
    files = files_for(cluster, around)
    new_file = file_for_new(files)

    def attempt() -> str:
        texts, seen = read(files)
        merge = merge_of(cluster, texts, new_file, around, switch=switch)
        if merge.conflict:
            raise _another(cluster, merge.conflict)
        if not merge.found:
            raise Unreadable(f"{around.places.kubeconfig(cluster)}: kboot's own cannot be read")
        # Recorded first: after a kill between the two, `down --delete` must know what to look for.
        _record(cluster, merge, around)
        _write(merge.changes, texts, seen, around)
        return _told(cluster, merge)

    run = work.profile.command_line("exec")
    state = f"cluster {cluster} runs, and `{run}` needs none of that file; {step.file} is as it was"
    return _carefully(attempt, files, step, work, state)


def unmerge(step: Step, work: Work) -> str:
    """Take out what was recorded, where it is still of that cluster. Raises as `merge` does."""
    assert isinstance(step, UnmergeKubeconfig)
    around = work.around
    record = around.places.merged(step.cluster)
    entries, recorded = read_record(record)
    files = tuple(file for file in recorded if is_there(file))

    def attempt() -> str:
        texts, seen = read(files)
        changes: Mapping[Path, Change] = {}
        if entries is not None:
            changes = removing(texts, Owner(around.minikube_home, entries))
        _write(changes, texts, seen, around)
        record.unlink(missing_ok=True)
        left = " and ".join(map(showing(around), changes))
        return f"taken out of {left}" if left else "it was not there any more"

    state = f"cluster {step.cluster} is gone; {step.file} is as it was, with its entries"
    return _carefully(attempt, files, step, work, state)


def _another(cluster: str, why: str) -> KbootError:
    return KbootError(
        Exit.CONFLICT,
        f"cluster {cluster} cannot be merged into your kubeconfig",
        why=why,
        next="rename or remove that entry, or give the cluster another name",
    )


def _carefully(
    attempt: Callable[[], str],
    files: tuple[Path, ...],
    step: Step,
    work: Work,
    state: str,
) -> str:
    """Under kboot's own lock, and again when another program wrote a file meanwhile.

    `state` is what is true when it cannot be done.
    """
    lock = work.around.places.lock("kubeconfig")
    try:
        with hold(lock, timeout=LOCK_SECONDS, waiting=work.waiting(step.subject)):
            for file in files:
                user_file.clean(file)
            return _again(attempt)
    except KbootError as error:
        error.with_state(state)
        raise


def _again(attempt: Callable[[], str]) -> str:
    for _ in range(TRIES):
        try:
            return attempt()
        except user_file.Changed:
            continue
        except Unreadable as error:
            raise KbootError(
                Exit.TOOL_NOT_UNDERSTOOD,
                "kboot does not understand your kubeconfig",
                why=str(error),
                next="mend that file, or name another in KUBECONFIG",
            ) from error
    raise KbootError(
        Exit.LOCK_TIMEOUT,
        "another program keeps writing your kubeconfig",
        why=f"it changed {TRIES} times while kboot was at it",
        next="run it again when that program has ended",
    )


def _write(
    changes: Mapping[Path, Change],
    texts: Mapping[Path, str],
    seen: Mapping[Path, list[int] | None],
    around: Surroundings,
) -> None:
    new = {file: changed(file, texts[file], change) for file, change in changes.items()}
    for file, text in new.items():
        if text != texts[file]:
            user_file.replace(file, seen[file], text.encode(), around.places)


def _record(cluster: str, merge: Merge, around: Surroundings) -> None:
    """Also of entries that stood there: whoever deletes the cluster wants them gone."""
    record, private = around.places.merged(cluster), around.places.kubeconfig(cluster)
    entries = private_entries(private)
    assert entries is not None, "a merge was made of them"
    before, files = read_record(record)
    files = tuple(dict.fromkeys((*files, *merge.found.values())))
    plain = {"entries": as_json(entries), "files": [str(file) for file in files]}
    text = json.dumps(plain, indent=1) + "\n"
    with suppress(OSError, ValueError):
        if before is not None and read_regular(record).decode() == text:
            return
    temporary = record.with_name(f"{record.name}.tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(descriptor)
    temporary.replace(record)


def _told(cluster: str, merge: Merge) -> str:
    if not merge.changes:
        return "nothing to change"
    switched = any(change.current for change in merge.changes.values())
    now = cluster if switched else merge.current_context
    how = "" if now == cluster else f"; to switch: kubectl config use-context {cluster}"
    return f"current context: {now or 'none'}{how}"
