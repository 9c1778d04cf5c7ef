"""Decide whether and when a request is sent again after a failure that is no refusal by the rate limit."""

from __future__ import annotations

import random
from typing import NamedTuple

from facesnap_cli.network.responses import Response

RESENDABLE_METHODS = ("GET", "DELETE")


class RetryPolicy(NamedTuple):
    """Retry only requests that cannot have had an effect: GET and DELETE on any transient failure, others on 429.

    Delays grow exponentially with full jitter; a delay that the service asks for takes precedence. All delays of one
    request together stay below `budget_s`. After 429 the rate limiter decides when. In bulk work 429 is retried for as
    long as any request of the resource gets through now and then: `patience_s` is time without progress.
    """

    max_retries: int = 4
    base_s: float = 0.5
    cap_s: float = 20.0
    budget_s: float = 120.0
    patience_s: float = 300.0

    def delay_after(
        self, response: Response, asked_s: float | None, *, method: str, attempt: int, rng: random.Random
    ) -> float | None:
        """Return the seconds until the request may be sent again after `response`; None if it may not."""
        if method not in RESENDABLE_METHODS or not (response.status == 408 or 500 <= response.status < 600):
            return None
        return asked_s if asked_s is not None and attempt < self.max_retries else self.backoff(attempt, rng)

    def backoff(self, attempt: int, rng: random.Random) -> float | None:
        """Return the seconds to wait after failure number `attempt` (from 0); None after the last attempt."""
        if attempt >= self.max_retries:
            return None
        return rng.uniform(0, min(self.cap_s, self.base_s * 2**attempt))
