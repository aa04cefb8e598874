"""What merging a cluster into the person's own kubeconfig would come to.

Loaded with a look at files that are not as they were last seen, and with the step that merges.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from bootstrap.core.model.state import Merged, UserKubeconfig
from bootstrap.engine.look.merged import read_record
from bootstrap.host.machine.surroundings import Surroundings
from bootstrap.host.yours import user_file
from bootstrap.host.yours.kubeconfigs import file_for_new, left_by_kboot, lock_of, shown
from bootstrap.kubeconfig.entries import Entries, entries_of
from bootstrap.kubeconfig.merge import Merge, Owner, Unreadable, before_start, changed, merging
from bootstrap.regular import is_there, read_regular


def judge(cluster: str, files: tuple[Path, ...], around: Surroundings) -> UserKubeconfig:
    """What merging would come to. Changes nothing."""
    show = showing(around)
    new_file = file_for_new(files)
    recorded = is_there(around.places.merged(cluster))
    seen = UserKubeconfig(file=show(new_file), recorded=recorded)
    try:
        texts, _ = read(files)
        merge = merge_of(cluster, texts, new_file, around, switch=False)
    except Unreadable as error:
        return seen._replace(merged=Merged.UNUSABLE, why=str(error))
    seen = seen._replace(current_context=merge.current_context)
    if merge.conflict:
        return seen._replace(merged=Merged.CONFLICT, why=merge.conflict)
    stands = merge.found.get("context", new_file)
    seen = seen._replace(file=show(stands))
    # That no context is current is no reason of its own: a person may have unset it.
    due = any(change.put for change in merge.changes.values())
    why = _cannot_be_done(merge, texts) if due else ""
    if why:
        return seen._replace(merged=Merged.UNUSABLE, why=why)
    if not merge.found:
        return seen._replace(merged=Merged.NOT_LOOKED)
    left = any(left_by_kboot(lock_of(file)) for file in files)
    due = due or left or not recorded
    return seen._replace(merged=Merged.DUE if due else Merged.CURRENT)


def _cannot_be_done(merge: Merge, texts: Mapping[Path, str]) -> str:
    """Why one of its files cannot be changed, as the step would find; empty: all can."""
    for file, change in merge.changes.items():
        why = user_file.refusal(file)
        if why:
            return why
        try:
            changed(file, texts[file], change)
        except Unreadable as error:
            return str(error)
    return ""


def merge_of(
    cluster: str, texts: Mapping[Path, str], new_file: Path, around: Surroundings, *, switch: bool
) -> Merge:
    """What is to change in the files of these texts. Raises Unreadable."""
    private = around.places.kubeconfig(cluster)
    owner = Owner(around.minikube_home, read_record(around.places.merged(cluster))[0])
    show = showing(around)
    entries = private_entries(private)
    if entries is None:
        return before_start(texts, cluster, owner, new_file=new_file, show=show)
    return merging(texts, entries, owner, new_file=new_file, switch=switch, show=show)


def private_entries(private: Path) -> Entries | None:
    """None: there is no kubeconfig of kboot's, or what a start that was cut off left there."""
    try:
        return entries_of(read_regular(private), private.parent)
    except (OSError, ValueError):
        return None


def read(files: tuple[Path, ...]) -> tuple[dict[Path, str], dict[Path, list[int] | None]]:
    """Their texts, and what tells later whether they were changed. Raises Unreadable."""
    texts: dict[Path, str] = {}
    seen: dict[Path, list[int] | None] = {}
    for file in files:
        try:
            content, seen[file] = user_file.read(file)
            texts[file] = content.decode()
        except OSError as error:
            raise Unreadable(f"{file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Unreadable(f"{file}: it is not UTF-8 text") from error
    return texts, seen


def showing(around: Surroundings) -> Callable[[Path], str]:
    """How the person's files are shown to them."""
    return lambda file: shown(file, around.places)
