"""Read how long a response asks to wait, from its header or its message."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from facesnap_cli.common.patterns import pattern
from facesnap_cli.network.responses import ErrorBody, Response

_WAIT = pattern(r"(?:try again in|replenished in)\s+(\d{1,9}(?:\.\d+)?)\s*(second|minute|hour|day)s?", re.IGNORECASE)
_TIMED_WAIT = pattern(r"(?:try again in|replenished in)\s+(\d{1,4}):(\d\d):(\d\d)", re.IGNORECASE)
_UNIT_S = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


def requested_delay_s(response: Response, now: datetime) -> float | None:
    """Return how long the response asks to wait: its Retry-After (seconds or a date), else its message's time."""
    from email.utils import parsedate_to_datetime

    header = response.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    try:
        moment = parsedate_to_datetime(header) if header else None
    except (ValueError, OverflowError):
        moment = None
    if moment is not None:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    message = ErrorBody.of(response).message
    if found := _WAIT.search(message):
        return float(found[1]) * _UNIT_S[found[2].lower()]
    if timed := _TIMED_WAIT.search(message):
        return float(int(timed[1]) * 3600 + int(timed[2]) * 60 + int(timed[3]))
    return None


def asks_for_hours(message: str) -> bool:
    """Return whether an error message asks to wait hours or days."""
    found = _WAIT.search(message)
    return bool(found and found[2].lower() in ("hour", "day"))
