"""Keep the emulator's time: the machine's clock, moved forward on demand."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

TICKS_PER_S = 10_000_000
NEVER = 2**62


class Clock:
    """Counts UTC time in ticks of 100 ns since 1970, the service's own resolution.

    `source` returns nanoseconds since 1970; tests pass one that stands still.
    """

    def __init__(self, source: Callable[[], int] = time.time_ns) -> None:
        self._source = source
        self.offset_ticks = 0

    def now(self) -> int:
        """Return the current time in ticks."""
        return self._source() // 100 + self.offset_ticks

    def advance(self, seconds: float) -> None:
        """Move the clock forward by `seconds`. Raises ValueError if they are negative."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self.offset_ticks += ticks(seconds)


def ticks(seconds: float) -> int:
    """Return seconds as ticks of 100 ns."""
    return round(seconds * TICKS_PER_S)


def timestamp(value: int) -> str:
    """Return ticks as `2021-03-15T09:12:11.5891562Z`, without trailing zeros in the fraction."""
    seconds, fraction = divmod(value, TICKS_PER_S)
    digits = f".{fraction:07d}".rstrip("0").rstrip(".")
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + digits + "Z"


def moment(value: int) -> datetime:
    """Return ticks as a datetime in UTC, to the second."""
    return datetime.fromtimestamp(value // TICKS_PER_S, UTC)
