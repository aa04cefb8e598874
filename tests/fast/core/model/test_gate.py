"""The table of gates."""

from bootstrap.core.model.gate import GATE_IDS, GATES, selected


def test_a_gate_brings_what_it_needs_in_the_tables_order() -> None:
    for gate in GATES:
        ids = [each.id for each in selected((gate.id,))]
        assert ids[-1] == gate.id and set(gate.needs) <= set(ids)
        assert ids == [each for each in GATE_IDS if each in ids]
