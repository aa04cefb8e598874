"""The end of a trial: what it made is deleted, and Kubernetes is waited for."""

import re
import time
from collections.abc import Callable

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.failure import ApiFailure
from bootstrap.cluster.trial.namespace import DELETING, delete, what_is_left

_LOOK_AGAIN = 0.2
_PASSING = re.compile(f"{DELETING}(: Some .*)?$")
"""What a namespace says on its way, too: that some content, or its finalizers, are remaining."""
_USUAL = "Kubernetes is deleting what the gates made"


def clean(
    client: ApiClient,
    names: tuple[str, ...],
    seconds: float,
    gone: Callable[[str], None],
    waiting: Callable[[str], None],
) -> str:
    """Have the first of the namespaces deleted, and wait for all. In words what is left, or empty.

    `gone`: is told each that is no more; `waiting`: again and again, what is waited for. Raises
    nothing that the server could cause.
    """
    client.deadline = deadline = time.monotonic() + seconds
    left = dict.fromkeys(names, "it was not asked for")
    asked = False
    while left and time.monotonic() < deadline:
        try:
            if not asked:
                delete(client, names[0])
                asked = True
            for each in tuple(left):
                left[each] = what_is_left(client, each)
                if not left[each]:
                    del left[each]
                    gone(each)
        except ApiFailure as failure:
            if time.monotonic() < deadline:  # one that the end cut says less than those before it
                left = dict.fromkeys(left, failure.words)
            if failure.final and not asked:
                break
        if left:
            words = next(iter(left.values()))
            waiting(_USUAL if _PASSING.match(words) else words)
            time.sleep(_LOOK_AGAIN)
    return "; ".join(f"namespace {each} is left: {words}" for each, words in left.items())
