"""The server's clock, as its answers tell it, beside this machine's."""

from datetime import UTC, datetime

from bootstrap.core.values.units import show_seconds

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTABLE = 300.0
"""Seconds. Less is nothing that a certificate's or a token's validity turns on."""


def moment_of(date: str) -> datetime:
    """Of `Fri, 27 Nov 2026 22:12:50 GMT`. Raises ValueError for what is not a time as HTTP has it.

    Not by strptime, which loads the calendar and takes as long as three questions to the server.
    """
    _, day, month, year, clock, _ = date.split()
    hour, minute, second = map(int, clock.split(":"))
    try:
        at = (int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second)
        return datetime(*at, tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"{date[:40]!r} is not a time") from error


def skew(date: str) -> str:
    """How far the server's clock is from this machine's, in words; empty: near, or not told."""
    try:
        ahead = (moment_of(date) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return ""
    if abs(ahead) < _NOTABLE:
        return ""
    return f"{show_seconds(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this machine's"
