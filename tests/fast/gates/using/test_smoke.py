"""A store whose pods go and come."""

import pytest

from bootstrap.gates.using import smoke
from bootstrap.gates.why.trouble import Trouble


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        ("hello-1 w 1", "data-lost"),
        ("hello-1 w 3", "services-unanswered"),
        ("wget: can't connect", "services-unanswered"),
    ],
)
def test_a_store_that_knows_less_than_before_has_lost_data(store: str, reason: str) -> None:
    said = f"pod client-2: its time was over: of Service web, …: web-1 web-2; store-0's: {store}"
    found = smoke.of_answers("hello-1 w", "2", Trouble("services-unanswered", said))
    assert found.reason == reason
    assert said in found.words
