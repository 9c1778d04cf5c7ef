"""The pace of requests beside other clients and processes, on a simulated service: no wall time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli.network.pace import Pace
from facesnap_cli.network.rate_limit import AUTO, SHARE_USED, RateLimiter
from facesnap_cli.network.shared_pace import SharedPace
from tests.conftest import LinkedClock
from tests.network.shared_service import SharedRate, Simulation, Window, fixed, sliding, steady

CEILING = SHARE_USED * 10
WindowOf = Callable[[int, float], Window]
windows = pytest.mark.parametrize("window_of", [sliding, fixed])


@windows
def test_alone_at_least_nine_of_ten_calls_a_second_are_used(window_of: WindowOf) -> None:
    simulation = Simulation(window_of(10, 1.0))
    client = simulation.add(SharedRate(CEILING).process)
    simulation.run(200)
    assert client.accepted / 200 >= 9
    assert client.refused == 0


@windows
@pytest.mark.parametrize("other_rate", [2, 5])
def test_beside_another_client_three_quarters_of_what_is_left_are_used(window_of: WindowOf, other_rate: int) -> None:
    simulation = Simulation(window_of(10, 1.0))
    simulation.add(steady(other_rate))
    client = simulation.add(SharedRate(CEILING).process, from_s=0.5)
    simulation.run(400)
    assert client.accepted / 400 >= 0.75 * (10 - other_rate)


@windows
@pytest.mark.parametrize("other_rate", [2, 5])
def test_another_client_is_hardly_ever_refused(window_of: WindowOf, other_rate: int) -> None:
    simulation = Simulation(window_of(10, 1.0))
    other = simulation.add(steady(other_rate))
    simulation.add(SharedRate(CEILING).process, from_s=0.5)
    simulation.run(400)
    assert other.refused_share <= 0.01


@windows
def test_the_limit_of_the_free_tier_is_learned_from_a_single_refusal(window_of: WindowOf) -> None:
    simulation = Simulation(window_of(20, 60.0))
    client = simulation.add(SharedRate(CEILING).process)
    simulation.run(600)
    assert client.accepted >= 0.9 * 200
    assert client.refused == 1


@windows
def test_what_another_client_leaves_when_it_ends_is_used_again(window_of: WindowOf) -> None:
    simulation = Simulation(window_of(10, 1.0))
    simulation.add(steady(5, until_s=200))
    client = simulation.add(SharedRate(CEILING).process, from_s=0.5)
    simulation.run(900)
    assert sum(time > 800 for time in client.times) / 100 >= 9


def test_two_processes_that_share_a_rate_use_it_up_together() -> None:
    simulation = Simulation(sliding(10, 1.0))
    rate = SharedRate(CEILING)
    clients = [simulation.add(rate.process) for _ in range(2)]
    simulation.run(200)
    assert sum(client.accepted for client in clients) / 200 >= 9
    assert sum(client.refused for client in clients) == 0


def test_several_refusals_of_one_moment_slow_down_once() -> None:
    pace = Pace.of_new_resource(10.0)
    for _ in range(100):
        pace = pace.after_request(0.0, 10.0)
    once = pace.after_refusal(20.0, 19.9, 1.0, 10.0)
    again = once.after_refusal(20.05, 19.95, 1.0, 10.0)
    assert once.rate(10.0) == pytest.approx(5.0)
    assert again.rate(10.0) == once.rate(10.0)
    assert again.closed_until == 21.05


def test_after_a_rest_requests_are_spaced_evenly() -> None:
    clock = LinkedClock()
    limiter = RateLimiter(clock, AUTO)
    assert limiter.acquire()
    rest = limiter.refused(7.0, clock.monotonic())
    refused_at, sent = clock.monotonic(), []
    for _ in range(5):
        assert limiter.acquire()
        sent.append(clock.monotonic())
    assert rest.seconds == 7.0
    assert sent[0] - refused_at >= 7.0
    assert all(later - earlier >= 0.1 for earlier, later in itertools.pairwise(sent))


def test_rests_grow_if_the_service_names_no_time() -> None:
    clock = LinkedClock()
    limiter = RateLimiter(clock, AUTO)
    rests = []
    for _ in range(4):
        assert limiter.acquire()
        clock.sleep(0.01)
        rests.append(limiter.refused(0.0, clock.monotonic()).seconds)
        clock.sleep(0.01)
    assert rests == [1.0, 2.0, 4.0, 8.0]


def test_a_rate_is_known_to_the_next_process_and_kept_apart_for_each_resource(tmp_path: Path) -> None:
    clock, new = LinkedClock(), Pace.of_new_resource(10.0)
    first = SharedPace(tmp_path / "state", "https://a.example", clock, new)
    first.update(lambda pace: pace.after_refusal(clock.monotonic(), clock.monotonic(), 1.0, 10.0))
    slowed = SharedPace(tmp_path / "state", "https://a.example", clock, new).read()
    assert slowed == first.read()
    assert slowed.rate(10.0) < 5.0
    assert SharedPace(tmp_path / "state", "https://b.example", clock, new).read() == new


def test_a_state_directory_that_cannot_be_used_leaves_each_process_its_own_rate(tmp_path: Path) -> None:
    (tmp_path / "rates.db").write_bytes(b"x" * 4096)
    new = Pace.of_new_resource(10.0)
    pace = SharedPace(tmp_path, "https://a.example", LinkedClock(), new)
    pace.update(lambda before: before.after_request(0.0, 10.0))
    assert pace.read().sent == 1


def test_times_from_before_a_restart_do_not_hold_anything_up() -> None:
    pace = Pace(4.0, 4.0, 100, next_at=1e6, closed_until=1e6)
    assert pace.as_of(10.0, 900.0).moment(10.0) == 10.0
    assert pace.as_of(10.0, 900.0).rate(10.0) == 4.0
