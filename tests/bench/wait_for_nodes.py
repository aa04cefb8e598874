"""Wait for gate `nodes` as kboot does; print when it passed and what the waiting cost.

    python -m tests.bench.wait_for_nodes CONNECTION   (JSON of a `kubeconfig.private.Connection`)

Prints the moment of CLOCK_MONOTONIC, and CPU seconds and seconds of the waiting.
"""

import json
import sys
import time

from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.gate import Gate
from bootstrap.engine.prove.passing import Proving
from bootstrap.gates.look import Expected
from bootstrap.kubeconfig.private import Connection


def main() -> None:
    began: list[tuple[float, float]] = []

    def emit(event: Event) -> None:
        if event.happening is Happening.WAITING and not began:
            began.append((time.monotonic(), time.process_time()))

    with Proving(Connection(**json.loads(sys.argv[1])), Expected(), timeout=60, emit=emit) as run:
        (result,) = run.run((Gate("nodes"),))
        passed, cpu = time.monotonic(), time.process_time()
    assert result.passed and began, result
    print(passed, cpu - began[0][1], passed - began[0][0])


if __name__ == "__main__":
    main()
