"""What one look at a gate finds, and how looks follow each other until the gate has passed."""

from collections.abc import Callable, Generator
from datetime import datetime
from typing import NamedTuple, TypeVar

from bootstrap.api.failure import REFUSED, ApiFailure
from bootstrap.core.model.gate import GateResult, GateStatus

T = TypeVar("T")

TRY_AGAIN = 2.0
"""Seconds before what failed is tried again, where that costs more than a look: a program, a pod.
Registries count those who ask."""
_NO_ANSWER = "no usable answer from the API server"
_REFUSALS = (*REFUSED, "namespace-terminating", "serviceaccount-missing")
_MESSAGES = dict.fromkeys(_REFUSALS, "the API server refuses what kboot tries")


class Expected(NamedTuple):
    """What the profile says. None: it does not, so it is not compared."""

    kubernetes: str | None = None
    kubectl: str | None = None
    since: datetime | None = None
    """When this run began to start the cluster, by the server's clock; None: it did not."""
    back: datetime | None = None
    """When all its nodes had reported since then, as far as this run knows."""


class Look(NamedTuple):
    """What one look found. `final`: waiting cannot change it; `unknown`: kboot could not tell."""

    passed: bool
    message: str
    why: str = ""
    reason: str = ""
    fix: str = ""
    unknown: bool = False
    final: bool = False
    absent: bool = False
    """There is nothing to prove here; `message` says why."""
    again: float = 0.0
    """Seconds before which the next look is not to be."""


Looks = Generator[Look, None, T]
"""Looks, one by one, until something is so; then that. The caller pauses between them, and stops
at one that is `passed` or `final`."""


def of_failure(failure: ApiFailure) -> Look:
    """A question that the server did not answer is a look that did not pass."""
    unknown = failure.reason == "api-forbidden"
    return Look(
        passed=False,
        message="kboot may not look" if unknown else _MESSAGES.get(failure.reason, _NO_ANSWER),
        why=failure.words,
        reason=failure.reason,
        fix=failure.fix,
        unknown=unknown,
        final=failure.final,
    )


def steadily(ask: Callable[[], T]) -> Looks[T]:
    """What `ask` returns, asked again for as long as the server does not answer."""
    while True:
        try:
            return ask()
        except ApiFailure as failure:
            yield of_failure(failure)


def result_of(gate: str, look: Look, seconds: float) -> GateResult:
    """Of the last look at it, after so many seconds."""
    status = _status(look)
    why = look.why or ("" if status in _WELL else "its time was over before more could be told")
    return GateResult(gate, status, look.message, why, look.reason, look.fix, seconds)


_WELL = (GateStatus.PASSED, GateStatus.NOT_APPLICABLE)


def _status(look: Look) -> GateStatus:
    if look.passed:
        return GateStatus.PASSED
    if look.absent:
        return GateStatus.NOT_APPLICABLE
    return GateStatus.UNKNOWN if look.unknown else GateStatus.FAILED
