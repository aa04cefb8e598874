"""Wait for a fact about another process or thread."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object]) -> None:
    """Fails where it has not come true after a generous while."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)
