"""Time as an argument: code that waits or dates anything gets a clock, so that tests need not wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCK_SKEW = timedelta(minutes=10)  # the clocks of two machines may differ by as much


class TimeSource(Protocol):
    """The time of this machine, or of a service."""

    def now(self) -> datetime:
        """Return the wall-clock time, UTC."""
        ...


class Clock(TimeSource, Protocol):
    """The time, and a way to wait."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment. The number never decreases."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


def is_of_the_future(moment: datetime, now: datetime) -> bool:
    """Return whether a time is in the future. A copy with such a time would count as young for ever."""
    return moment - now > CLOCK_SKEW
