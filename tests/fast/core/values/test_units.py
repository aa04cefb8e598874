"""Sizes, times and bytes, as people write and read them."""

import pytest

from bootstrap.core.values.units import (
    parse_duration,
    parse_size,
    show_ago,
    show_bytes,
    show_seconds,
)


@pytest.mark.parametrize(("text", "mib"), [("512MiB", 512), ("2GiB", 2048), ("1MiB", 1)])
def test_a_size_is_read_in_mib(text: str, mib: int) -> None:
    assert parse_size(text) == mib


@pytest.mark.parametrize("text", ["", "2", "2GB", "0GiB", "-1GiB", "1.5GiB", "2GiB\n", "٢GiB"])
def test_what_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h30m", 5400), ("1h0m1s", 3601)]
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "5", "m", "5m5h", "-5m", "1.5h", "5m\n", "٥m"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (3.14, "3.1 s"), (59.97, "1 min 0 s"), (94, "1 min 34 s"), (11100, "3 h 5 min")],
)
def test_a_time_is_shown_in_the_units_that_people_use(seconds: float, shown: str) -> None:
    assert show_seconds(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (812_000, "812 kB"), (999_700, "1 MB"), (58_601_656, "59 MB")],
)
def test_bytes_are_shown_as_download_pages_count_them(count: int, shown: str) -> None:
    assert show_bytes(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-3.0, "just now"),
        (0.0, "just now"),
        (59.9, "just now"),
        (60.0, "1 min ago"),
        (3599.0, "59 min ago"),
        (3600.0, "1 h ago"),
        (86399.0, "23 h ago"),
        (86400.0, "1 d ago"),
    ],
)
def test_an_age_is_shown_in_its_largest_whole_unit(seconds: float, shown: str) -> None:
    assert show_ago(seconds) == shown
