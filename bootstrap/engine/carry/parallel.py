"""Several jobs at once, which the run does not outlive and which do not outlive the run."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import TypeVar

THREADS = 4
GRACE = 1.0
"""Seconds for all jobs together to notice that they are to stop."""

T = TypeVar("T")
Job = Callable[[Flag], T]
"""Gets the flag that says to stop."""


@contextmanager
def at_once(jobs: Sequence[Job[T]]) -> Iterator[tuple[Future[T], ...]]:
    """The jobs' results as they come, in the jobs' order; left early, the jobs are stopped.

    The threads are daemons: one that waits for a silent server must not hold up a Ctrl-C.
    """
    stop = Flag()
    futures: tuple[Future[T], ...] = tuple(Future() for _ in jobs)
    waiting: SimpleQueue[tuple[Job[T], Future[T]]] = SimpleQueue()
    for pair in zip(jobs, futures, strict=True):
        waiting.put(pair)
    threads = [
        Thread(target=_work, args=(waiting, stop), daemon=True)
        for _ in range(min(THREADS, len(jobs)))
    ]
    try:
        for thread in threads:
            thread.start()
        yield futures
    finally:
        stop.set()
        for thread in threads:
            thread.join(GRACE / len(threads))


def _work(waiting: SimpleQueue[tuple[Job[T], Future[T]]], stop: Flag) -> None:
    while not stop.is_set():
        try:
            job, future = waiting.get_nowait()
        except Empty:
            return
        try:
            future.set_result(job(stop))
        except BaseException as error:
            future.set_exception(error)
