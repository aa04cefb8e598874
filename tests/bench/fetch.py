"""A process of its own that downloads files as `kboot up` does, and tells its cost.

`python -m tests.bench.fetch HOME CA SIZE SHA256 URL…`; prints the seconds
from the first request to the verified files, and the largest resident set in KiB.
"""

import resource
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bootstrap.core.model.catalogue import Artifact
from bootstrap.engine.carry.parallel import Job, at_once
from bootstrap.host.files.places import find_places
from bootstrap.store.keep.commit import Delivery, Staged, stage, staging


def main() -> None:
    home, ca, size, sha256, *urls = sys.argv[1:]
    places = find_places({"HOME": home})
    places.data.mkdir(parents=True, exist_ok=True)

    def job(number: int, url: str, folder: Path) -> Job[Staged]:
        artifact = Artifact(f"t{number}", "1.0.0", "linux/amd64", url, sha256, "bench", int(size))
        delivery = Delivery(url, Path(ca), "")
        return lambda stop: stage(
            artifact, places, delivery, folder / artifact.tool, lambda event: None, stop
        )

    began = time.perf_counter()
    with ExitStack() as held:
        folder = held.enter_context(staging(places))
        jobs = [job(number, url, folder) for number, url in enumerate(urls)]
        for future in held.enter_context(at_once(jobs)):
            future.result()
        seconds = time.perf_counter() - began
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
