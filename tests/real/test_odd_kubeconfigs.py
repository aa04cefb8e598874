"""Kubeconfigs with YAML's corners, judged by kboot and by the oldest and the newest kubectl.

More of them by hand: `python -m tests.helpers.working.odd_kubeconfigs COUNT SEED KUBECTL…`.
"""

import sys
from pathlib import Path

import pytest

from tests.helpers.hosts.engine import path_from
from tests.helpers.places import PARTS
from tests.helpers.working.odd_kubeconfigs import Judge, judged, written

pytestmark = pytest.mark.real


@pytest.mark.parametrize("seed", range(4))
def test_kboot_accepts_what_kubectls_accept_and_leaves_them_all_that_was_there(
    seed: int, tmp_path: Path
) -> None:
    kubectls = [
        path_from(sys.executable, PARTS / "fetch-kubectl", version)
        for version in ("1.20.0", "1.37.1")
    ]
    told = judged(written(100, seed), Judge(kubectls, tmp_path))
    assert told.wrong == []
    assert 25 < told.accepted < 75 and told.refused_by_kubectl > 25
