"""What is told in a pipe while something is waited for."""

import io

from bootstrap.core.model.events import Event, Happening
from bootstrap.ui.plain import PlainTalk


def told(*waits: tuple[float, str]) -> list[str]:
    stream = io.StringIO()
    talk = PlainTalk(stream, verbose=False)
    for seconds, words in waits:
        talk.event(Event(Happening.WAITING, "dns", words, seconds=seconds))
    return [each.strip() for each in stream.getvalue().splitlines()]


def test_a_wait_that_stays_as_it_is_is_not_told_in_full_again() -> None:
    same = [(float(second), "pod dns: no such host") for second in range(31)]
    assert told(*same) == [
        "dns: pod dns: no such host",
        "dns: the same, after 13.0 s",
        "dns: the same, after 23.0 s",
    ]


def test_a_wait_that_changes_is_told_in_full_but_not_with_every_pod() -> None:
    changing = [(float(second), f"pod {second}") for second in range(14)]
    assert told(*changing) == ["dns: pod 3", "dns: pod 8", "dns: pod 13"]
