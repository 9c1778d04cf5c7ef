"""The limit that a profile sets for its requests."""

from __future__ import annotations

from typing import NamedTuple


class RateLimit(NamedTuple):
    """At most `calls` requests in any `period_s` seconds."""

    calls: int
    period_s: float

    def __str__(self) -> str:
        return f"{self.calls}/{ {1.0: 's', 60.0: 'm', 3600.0: 'h'}[self.period_s] }"
