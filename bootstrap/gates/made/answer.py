"""A script, run to its end in a pod of its own: what it answers, or why it does not."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bootstrap.api.objects import Object, text
from bootstrap.gates.look import TRY_AGAIN, Looks, steadily
from bootstrap.gates.made.manifests import Image, Mount, pod
from bootstrap.gates.made.trial import Trial, progress
from bootstrap.gates.made.waiting import Waiting
from bootstrap.gates.why import pods as why
from bootstrap.gates.why.ends import end_of, never_started
from bootstrap.gates.why.trouble import Trouble


class Meaning(NamedTuple):
    """What it means when a script fails or does not come to its end."""

    otherwise: str = ""
    """The reason id."""
    closer: Callable[[Trouble], Trouble] = lambda trouble: trouble
    """May know more of it."""


_AS_IT_IS = Meaning()


def answer(
    trial: Trial,
    named: str,
    script: str,
    *,
    mounts: tuple[Mount, ...] = (),
    image: Image | None = None,
    meaning: Meaning = _AS_IT_IS,
) -> Looks[str]:
    """Run `script`, which says something, in a pod to its end: its termination message.

    A pod that is lost, as with its node's restart, is made anew, and so is one that ended well and
    whose message is lost, as where its node's disk was full.
    """
    manifest = pod(named, image or trial.image, script, mounts)
    yield from trial.make(manifest)
    waiting = Waiting(trial.failed, f"pod {named}")
    lost: Trouble | None = None
    while True:
        found = yield from trial.find("Pod", named)
        end = end_of(found)
        if end is not None and end.said and end.well:
            return end.said
        find = partial(_why, trial, found, meaning, lost)
        if end is None:
            yield waiting.look(find, progress(found))
        elif not (end.lost or end.well):
            trouble = yield from steadily(find)
            how = "came to no end in its time" if end.cut else "failed"
            yield trial.failed(f"pod {named} {how}", trouble._replace(final=not end.cut))
        else:
            again = TRY_AGAIN if lost and found else 0.0
            if not (lost and _is_going(found)):
                lost = yield from steadily(find)
            yield from trial.remove("Pod", named) if found else trial.make(manifest)
            look = trial.failed(f"pod {named} was lost, and is made anew", lost)
            yield look._replace(again=again)


def _why(trial: Trial, found: Object, meaning: Meaning, lost: Trouble | None) -> Trouble:
    """`lost`: why the one before came to nothing, which tells until this one gets further."""
    if not found:
        return lost or Trouble("pod-lost", "the pod was deleted by somebody; it is made anew")
    if (end := end_of(found)) and end.well:
        return Trouble("pod-lost", "it ended well, and what it said is not told")
    trouble = why.of_pod(trial.client, trial.namespace, found)
    if lost and trouble.reason == "pod-not-started":
        return lost
    if trouble.reason not in ("pod-failed", "pod-not-ended") or never_started(found):
        return trouble
    return meaning.closer(trouble._replace(reason=meaning.otherwise or trouble.reason))


def _is_going(pod: Object) -> bool:
    return not pod or bool(text(pod, "metadata", "deletionTimestamp"))
