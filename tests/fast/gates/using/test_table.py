"""A gate without its program."""

import pytest

from bootstrap.core.model.gate import Lack
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.programs import Programs
from bootstrap.gates.using.table import trial_gates
from tests.helpers.working.trials import NOTHING


@pytest.mark.parametrize("gate", ["kubectl", "build"])
def test_a_gate_whose_declared_program_is_missing_fails(trial: Trial, gate: str) -> None:
    lack = Lack("it is not found", "kboot up --tools-only")
    look = list(trial_gates(trial, Programs(lack, lack, lack, lack))[gate]())[-1]
    assert (look.passed, look.absent, look.final) == (False, False, True)
    assert (look.reason, look.fix) == ("program-missing", lack.fix)


@pytest.mark.parametrize("gate", ["kubectl", "build"])
def test_a_gate_that_may_do_without_its_program_has_nothing_to_prove(
    trial: Trial, gate: str
) -> None:
    look = list(trial_gates(trial, NOTHING)[gate]())[-1]
    assert (look.passed, look.absent, look.final) == (False, True, True)
