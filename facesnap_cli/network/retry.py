"""When a request is sent again, and how fast requests may follow each other. No I/O."""

from __future__ import annotations

import math
import random
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from facesnap_cli.common.clock import Clock
from facesnap_cli.network.responses import Answer, asked_delay_s, is_used_up_quota

RESENDABLE_METHODS = ("GET", "DELETE")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Send again only what cannot have acted: GET and DELETE on any passing failure, the others on 429 alone.

    Delays grow exponentially with full jitter; what the service asks for wins. All delays of one request
    together stay below `budget_s`.
    """

    max_retries: int = 4
    base_s: float = 0.5
    cap_s: float = 20.0
    budget_s: float = 120.0

    def delay_after(
        self, answer: Answer, *, method: str, attempt: int, now: datetime, rng: random.Random
    ) -> float | None:
        """Return the seconds until the request may be sent again after `answer`; None if it may not."""
        passing = answer.status == 429 or (
            method in RESENDABLE_METHODS and (answer.status == 408 or 500 <= answer.status < 600)
        )
        if not passing or is_used_up_quota(answer):
            return None
        asked = asked_delay_s(answer, now)
        return asked if asked is not None and attempt < self.max_retries else self.backoff(attempt, rng)

    def backoff(self, attempt: int, rng: random.Random) -> float | None:
        """Return the seconds to wait after failure number `attempt` (from 0); None when there were enough."""
        if attempt >= self.max_retries:
            return None
        return rng.uniform(0, min(self.cap_s, self.base_s * 2**attempt))


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
