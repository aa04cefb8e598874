"""Data in a volume: asked for as the server knows it, and there again."""

import pytest

from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.table import trial_gates
from tests.helpers.serving.acting_api import ActingApi
from tests.helpers.working.trials import NOTHING, pass_gate, through


def test_before_1_6_the_beta_of_storage_is_asked(api: ActingApi, trial: Trial) -> None:
    newer = "/apis/storage.k8s.io/v1/storageclasses"
    api.put(f"{newer.replace('v1', 'v1beta1')}/standard", api.things.pop(f"{newer}/standard"))
    del api.documents[newer]
    look = pass_gate(trial, "storage")
    assert look is not None and look.passed, look
    trial.end(10.0)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("cat: can't open '/data/kboot-0a0b0c0d': No such file or directory", "data-lost"),
        ("cat: read error: Input/output error", "pod-failed"),
    ],
)
def test_data_that_are_not_there_any_more_are_lost(
    api: ActingApi, trial: Trial, said: str, reason: str
) -> None:
    looks = trial_gates(trial, NOTHING)["storage"]()
    main = {"name": "main", "state": {"terminated": {"exitCode": 1, "message": said}}}
    ended = {"phase": "Failed", "containerStatuses": [main]}
    api.later["storage-read"] = ended
    look = through(looks)
    assert look is not None and (look.reason, look.final) == (reason, True)
    trial.end(10.0)
