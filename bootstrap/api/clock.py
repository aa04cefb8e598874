"""The server's clock, as its answers tell it, beside this machine's."""

from datetime import UTC, datetime

from bootstrap.core.values.units import show_seconds

_AS_HTTP_WRITES_IT = "%a, %d %b %Y %H:%M:%S GMT"
_NOTABLE = 300.0
"""Seconds. Less is nothing that a certificate's or a token's validity turns on."""


def moment_of(date: str) -> datetime:
    """Raises ValueError for what is not a time as HTTP writes it."""
    return datetime.strptime(date, _AS_HTTP_WRITES_IT).replace(tzinfo=UTC)


def skew(date: str) -> str:
    """How far the server's clock is from this machine's, in words; empty: near, or not told."""
    try:
        ahead = (moment_of(date) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return ""
    if abs(ahead) < _NOTABLE:
        return ""
    return f"{show_seconds(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this machine's"
