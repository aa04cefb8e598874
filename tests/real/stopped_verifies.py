"""Run in a container with a cluster: start `kboot verify` again and again, and stop each early.

    python3 -m tests.real.stopped_verifies SIGNAL SEED TIMES AT_ONCE PROFILE [GATE]

A moment is an event of the run's file, and up to a second after it, both drawn from the seed. With
GATE, that is all that is passed, and the moment is up to two seconds after its begin.
Prints one line of JSON a run: the signal, the event after which it was sent, the exit code.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

EVENTS = 30
"""About as many as a whole verify has."""


def stopped_run(
    number: signal.Signals, seed: str, profile: str, gate: str = ""
) -> dict[str, object]:
    chosen = random.Random(seed)
    wanted, more = chosen.randrange(12, EVENTS), chosen.random()
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder, "events")
        os.mkfifo(events)
        only = ("--gates", gate) if gate else ()
        words = ("verify", "--events", str(events), *only, profile)
        argv = (sys.executable, "-m", "bootstrap", *words)
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            assert run.stdout is not None
            last = ""
            with events.open(encoding="utf-8") as lines:
                for place, line in enumerate(lines):
                    event = json.loads(line)
                    last = f"{place}: {event['happening']} {event['subject']}"
                    if last.endswith(f" gate-started {gate}") if gate else place == wanted:
                        Event().wait(2 * more if gate else more)
                        run.send_signal(number)
            said = run.stdout.read().decode()
        told = {"signal": number.name, "after": last, "more": round(more, 2)}
        return told | {"exit": run.returncode, "said": said[-600:]}


def main() -> None:
    name, seed, times, at_once, *where = sys.argv[1:]
    seeds = [f"{name}-{seed}-{each}" for each in range(int(times))]
    with ThreadPoolExecutor(int(at_once)) as pool:
        number = signal.Signals[name]
        for told in pool.map(lambda each: stopped_run(number, each, *where), seeds):
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
