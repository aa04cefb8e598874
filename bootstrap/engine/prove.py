"""Pass the gates: look again and again at each in turn, until it passes or its time is over."""

import time
from collections.abc import Iterator
from dataclasses import replace

from bootstrap.cluster.api import ApiClient
from bootstrap.cluster.gates import Expected, Look, look_at
from bootstrap.cluster.kubeconfig import Connection
from bootstrap.core.events import Emit, Event, Happening
from bootstrap.core.gate import Gate, GateResult, GateStatus

SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 0.25
"""Seconds between two looks. On a busy server, a look takes longer and so does the pause."""

REQUEST_SECONDS = 5.0
"""After which a server that says nothing is asked again. /readyz takes 2 s when etcd hangs."""


def prove(
    gates: tuple[Gate, ...],
    connection: Connection,
    expected: Expected,
    *,
    timeout: float,
    emit: Emit,
) -> Iterator[GateResult]:
    """Pass the gates in order, within `timeout` seconds for all; each gate's result as it ends.

    A gate may take an equal share of the time that is left, so what one does not use is for those
    after it. A gate whose prerequisite did not pass is skipped. Raises nothing for what the
    cluster does.
    """
    results: dict[str, GateResult] = {}
    deadline = time.monotonic() + timeout
    with ApiClient(connection, timeout=REQUEST_SECONDS) as client:
        for place, gate in enumerate(gates):
            unmet = [each for each in gate.needs if each not in results or not results[each].passed]
            if unmet:
                result = GateResult(gate.id, GateStatus.SKIPPED, f"needs {', '.join(unmet)}")
            else:
                now = time.monotonic()
                client.deadline = now + max(0.0, deadline - now) / (len(gates) - place)
                emit(Event(Happening.GATE_STARTED, gate.id))
                result = _pass(gate.id, client, expected, emit)
            results[gate.id] = result
            emit(_event(result))
            yield result


def _pass(gate: str, client: ApiClient, expected: Expected, emit: Emit) -> GateResult:
    """Look until the gate passes, waiting cannot help, or `client.deadline` is near."""
    began = asked = time.monotonic()
    look = look_at(gate, client, expected)
    told = ""
    while not (look.passed or look.final):
        now = time.monotonic()
        if _text(look) != told:
            told = _text(look)
            emit(Event(Happening.WAITING, gate, told, seconds=now - began))
        pause = min(max(SHORTEST_PAUSE, 4 * (now - asked)), LONGEST_PAUSE)
        if now + pause >= client.deadline:
            break
        time.sleep(pause)
        asked = time.monotonic()
        look = _newer(look, look_at(gate, client, expected), client.deadline - asked)
    return _result(gate, look, time.monotonic() - began)


def _newer(previous: Look, look: Look, allowed: float) -> Look:
    """The last look. One that the gate's deadline cut says less than the one before it."""
    if look.reason != "api-timeout" or allowed >= REQUEST_SECONDS:
        return look
    cut = f"then no answer in the {allowed:.1f} s that were left"
    return replace(previous, why=f"{_text(previous)}; {cut}")


def _text(look: Look) -> str:
    return look.why or look.message


def _result(gate: str, look: Look, seconds: float) -> GateResult:
    if look.passed:
        status = GateStatus.PASSED
    else:
        status = GateStatus.UNKNOWN if look.unknown else GateStatus.FAILED
    return GateResult(gate, status, look.message, look.why, look.reason, look.fix, seconds)


_HAPPENINGS = {
    GateStatus.PASSED: Happening.GATE_PASSED,
    GateStatus.FAILED: Happening.GATE_FAILED,
    GateStatus.UNKNOWN: Happening.GATE_FAILED,
    GateStatus.SKIPPED: Happening.GATE_SKIPPED,
}


def _event(result: GateResult) -> Event:
    message = f"{result.message}: {result.why}" if result.why else result.message
    return Event(_HAPPENINGS[result.status], result.gate, message, seconds=result.seconds)
