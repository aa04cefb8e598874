import math
import time

import pytest

from bootstrap.cluster.gate_look import Look, Looks
from bootstrap.cluster.trial.patience import patiently


def looks_at(*reasons: str, seconds: float = 0.0) -> Looks[None]:
    for reason in reasons:
        yield Look(passed=False, message="not yet", reason=reason)
        time.sleep(seconds)


@pytest.mark.parametrize("reason", ["webhook-fails", "storageclass-missing", "kubectl-fails"])
def test_a_trouble_that_lasts_for_long_enough_is_final(reason: str) -> None:
    (look,) = patiently(looks_at(reason), seconds=0.0)
    assert look.final
    assert not any(look.final for look in patiently(looks_at(reason, reason), seconds=math.inf))


def test_progress_is_waited_for_as_long_as_it_takes() -> None:
    assert not any(look.final for look in patiently(looks_at("", "not-there-yet"), seconds=0.0))


def test_another_trouble_is_waited_out_anew() -> None:
    reasons = ("claim-not-bound", "pod-unschedulable", "pod-unschedulable")
    found = [look.final for look in patiently(looks_at(*reasons, seconds=0.2), seconds=0.15)]
    assert found == [False, False, True]


def test_who_stops_looking_stops_what_is_looked_at() -> None:
    ended = []

    def looks() -> Looks[None]:
        try:
            yield from looks_at("webhook-fails", "webhook-fails")
        finally:
            ended.append(True)

    patient = patiently(looks())
    next(patient)
    patient.close()
    assert ended
