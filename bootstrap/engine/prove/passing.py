"""Pass the gates: look again and again at each in turn, until it passes or its time is over."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bootstrap.api.client import ApiClient
from bootstrap.api.clock import moment_of
from bootstrap.api.line import Line
from bootstrap.core.model.events import LONG_WAIT, Emit, Event, Happening
from bootstrap.core.model.gate import Gate, GateResult, GateStatus
from bootstrap.gates.live.checks import look_at
from bootstrap.gates.look import Expected, Look, Looks, result_of
from bootstrap.kubeconfig.private import Connection

if TYPE_CHECKING:
    from bootstrap.gates.made.trial import Trial
    from bootstrap.gates.using.programs import Programs

SHORTEST_PAUSE = 0.08
LONGEST_PAUSE = 0.25
"""Seconds between two looks. On a busy server, a look takes longer and so does the pause.

With 0.05, a third of all that a whole verify computes was looking (scripts/bench gates)."""

REQUEST_SECONDS = 5.0
"""After which a server that says nothing is asked again. /readyz takes 2 s when etcd hangs."""
_KEPT = 10.0
"""Seconds that a gate leaves to each one after it; all others it may use."""
_ENOUGH = 0.9
"""Of a gate's equal share of all the time, and of what is kept for each."""
CLEANING_SECONDS = 60.0
"""For Kubernetes to delete what a run made. It takes 5 to 10."""

Use = Callable[[ApiClient, float], "tuple[Trial, Programs]"]
"""Makes what the gates that use the cluster need; gets the seconds that all gates may last."""


class Proving:
    """One passing of gates against one cluster. A context manager: nothing of it is left behind."""

    def __init__(
        self,
        connection: Connection,
        expected: Expected,
        *,
        timeout: float,
        emit: Emit,
        use: Use | None = None,
        line: Line | None = None,
        started: float | None = None,
    ) -> None:
        """`timeout`: seconds for all gates. `use`: without it only live gates can be passed.

        `line`: may have a connection that is open already. `started`: the moment of
        `time.monotonic` at which this run began to start the cluster; None: it did not.
        """
        self.left = ""
        """After the end: what of kboot's is still in the cluster, in words; empty: nothing."""
        self.used = False
        """Whether anything was made in the cluster."""
        kept = line.take(connection) if line else None
        self._client = kept or ApiClient(connection, timeout=REQUEST_SECONDS)
        self._client.timeout = REQUEST_SECONDS
        self._expected = expected
        self._timeout = timeout
        self._emit = emit
        self._use = use
        self._started = started
        self._trial: Trial | None = None
        self._gates: Mapping[str, Callable[[], Looks[None]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._trial is not None:
                self.used = self._trial.begun
                self._clean(self._trial)
        finally:
            self._client.close()
        if self.left and error is not None:
            error.add_note(self.left)

    def _clean(self, trial: "Trial") -> None:
        try:
            waiting = _Waiting(self._emit, "cleaning up")
            self.left = trial.end(CLEANING_SECONDS, waiting.tell)
        except BaseException as stopped:
            if trial.begun:
                stopped.add_note(
                    f"namespace {trial.namespace} may be left: the next run deletes it"
                )
            raise

    def run(
        self, gates: tuple[Gate, ...], already: Mapping[str, GateResult] | None = None
    ) -> Iterator[GateResult]:
        """Each gate's result as it ends. Raises nothing for what the cluster does.

        A gate may take all the time that is left but ten seconds for each one after it, or its
        equal share of little. Of one that had clearly less than its equal share of the whole, or
        than the ten seconds that pods need, and did not pass in that, nothing is known. A gate
        whose prerequisite did not pass is skipped. `already`: by gate, what an earlier run has
        proven; it is not looked at again.
        """
        results: dict[str, GateResult] = {}
        deadline = time.monotonic() + self._timeout
        equal = self._timeout / max(1, len(gates))
        of_pods = max(equal, min(_KEPT, self._timeout))
        for place, gate in enumerate(gates):
            left = max(0.0, deadline - time.monotonic())
            after = len(gates) - place - 1
            share = max(left / (after + 1), left - _KEPT * after)
            enough = _ENOUGH * (equal if gate.live else of_pods)
            result = _unmet(gate, results) or (already or {}).get(gate.id)
            if result is None:
                self._client.deadline = time.monotonic() + share
                self._emit(Event(Happening.GATE_STARTED, gate.id))
                result = self._pass(gate, lacks_time=share < enough)
                if self._started is not None and gate.id == "nodes" and result.passed:
                    self._remember_that_nodes_are_back()
            results[gate.id] = result
            self._emit(_event(result))
            yield result

    def _pass(self, gate: Gate, *, lacks_time: bool) -> GateResult:
        """Look until the gate passes, waiting cannot help, or the client's deadline is near."""
        began = asked = time.monotonic()
        waiting = _Waiting(self._emit, gate.id)
        looks = self._looks(gate)
        look = next(looks)
        while not (look.passed or look.final):
            waiting.tell(_text(look))
            now = time.monotonic()
            pause = max(look.again, min(max(SHORTEST_PAUSE, 4 * (now - asked)), LONGEST_PAUSE))
            if now + pause >= self._client.deadline:
                break
            time.sleep(pause)
            asked = time.monotonic()
            look = self._newer(look, next(looks), asked)
        looks.close()
        seconds = time.monotonic() - began
        if lacks_time and not (look.passed or look.final):
            look = _cut_short(gate, look, seconds)
        return result_of(gate.id, look, seconds)

    def _newer(self, previous: Look, look: Look, asked: float) -> Look:
        """The last look. One that the gate's deadline cut says less than the one before it."""
        deadline = self._client.deadline
        if look.passed or look.final or time.monotonic() < deadline:
            return look
        if deadline - asked < SHORTEST_PAUSE:
            return previous
        cut = f"then no answer in the {deadline - asked:.1f} s that were left"
        return previous._replace(why=f"{_text(previous)}; {cut}")

    def _looks(self, gate: Gate) -> Looks[None]:
        if gate.live:
            while True:
                yield look_at(gate.id, self._client, self._expect())
        yield from self._uses()[gate.id]()

    def _remember_that_nodes_are_back(self) -> None:
        with suppress(ValueError):
            self._expected = self._expected._replace(back=moment_of(self._client.date))

    def _expect(self) -> Expected:
        """With the moment of the start by the server's clock, once that is known."""
        if self._started is not None and not self._expected.since and self._client.date:
            ago = timedelta(seconds=time.monotonic() - self._started)
            with suppress(ValueError):  # a server may send any Date
                since = moment_of(self._client.date) - ago
                self._expected = self._expected._replace(since=since)
        return self._expected

    def _uses(self) -> Mapping[str, Callable[[], Looks[None]]]:
        if not self._gates:
            assert self._use is not None, "only live gates can be passed"
            # A lazy point: a run that has a proof makes nothing in the cluster.
            from bootstrap.gates.using.table import trial_gates

            self._trial, programs = self._use(self._client, self._timeout)
            self._gates = trial_gates(self._trial, programs)
        return self._gates


class _Waiting:
    """Tells what is waited for: when that changes, and again while it lasts."""

    def __init__(self, emit: Emit, subject: str) -> None:
        self._emit = emit
        self._subject = subject
        self._began = time.monotonic()
        self._told, self._told_at = "", 0.0

    def tell(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        # Again while it lasts, for those who do not tell of every change.
        if text != self._told or seconds >= self._told_at + LONG_WAIT:
            self._told, self._told_at = text, seconds
            self._emit(Event(Happening.WAITING, self._subject, text, seconds=seconds))


def _unmet(gate: Gate, results: Mapping[str, GateResult]) -> GateResult | None:
    unmet = [each for each in gate.needs if each not in results or not results[each].passed]
    if not unmet:
        return None
    return GateResult(gate.id, GateStatus.SKIPPED, f"needs {', '.join(unmet)}")


def _cut_short(gate: Gate, look: Look, seconds: float) -> Look:
    return look._replace(
        message=f"only {seconds:.0f} s were left for it, which is too little to tell",
        why=f"the other gates have the rest; so far: {_text(look)}",
        reason="no-time-left",
        fix=f"kboot verify --gates {gate.id}   (then it has all the time)",
        unknown=True,
    )


def _text(look: Look) -> str:
    return look.why or look.message


_HAPPENINGS = {
    GateStatus.PASSED: Happening.GATE_PASSED,
    GateStatus.FAILED: Happening.GATE_FAILED,
    GateStatus.UNKNOWN: Happening.GATE_FAILED,
    GateStatus.SKIPPED: Happening.GATE_SKIPPED,
    GateStatus.NOT_APPLICABLE: Happening.GATE_SKIPPED,
}


def _event(result: GateResult) -> Event:
    message = f"{result.message}: {result.why}" if result.why else result.message
    happening = _HAPPENINGS[result.status]
    return Event(happening, result.gate, message, seconds=result.seconds, reason=result.reason)
