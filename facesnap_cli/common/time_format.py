"""Read and write durations and times, for people, the service and files."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import shown
from facesnap_cli.common.patterns import pattern

_DURATION = pattern(r"(\d{1,9}(?:\.\d{1,3})?)([smhd]?)", re.ASCII)
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 3650 * 86400.0
_TIME = pattern(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|\+00:00)?")


def parse_duration(text: str, *, option: str = "") -> float:
    """Return the seconds that `90`, `90s`, `15m`, `20h` or `2d` stands for. Raises UsageError, which names `option`."""
    named = f"{option}: {shown(text)}" if option else shown(text)
    match = _DURATION.fullmatch(text.strip().lower())
    if not match:
        raise UsageError(f"{named} is not a duration", hint="write for example 90s, 15m, 20h or 2d")
    seconds = float(match[1]) * _UNIT_S[match[2]]
    if seconds > _LONGEST_S:
        raise UsageError(f"{named} is longer than ten years")
    return seconds


def written_duration(seconds: float) -> str:
    """Return `seconds` as `parse_duration` reads it: `90s`, `5m`, `20h`, `90d`."""
    unit = next((name for name in ("d", "h", "m") if seconds and seconds % _UNIT_S[name] == 0), "s")
    return f"{seconds / _UNIT_S[unit]:.3f}".rstrip("0").rstrip(".") + unit


def format_duration(seconds: float) -> str:
    """Return `seconds` for people: `4s`, `2m05s`, `3h20m`, `1d04h`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def format_left(seconds: float) -> str:
    """Return the time that is left, in hours as for snapshots: `47h12m`, `12m`, `<1m`, `expired`."""
    minutes = int(seconds // 60)
    if seconds <= 0:
        return "expired"
    if minutes < 60:
        return f"{minutes}m" if minutes else "<1m"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def parse_time(text: object) -> datetime | None:
    """Return the UTC time that the service wrote, or None for anything else.

    The service writes up to seven fractional digits and no offset but `Z`; microseconds are kept.
    """
    match = _TIME.fullmatch(text.strip()) if isinstance(text, str) and len(text) < 64 else None
    if not match:
        return None
    try:
        whole = datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return whole.replace(microsecond=int((match[3] or "").ljust(6, "0")[:6]))


def format_time(moment: datetime | None) -> str | None:
    """Return RFC 3339 in UTC, fractions trimmed of trailing zeros; None stays None."""
    if moment is None:
        return None
    base = moment.astimezone(UTC).replace(tzinfo=None)
    fraction = f".{base.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{base.replace(microsecond=0).isoformat()}{fraction}Z"
