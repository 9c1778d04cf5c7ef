"""Decide whether and when a request is sent again."""

from __future__ import annotations

import random
from datetime import datetime
from typing import NamedTuple

from facesnap_cli.network.responses import Response
from facesnap_cli.network.retry_after import requested_delay_s
from facesnap_cli.network.service_errors import is_used_up_quota

RESENDABLE_METHODS = ("GET", "DELETE")


class RetryPolicy(NamedTuple):
    """Retry only requests that cannot have had an effect: GET and DELETE on any transient failure, others on 429.

    Delays grow exponentially with full jitter; a delay that the service asks for takes precedence. All delays of one
    request together stay below `budget_s`.
    """

    max_retries: int = 4
    base_s: float = 0.5
    cap_s: float = 20.0
    budget_s: float = 120.0

    def delay_after(
        self, response: Response, *, method: str, attempt: int, now: datetime, rng: random.Random
    ) -> float | None:
        """Return the seconds until the request may be sent again after `response`; None if it may not."""
        passing = response.status == 429 or (
            method in RESENDABLE_METHODS and (response.status == 408 or 500 <= response.status < 600)
        )
        if not passing or is_used_up_quota(response):
            return None
        asked = requested_delay_s(response, now)
        return asked if asked is not None and attempt < self.max_retries else self.backoff(attempt, rng)

    def backoff(self, attempt: int, rng: random.Random) -> float | None:
        """Return the seconds to wait after failure number `attempt` (from 0); None after the last attempt."""
        if attempt >= self.max_retries:
            return None
        return rng.uniform(0, min(self.cap_s, self.base_s * 2**attempt))
