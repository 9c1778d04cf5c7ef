"""The polling schedule and loop, on a simulated clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.common.errors import UnreachableError
from facesnap_cli.network.rate_limit import RateLimit, RateLimiter
from facesnap_cli.operations.polling import Pending, PollResult, Schedule, poll


class SimulatedClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time_s, UTC)

    def monotonic(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += max(0.0, seconds)


class Operations:
    """Operations that end at known times, each poll taking `latency_s`; records when they were polled."""

    def __init__(self, clock: SimulatedClock, ends: Mapping[int, float], latency_s: float = 0.0):
        self.clock = clock
        self.ends = ends
        self.latency_s = latency_s
        self.polls: list[float] = []
        self.found: dict[int, float] = {}
        self.limiter: RateLimiter | None = None

    def fetch(self, keys: Sequence[int]) -> dict[int, PollResult]:
        return {key: self._poll(key) for key in keys}

    def _poll(self, key: int) -> PollResult:
        if self.limiter:
            self.limiter.acquire()
        self.clock.sleep(self.latency_s)
        self.polls.append(self.clock.time_s)
        finished = self.clock.time_s >= self.ends[key]
        if finished:
            self.found[key] = self.clock.time_s
        return PollResult(finished)


def wait(ends: Mapping[int, float], estimate_s: float | None = None, limiter: bool = False) -> Operations:
    clock = SimulatedClock()
    operations = Operations(clock, ends)
    if limiter:
        operations.limiter = RateLimiter(clock, RateLimit(20, 60.0))
    pending = [Pending(key, 0.0, estimate_s) for key in ends]
    assert poll(pending, operations.fetch, clock=clock, schedule=Schedule()) == dict.fromkeys(ends)
    return operations


@given(st.floats(min_value=0.0, max_value=4 * 3600))
def test_no_more_than_a_tenth_or_a_second_is_wasted(duration_s: float) -> None:
    operations = wait({1: duration_s})
    assert operations.found[1] - duration_s <= max(1.0, duration_s / 10) + 1e-6


def test_four_hours_cost_at_most_300_polls() -> None:
    assert len(wait({1: 4 * 3600.0}).polls) <= 300


@given(st.floats(min_value=1.0, max_value=4 * 3600), st.floats(min_value=1.0, max_value=4 * 3600))
def test_a_wrong_estimate_costs_neither_time_nor_many_polls(duration_s: float, estimate_s: float) -> None:
    operations = wait({1: duration_s}, estimate_s)
    assert operations.found[1] - duration_s <= max(1.0, duration_s / 10) + 1e-6
    assert len(operations.polls) <= 300 + 2


def test_a_right_estimate_wastes_a_hundredth_where_the_schedule_alone_wastes_more() -> None:
    durations_s = [float(duration_s) for duration_s in range(300, 3000, 77)]
    estimated = [wait({1: duration_s}, duration_s).found[1] - duration_s for duration_s in durations_s]
    alone = [wait({1: duration_s}).found[1] - duration_s for duration_s in durations_s]
    assert all(waste <= 0.011 * duration_s + 0.3 for waste, duration_s in zip(estimated, durations_s, strict=True))
    assert sum(estimated) < 0.6 * sum(alone)


def test_ten_operations_stay_within_the_free_tier_together() -> None:
    operations = wait({key: 300.0 + 60.0 * key for key in range(10)}, limiter=True)
    polls = operations.polls
    assert all(polls[number + 20] - polls[number] >= 60.0 for number in range(len(polls) - 20))


def test_a_deadline_ends_the_wait_and_leaves_what_still_runs() -> None:
    clock = SimulatedClock()
    operations = Operations(clock, {1: 5.0, 2: 500.0})
    outcome = poll([Pending(1), Pending(2)], operations.fetch, clock=clock, schedule=Schedule(), deadline=60.0)
    assert outcome == {1: None}
    assert clock.time_s == pytest.approx(60.0)


def test_an_operation_that_ran_for_long_already_is_polled_at_once() -> None:
    clock = SimulatedClock()
    operations = Operations(clock, {1: 0.0})
    poll([Pending(1, age_s=3600.0)], operations.fetch, clock=clock, schedule=Schedule())
    assert operations.polls == [0.0]


def test_passing_failures_are_borne_for_the_patience_and_no_longer() -> None:
    clock = SimulatedClock()
    failure = UnreachableError("gone")
    outcome = poll(
        [Pending(1)],
        lambda keys: dict.fromkeys(keys, PollResult(False, failure)),
        clock=clock,
        schedule=Schedule(),
        patience_s=300.0,
    )
    assert outcome == {1: failure}
    assert 300.0 <= clock.time_s <= 400.0


def test_a_constant_interval_replaces_the_schedule() -> None:
    clock = SimulatedClock()
    operations = Operations(clock, {1: 30.0})
    poll([Pending(1)], operations.fetch, clock=clock, schedule=Schedule(interval_s=5.0))
    assert operations.polls == [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]


@given(st.lists(st.floats(min_value=0.0, max_value=10.0), max_size=60), st.integers(min_value=1, max_value=20))
def test_the_rate_limit_holds_in_every_window(gaps_s: list[float], calls: int) -> None:
    clock = SimulatedClock()
    limiter = RateLimiter(clock, RateLimit(calls, 60.0))
    passed = []
    for gap_s in gaps_s:
        clock.sleep(gap_s)
        limiter.acquire()
        passed.append(clock.time_s)
    assert all(passed[n + calls] - passed[n] >= 60.0 - 1e-6 for n in range(len(passed) - calls))


def test_the_rate_limit_is_kept_busy() -> None:
    clock = SimulatedClock()
    limiter = RateLimiter(clock, RateLimit(20, 60.0))
    for _ in range(200):
        limiter.acquire()
    assert clock.time_s == pytest.approx(9 * 60.0)


def test_a_request_that_waits_for_its_turn_keeps_the_rest_that_is_asked_for_meanwhile() -> None:
    class RestingClock(SimulatedClock):
        """A clock on which another thread hears, during the first sleep, that the service asks for rest."""

        limiter: RateLimiter | None = None

        def sleep(self, seconds: float) -> None:
            resting, self.limiter = self.limiter, None
            if resting:
                resting.refused(5.0, self.time_s)
            super().sleep(seconds)

    clock = RestingClock()
    limiter = RateLimiter(clock, RateLimit(1, 0.5))
    assert limiter.acquire()
    clock.limiter = limiter
    assert limiter.acquire()
    assert clock.time_s >= 5.0
