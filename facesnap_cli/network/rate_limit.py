"""Limit how fast a profile's requests follow each other, and choose the number of threads for it."""

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
    """Allows at most `calls` requests in any `period_s` seconds, and none while the service asks to wait.

    All threads of a profile share one. `calls` 0 means no limit.
    """

    def __init__(self, clock: Clock, calls: int, period_s: float):
        self._clock = clock
        self._calls = calls
        self._period_s = period_s
        self._recent: deque[float] = deque(maxlen=calls or 1)
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def acquire(self, within_s: float | None = None) -> bool:
        """Wait until the next request may be sent and return True; return False at once if not `within_s`."""
        latest = math.inf if within_s is None else self._clock.monotonic() + within_s
        moment = -math.inf  # this request's turn; the service may ask to wait before it comes
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
        """Allow no request for `seconds`, from any thread."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)


def threads_for(limit: RateLimit | None) -> int:
    """Return how many threads use up a rate limit if a response takes a second, or a tenth of the period."""
    if limit is None:
        return MAX_THREADS // 2
    return max(2, min(MAX_THREADS, round(limit.calls / limit.period_s), limit.calls))
