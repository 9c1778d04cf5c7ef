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
_KNOWN_SHARE = 0.95  # of the rate at which a window of up to a minute was full
_START_SHARE = 0.45  # of the limit, if nothing is known
_CLIMB = 100  # requests from there to all of the limit, until the first refusal
_FIRST_SHARE = 0.74  # of the rate at which the first request was refused
_FULL_SHARE = 0.93  # of the limit: above it, others hardly use the resource, and a late request was one too many
_LOWER_SHARE = 0.96  # of a known rate at which a request was refused again
_RARE = 120  # requests between refusals that do not lower the rate
_RECOVERY = 10  # requests from half of the known rate to all of it
_STEADY = 1000  # requests at the known rate before the next trial
_STEADY_AFTER_SUCCESS = 20
_SOON = 30  # requests after the first refusal until the first trial: the known rate is a guess then
_TRIAL_SHARE = 1.3  # of the known rate
_TRIAL_S = 2.0
_TRIAL_REQUESTS = 3  # at least
_TRIAL_GAIN = 1.05


class Pace(NamedTuple):
    """The pace of requests to one resource. Times are seconds of a monotonic clock, rates are requests a second.

    `known` is the rate that the service is known to grant, `start` the rate right after the last refusal, `sent` the
    number of requests since then; from `trial_at` of them on, a higher rate is tried. `counted` is the number of
    requests since `counted_since`.
    """

    known: float
    start: float
    sent: int = 0
    next_at: float = -math.inf
    refused_at: float = -math.inf
    closed_until: float = -math.inf
    counted: float = 0.0
    counted_since: float = -math.inf
    trial_at: int = _STEADY

    @classmethod
    def of_new_resource(cls, ceiling: float) -> Pace:
        """Return the pace for a resource of which nothing is known: it begins below half of the limit."""
        return cls(ceiling, _START_SHARE * ceiling)

    def rate(self, ceiling: float) -> float:
        """Return the present rate: it climbs to the known rate and stays there, but for short trials of a higher one.

        Where others use the resource too, a refusal often meets them instead. So the known rate stays well below the
        one that is refused, and a trial lasts no longer than two of the shortest windows.
        """
        if math.isinf(self.known):
            return ceiling
        climb = _RECOVERY if self._was_refused else _CLIMB
        if self.sent < climb:
            rate = self.start + (self.known - self.start) * self.sent / climb
        elif self._was_refused and self.sent >= self.trial_at:
            rate = self.known * _TRIAL_SHARE
        else:
            rate = self.known
        return min(ceiling, rate)

    @property
    def _was_refused(self) -> bool:
        return math.isfinite(self.refused_at)

    def moment(self, now: float) -> float:
        """Return when the next request may be sent."""
        return max(now, self.next_at)

    def after_request(self, now: float, ceiling: float) -> Pace:
        """Return the pace after the next moment is given to a request."""
        rate = self.rate(ceiling)
        known, sent, trial_at = self.known, self.sent + 1, self.trial_at
        if self._was_refused and math.isfinite(known):
            if math.isfinite(self.next_at) and self.next_at < now - IDLE_S:
                sent = min(sent, _RECOVERY)  # others may use the resource now: no trial at once
            elif sent >= trial_at + max(_TRIAL_REQUESTS, math.ceil(known * _TRIAL_SHARE * _TRIAL_S)):
                known, sent = min(ceiling, known * _TRIAL_GAIN), _RECOVERY
                trial_at = _RECOVERY + _STEADY_AFTER_SUCCESS
        return self._counting(now)._replace(
            known=known, sent=sent, trial_at=trial_at, next_at=max(self.next_at, now - SLACK_S) + 1 / rate
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
        known = max(LOWEST_RATE, self._rate_after_refusal(now, rest_s, ceiling))
        return closed._replace(
            known=known,
            start=max(LOWEST_RATE, min(self.rate(ceiling) / 2, known)),
            sent=0,
            next_at=closed_until,
            refused_at=now,
            counted=0.0,
            counted_since=closed_until,
            trial_at=_STEADY if self._was_refused or rest_s > LONGEST_SHORT_REST_S else _SOON,
        )

    def _rate_after_refusal(self, now: float, rest_s: float, ceiling: float) -> float:
        """Return the rate that is known to be granted, now that a request was refused."""
        rate = self.rate(ceiling)
        if rest_s > LONGEST_SHORT_REST_S or math.isinf(rate):
            window_s = max(0.0, now - self.counted_since) + rest_s
            return _KNOWN_SHARE * min(rate, max(0.0, self.counted - 1) / window_s)
        if self._was_refused and self.sent >= min(_RARE, self.trial_at):
            return self.known
        if self._was_refused:
            return _LOWER_SHARE * rate
        granted = self._replace(sent=max(0, self.sent - round(rate))).rate(ceiling)  # a second ago
        return max(_FIRST_SHARE * granted, 0.0 if granted < _FULL_SHARE * ceiling else _FULL_SHARE * ceiling)

    def as_of(self, now: float, longest_rest_s: float) -> Pace:
        """Return a recorded pace without times that cannot be right, such as those before a restart of the machine."""
        if max(self.next_at, self.closed_until) <= now + longest_rest_s and self.refused_at <= now:
            return self
        return Pace(self.known, self.known, _RECOVERY, refused_at=now if self._was_refused else -math.inf)
