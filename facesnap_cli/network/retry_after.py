"""Read how long a response asks to wait, from its headers or its message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from facesnap_cli.common.patterns import pattern
from facesnap_cli.network.responses import ErrorBody, Response

_NUMBER = pattern(r"\d{1,9}(?:\.\d{0,9})?", re.ASCII)
_BEFORE = r"(?:try again in|try again after|retry in|retry after|replenished in|wait|wait for)\s+"
_WAIT = pattern(
    _BEFORE + r"(\d{1,9}(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|hours?|h|days?)\b",
    re.IGNORECASE,
)
_TIMED_WAIT = pattern(_BEFORE + r"(\d{1,4}):(\d\d):(\d\d)", re.IGNORECASE)
# By their first three letters.
_UNIT_S = {"ms": 0.001, "mil": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "hou": 3600.0, "day": 86400.0}


def requested_delay_s(response: Response, now: datetime) -> float | None:
    """Return how long the response asks to wait.

    Its message says so if its headers name no time, or one that has passed. A date is measured from the response's own
    `Date`; `now` is the service's time if it has none.
    """
    named_s = _named_in_headers(response.headers, now)
    return named_s or _named_in(ErrorBody.of(response).message) or named_s


def _named_in_headers(headers: Mapping[str, str], now: datetime) -> float | None:
    for name, unit_s in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        if _NUMBER.fullmatch(number := headers.get(name, "").strip()):
            return float(number) * unit_s
    moment = _date(headers.get("retry-after", ""))
    if moment is not None:
        return max(0.0, (moment - (_date(headers.get("date", "")) or now)).total_seconds())
    return None


def _named_in(message: str) -> float | None:
    if found := _WAIT.search(message):
        return float(found[1]) * _UNIT_S[found[2].lower()[:3]]
    if timed := _TIMED_WAIT.search(message):
        return float(int(timed[1]) * 3600 + int(timed[2]) * 60 + int(timed[3]))
    return None


def asks_for_hours(message: str) -> bool:
    """Return whether an error message asks to wait hours or days."""
    found = _WAIT.search(message)
    return bool(found and _UNIT_S[found[2].lower()[:3]] >= _UNIT_S["h"])


def _date(header: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(header.strip()) if header.strip() else None
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
