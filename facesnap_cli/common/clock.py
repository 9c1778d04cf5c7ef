"""Time as an argument: what waits or dates anything gets a clock, so that tests need not wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

CLOCK_SKEW = timedelta(minutes=10)  # by which two machines' clocks may differ


class Clock(Protocol):
    """What the rest of the program knows of time."""

    def now(self) -> datetime:
        """Return the wall-clock time, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary origin; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return `seconds` later."""
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
    """Tell whether something claims a time that has not come: it would count as young for as long as it likes."""
    return moment - now > CLOCK_SKEW
