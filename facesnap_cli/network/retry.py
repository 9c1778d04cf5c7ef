"""Decide whether and when a request is sent again after a failure that is no refusal by the rate limit."""

from __future__ import annotations

import random
import threading
from typing import NamedTuple

from facesnap_cli.common.clock import Clock
from facesnap_cli.network.responses import Response

RESENDABLE_METHODS = ("GET", "DELETE")
_MOST_DOUBLINGS = 16


class RetryPolicy(NamedTuple):
    """Retry only requests that cannot have had an effect: GET and DELETE on any transient failure, others on 429.

    Delays grow exponentially with full jitter, and are never shorter than the service asks for. At most `max_retries`
    delays of one request together stay below `budget_s`. After 429 the rate limiter decides when. In bulk work a
    request is sent again for as long as any other one gets through now and then: `patience_s` is time without progress.
    """

    max_retries: int = 4
    base_s: float = 0.5
    cap_s: float = 20.0
    budget_s: float = 120.0
    patience_s: float = 300.0

    def delay(self, attempt: int, asked_s: float | None, rng: random.Random) -> float:
        """Return the seconds to wait after failure number `attempt` (from 0). The service asks for `asked_s`."""
        longest_s = min(self.cap_s, self.base_s * 2 ** min(attempt, _MOST_DOUBLINGS))
        return max(asked_s or 0.0, rng.uniform(0, longest_s))

    def allows(self, attempt: int, slept_s: float) -> bool:
        """Return whether a request that failed `attempt` times before may wait `slept_s` in all."""
        return attempt < self.max_retries and slept_s <= self.budget_s


class Patience:
    """Measures for how long no request of an account has got through. Safe for several threads.

    The time begins with the first failure: the program may have been stopped, or the machine asleep, before that.
    """

    def __init__(self, clock: Clock, longest_s: float):
        self._clock = clock
        self._longest_s = longest_s
        self._failing_since: float | None = None
        self._is_reported = False
        self._lock = threading.Lock()
        self.has_progress = False

    def progress(self) -> None:
        """Record that a request got through."""
        with self._lock:
            self.has_progress, self._failing_since, self._is_reported = True, None, False

    def lasts(self, delay_s: float) -> bool:
        """Return whether a request that failed now may wait so long for its next try."""
        with self._lock:
            now = self._clock.monotonic()
            if self._failing_since is None:
                self._failing_since = now
            return now - self._failing_since + delay_s <= self._longest_s

    def is_first_report(self) -> bool:
        """Return whether nothing was reported since the last progress, and record a report."""
        with self._lock:
            was_reported, self._is_reported = self._is_reported, True
            return not was_reported


def is_transient(response: Response) -> bool:
    """Return whether the service failed, rather than refused the request."""
    return response.status == 408 or 500 <= response.status < 600
