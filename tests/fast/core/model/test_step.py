"""Steps are compared by what they do: no two kinds are equal, whatever they are about."""

from itertools import combinations
from typing import get_args

import pytest

from bootstrap.core.model.step import (
    ClusterStep,
    DeleteCluster,
    RefreshKubeconfig,
    Step,
    StopCluster,
)

SAME = ("work", "1.38.1", "asked for")


@pytest.mark.parametrize(
    ("one", "other"), list(combinations((StopCluster, DeleteCluster, RefreshKubeconfig), 2))
)
def test_steps_on_a_cluster_that_do_different_things_are_never_equal(
    one: type[StopCluster], other: type[StopCluster]
) -> None:
    assert one(*SAME) != other(*SAME)
    assert not one(*SAME) == other(*SAME)  # noqa: SIM201
    assert (one(*SAME),) != (other(*SAME),)
    assert len({one(*SAME), other(*SAME), one(*SAME)}) == 2


def test_no_other_two_kinds_of_step_have_fields_of_the_same_types() -> None:
    others = [kind for kind in get_args(Step) if not issubclass(kind, ClusterStep)]
    shapes = {tuple(map(str, kind.__annotations__.values())) for kind in others}
    assert len(shapes) == len(others) > 0
