"""Compute how fast requests to one resource may follow each other. Pure functions: time is an argument."""

from __future__ import annotations

import math
from typing import NamedTuple

LOWEST_RATE = 1 / 30
SLACK_S = 0.025  # a request that is sent this late does not delay the next one
IDLE_S = 60.0
# A resource counts its requests in windows of a second, or of up to a minute. After a refusal it names a second or two
# in the first case.
LONGEST_SHORT_REST_S = 2.0
_MEASURED_S = 60.0
_KNOWN_SHARE = 0.95  # of the rate at which a request was refused
_RECOVERY = 100  # requests from half of the known rate to all of it
_PROBING = 1000  # requests from there to one and a half times the known rate


class Pace(NamedTuple):
    """The pace of requests to one resource. Times are seconds of a monotonic clock, rates are requests a second.

    `known` is the rate that the service is known to grant, `start` the rate right after the last refusal, `sent` the
    number of requests since then. `counted` is the number of requests since `counted_since`.
    """

    known: float
    start: float
    sent: int = 0
    next_at: float = -math.inf
    refused_at: float = -math.inf
    closed_until: float = -math.inf
    counted: float = 0.0
    counted_since: float = -math.inf

    @classmethod
    def of_new_resource(cls, ceiling: float) -> Pace:
        """Return the pace for a resource of which nothing is known: it begins at half of the limit."""
        return cls(ceiling, ceiling / 2)

    def rate(self, ceiling: float) -> float:
        """Return the present rate: it recovers to the known rate, stays near it, and then probes upwards slowly."""
        if math.isinf(self.known):
            return ceiling
        if self.sent < _RECOVERY:
            rate = self.known - (self.known - self.start) * (1 - self.sent / _RECOVERY) ** 3
        else:
            rate = self.known * (1 + 0.5 * ((self.sent - _RECOVERY) / _PROBING) ** 3)
        return min(ceiling, rate)

    def moment(self, now: float) -> float:
        """Return when the next request may be sent."""
        return max(now, self.next_at)

    def after_request(self, now: float, ceiling: float) -> Pace:
        """Return the pace after the next moment is given to a request."""
        rate = self.rate(ceiling)
        known, start, sent = self.known, self.start, self.sent + 1
        if math.isfinite(rate) and self.next_at < now - IDLE_S and math.isfinite(self.next_at):
            known, start, sent = rate, rate, _RECOVERY  # others may use the resource now: do not go on probing
        return self._counting(now)._replace(
            known=known, start=start, sent=sent, next_at=max(self.next_at, now - SLACK_S) + 1 / rate
        )

    def after_unpaced_request(self, moment: float) -> Pace:
        """Return the pace after a request that did not wait for its moment."""
        return self._counting(moment)

    def _counting(self, now: float) -> Pace:
        """Return the pace with another request counted. Of a long time, only the mean of its latest part is kept."""
        counted, since = self.counted, min(now, self.counted_since)
        elapsed_s = now - since
        if elapsed_s > _MEASURED_S:
            counted *= _MEASURED_S / 2 / elapsed_s
            since = now - _MEASURED_S / 2 if counted else now
        return self._replace(counted=counted + 1, counted_since=since)

    def after_refusal(self, now: float, sent_at: float, rest_s: float, ceiling: float) -> Pace:
        """Return the pace after a refusal of a request that was sent at `sent_at`: nothing for `rest_s`, then half.

        Requests that were under way at the last refusal do not slow it down again. A long rest shows a window of up to
        a minute, and how many requests fit into it.
        """
        closed_until = max(self.closed_until, now + rest_s)
        closed = self._replace(closed_until=closed_until, next_at=max(self.next_at, closed_until))
        if sent_at <= self.refused_at:
            return closed
        rate = self.rate(ceiling)
        if rest_s > LONGEST_SHORT_REST_S or math.isinf(rate):
            rate = min(rate, max(0.0, self.counted - 1) / (max(0.0, now - self.counted_since) + rest_s))
        known = max(LOWEST_RATE, _KNOWN_SHARE * rate)
        return closed._replace(
            known=known,
            start=max(LOWEST_RATE, min(self.rate(ceiling) / 2, known)),
            sent=0,
            next_at=closed_until,
            refused_at=now,
            counted=0.0,
            counted_since=closed_until,
        )

    def as_of(self, now: float, longest_rest_s: float) -> Pace:
        """Return a recorded pace without times that cannot be right, such as those before a restart of the machine."""
        if max(self.next_at, self.closed_until) <= now + longest_rest_s and self.refused_at <= now:
            return self
        return Pace(self.known, self.known, _RECOVERY)
