"""Compute how long a take, an apply or a training lasts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from facesnap_cli.common.errors import UsageError


@dataclass(frozen=True)
class Pace:
    """A fixed duration, or a duration per 1,000 entries (persons and faces)."""

    seconds: float
    per_thousand: bool = False

    def duration(self, entries: int) -> float:
        """Return the seconds for an object with this many entries."""
        return self.seconds * entries / 1000 if self.per_thousand else self.seconds


def parse_pace(value: float | str, option: str) -> Pace:
    """Read seconds (`1.5`), or seconds per 1,000 entries (`1.5/1000`). Raises UsageError."""
    number, _, entries = str(value).partition("/")
    try:
        seconds = float(number)
    except ValueError:
        seconds = -1
    if not math.isfinite(seconds) or seconds < 0 or entries not in ("", "1000"):
        raise UsageError(f"{option} {value}: give seconds (1.5), or seconds per 1,000 entries (1.5/1000)")
    return Pace(seconds, per_thousand=entries == "1000")
