"""Sizes and durations as people write them in a profile and on the command line."""

import re

_SIZE = re.compile(r"^([1-9]\d{0,6})(MiB|GiB)\Z", re.ASCII)
_DURATION = re.compile(r"^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?\Z", re.ASCII)


def parse_size(text: str) -> int:
    """MiB of `512MiB` or `2GiB`. Raises ValueError on anything else."""
    match = _SIZE.match(text)
    if match is None:
        raise ValueError(f'{text!r} is not a size like "512MiB" or "2GiB"')
    return int(match[1]) * (1024 if match[2] == "GiB" else 1)


def parse_duration(text: str) -> float:
    """Seconds of `90s`, `5m` or `1h30m`. Raises ValueError on anything else, and on zero."""
    match = _DURATION.match(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if total == 0:
        raise ValueError(f'{text!r} is not a duration like "90s", "5m" or "1h30m"')
    return float(total)


def show_seconds(seconds: float) -> str:
    """`3.1 s`, `1 min 34 s`, `3 h 5 min`: for people."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def show_ago(seconds: float) -> str:
    """`3 h ago`, `just now`."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit} ago"
    return "just now"


def show_bytes(count: int) -> str:
    """`59 MB`, `812 kB`: decimal, as download pages count."""
    if count >= 999_500:
        return f"{count / 1_000_000:.0f} MB"
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} B"


def show_rate(count: int, seconds: float) -> str:
    """`39 MB/s`: of bytes that came in so many seconds."""
    return f"{show_bytes(round(count / max(seconds, 1e-3)))}/s"
