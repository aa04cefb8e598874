"""The end of a trial: what it made is deleted, and Kubernetes is waited for."""

import re
import time
from collections.abc import Callable, Mapping

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.gates.made.namespace import DELETING, delete, what_is_left

_LOOK_AGAIN = 0.2
_PASSING = re.compile(f"{DELETING}(: Some .*)?$")
"""What a namespace says on its way, too: that some content, or its finalizers, are remaining."""
_USUAL = "Kubernetes is deleting what the gates made"


def clean(
    client: ApiClient,
    names: Mapping[str, bool],
    seconds: float,
    gone: Callable[[str], None],
    waiting: Callable[[str], None],
) -> str:
    """Have the namespaces deleted, and wait for them. In words what is left, or empty.

    `names`: whether its deletion was asked for. `gone`: is told each that is no more; `waiting`:
    again and again, what is waited for. Raises nothing that the server could cause.
    """
    client.deadline = deadline = time.monotonic() + seconds
    asked = {each for each, is_asked in names.items() if is_asked}
    left = dict.fromkeys(names, "it was not asked for")
    stays: dict[str, str] = {}
    while left and time.monotonic() < deadline:
        for each in left:
            try:
                left[each] = _what_is_left(client, each, asked)
            except ApiFailure as failure:
                if failure.final and each not in asked:
                    stays[each] = failure.words
                elif time.monotonic() < deadline:  # what the end cut says less than those before it
                    left[each] = failure.words
        for each in [each for each, words in left.items() if not words]:
            gone(each)
        left = {each: words for each, words in left.items() if words and each not in stays}
        if left:
            words = next(iter(left.values()))
            waiting(_USUAL if _PASSING.match(words) else words)
            time.sleep(_LOOK_AGAIN)
    return "; ".join(f"namespace {each} is left: {why}" for each, why in {**stays, **left}.items())


def _what_is_left(client: ApiClient, namespace: str, asked: set[str]) -> str:
    if namespace not in asked:
        delete(client, namespace)
        asked.add(namespace)
    return what_is_left(client, namespace)
