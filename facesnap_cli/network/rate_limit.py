"""A profile's rate limit: its value, the limiter that keeps it, the threads that keep it busy."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import NamedTuple

from facesnap_cli.common.clock import Clock

MAX_THREADS = 32


class RateLimit(NamedTuple):
    """At most `calls` requests in any `period_s` seconds."""

    calls: int
    period_s: float

    def __str__(self) -> str:
        return f"{self.calls}/{ {1.0: 's', 60.0: 'm', 3600.0: 'h'}[self.period_s] }"


class RateLimiter:
    """Lets at most `calls` requests through in any `period_s` seconds, and none while the service asked for rest.

    One is shared by all the threads of a profile. `calls` 0 is no limit.
    """

    def __init__(self, clock: Clock, calls: int, period_s: float):
        self._clock = clock
        self._calls = calls
        self._period_s = period_s
        self._recent: deque[float] = deque(maxlen=calls or 1)
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def acquire(self, within_s: float | None = None) -> bool:
        """Return True when the next request may be sent; False at once where that is not so `within_s`."""
        latest = math.inf if within_s is None else self._clock.monotonic() + within_s
        moment = -math.inf  # when this request has its turn; the service may ask for rest while it waits for that
        while True:
            with self._lock:
                if self._closed_until <= moment:
                    return True
                now = self._clock.monotonic()
                moment = max(now, self._closed_until)
                if self._calls and len(self._recent) == self._calls:
                    moment = max(moment, self._recent[0] + self._period_s)
                if moment > latest:
                    return False
                self._recent.append(moment)
            self._clock.sleep(moment - now)

    def rest(self, seconds: float) -> None:
        """Let nothing through for `seconds`, whichever thread asks."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)


def threads_for(limit: RateLimit | None) -> int:
    """Return how many threads keep a rate limit busy where an answer takes up to a second, or a tenth of the period."""
    if limit is None:
        return MAX_THREADS // 2
    return max(2, min(MAX_THREADS, round(limit.calls / limit.period_s), limit.calls))
