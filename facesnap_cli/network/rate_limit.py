"""Limit how fast requests to one resource follow each other, and choose the number of threads for it."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from facesnap_cli.common.clock import Clock
from facesnap_cli.network.pace import SLACK_S, Pace

MAX_THREADS = 32
SHARE_USED = 0.97  # of a limit: requests do not arrive as evenly as they are sent
_FIRST_REST_S = 1.0  # after a refusal that names no time, or one that has passed
_LONGEST_UNASKED_REST_S = 60.0
LONGEST_REST_S = 900.0


class RateLimit(NamedTuple):
    """At most `calls` requests in any `period_s` seconds. `is_default` says that the user has not set it."""

    calls: int
    period_s: float
    is_default: bool = False

    def __str__(self) -> str:
        if self.is_default:
            return "auto"
        return f"{self.calls}/{ {1.0: 's', 60.0: 'm', 3600.0: 'h'}[self.period_s] }"


AUTO = RateLimit(10, 1.0, is_default=True)


class Rest(NamedTuple):
    """A rest after a refusal, during which nothing is sent. It `is_new` unless its refusal is known already."""

    seconds: float
    is_new: bool


class PaceStore(Protocol):
    """Keeps the pace of one resource. Safe for several threads."""

    def read(self) -> Pace:
        """Return the pace."""
        ...

    def update(self, change: Callable[[Pace], Pace]) -> Pace:
        """Replace the pace, and return the one before. Nobody else changes it meanwhile."""
        ...


class PaceInMemory:
    """The pace of a resource in one process."""

    def __init__(self, pace: Pace):
        self._pace = pace
        self._lock = threading.Lock()

    def read(self) -> Pace:
        return self._pace

    def update(self, change: Callable[[Pace], Pace]) -> Pace:
        with self._lock:
            before = self._pace
            self._pace = change(before)
            return before


class RateLimiter:
    """Gives each request of a resource its moment. All threads of a profile share one.

    Until the service refuses a request, a few requests may follow each other at once, but no more than the limit allows
    in its period. After that, and in bulk work from the start, they are spaced evenly. None is no limit.
    """

    def __init__(self, clock: Clock, limit: RateLimit | None):
        self._clock = clock
        self._ceiling = SHARE_USED * limit.calls / limit.period_s if limit else math.inf
        self._period_s = limit.period_s if limit else 0.0
        self._recent: deque[float] | None = deque(maxlen=limit.calls) if limit else None
        self._store: PaceStore = PaceInMemory(Pace.of_new_resource(self._ceiling))
        self._is_paced = False
        self._refusals = 0  # since the last response that was none
        self._lock = threading.Lock()
        self._turns = threading.Lock()

    @property
    def ceiling(self) -> float:
        """The highest rate that the limit allows, in requests a second."""
        return self._ceiling

    @property
    def granted_rate(self) -> float:
        """The rate that is known to be granted, which the present one soon reaches, in requests a second."""
        return min(self._ceiling, self._store.read().known)

    def begin_bulk_work(self, store: PaceStore | None = None) -> None:
        """Space all requests evenly from now on, at the pace of all processes that use `store`."""
        with self._lock:
            if store and math.isfinite(self._ceiling):
                self._store = store
            self._is_paced = True

    def acquire(self, within_s: float | None = None) -> bool:
        """Wait until the next request may be sent and return True; return False at once if not `within_s`."""
        latest = math.inf if within_s is None else self._clock.monotonic() + within_s
        if not self._is_paced:
            return self._wait_for_turn(latest)
        # One thread waits for the next moment and the others for that thread, so that one that is late delays them all.
        if not self._turns.acquire(timeout=-1 if within_s is None else within_s):
            return False
        try:
            return self._wait_for_turn(latest)
        finally:
            self._turns.release()

    def _wait_for_turn(self, latest: float) -> bool:
        while True:
            now = self._clock.monotonic()
            moment = self._turn(now, latest)
            if moment is None:
                return False
            if moment > now:
                self._clock.sleep(moment - now)
                late_s = self._clock.monotonic() - moment
                if self._is_paced and late_s > SLACK_S:
                    self._put_off(late_s)
            if self._store.read().closed_until <= moment:  # else the service refused another request meanwhile
                return True

    def refused(self, asked_s: float | None, sent_at: float) -> Rest:
        """Slow down after a refusal of a request that was sent at `sent_at`. The service asks to wait `asked_s`."""
        with self._lock:
            now = self._clock.monotonic()
            is_new = sent_at > self._store.read().refused_at
            self._refusals += is_new
            growing_s = min(_FIRST_REST_S * 2 ** min(10, max(0, self._refusals - 1)), _LONGEST_UNASKED_REST_S)
            rest_s = min(max(asked_s, _FIRST_REST_S) if asked_s else growing_s, LONGEST_REST_S)
            self._is_paced = True
            self._store.update(lambda pace: pace.after_refusal(now, sent_at, rest_s, self._ceiling))
            return Rest(rest_s, is_new)

    def accepted(self) -> None:
        """Record a response that was no refusal."""
        self._refusals = 0

    def _put_off(self, late_s: float) -> None:
        """Put off the next requests, because one was sent late: on a busy machine they would come too close to it."""
        self._store.update(lambda pace: pace._replace(next_at=pace.next_at + late_s - SLACK_S))

    def _turn(self, now: float, latest: float) -> float | None:
        """Return when a request may be sent, and count it; None if that is later than `latest`."""
        with self._lock:
            if self._is_paced:
                if latest < math.inf and self._store.read().moment(now) > latest:
                    return None
                return self._store.update(lambda pace: pace.after_request(now, self._ceiling)).moment(now)
            moment = now
            if self._recent is not None:
                if len(self._recent) == self._recent.maxlen:
                    moment = max(now, self._recent[0] + self._period_s)
                if moment > latest:
                    return None
                self._recent.append(moment)
            self._store.update(lambda pace: pace.after_unpaced_request(moment))
            return moment


def threads_for(limit: RateLimit | None) -> int:
    """Return how many threads use up a rate limit if a response takes a second, or a tenth of the period."""
    if limit is None:
        return MAX_THREADS // 2
    return max(2, min(MAX_THREADS, round(limit.calls / limit.period_s), limit.calls))
