"""How long requests are sent again: bulk work goes on through an outage, for as long as anything gets through."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from facesnap_cli.network.retry import Patience, RetryPolicy
from tests.conftest import LinkedClock, Program
from tests.support.archives import face_ids

OUTAGES = [{"status": 503}, {"status": 503, "retryAfter": 0}, {"status": 408}, {"drop": "before"}, {"drop": "after"}]
ROUTE = "GET /persongroups/*"


def export(program: Program) -> tuple[str, ...]:
    to = str(program.directory / "employees.facesnap")
    return ("export", "-t", "PersonGroup", "-i", "employees", "--to", to, "-q", "-o", "json")


@pytest.mark.parametrize("outage", OUTAGES, ids=str)
def test_an_export_goes_on_through_an_outage_that_uses_up_the_tries_of_each_request(
    program: Program, emulator: RunningEmulator, outage: dict[str, object]
) -> None:
    emulator.faults({"route": ROUTE, "skip": 6, "count": 20, **outage})
    done = program.run(*export(program), "--max-retries", "1")
    assert (done.status, done.json["faces"]) == (0, 7)


def test_an_export_without_progress_for_five_minutes_ends_and_goes_on_later(
    program: Program, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": ROUTE, "skip": 6, "status": 503})
    failed = program.run(*export(program))
    assert (failed.status, failed.out) == (9, "")
    assert program.clock.slept_s > 250
    assert "facesnap export" in failed.err
    emulator.faults()
    done = program.run(*export(program))
    assert (done.status, done.json["faces"]) == (0, 7)


def test_an_export_from_a_service_that_never_answered_ends_soon(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "GET /*", "drop": "before"})
    failed = program.run(*export(program))
    assert (failed.status, failed.out) == (9, "")
    assert program.clock.slept_s < 30
    assert list(Path(program.directory).glob("employees.facesnap*")) == []


def test_a_request_that_fails_again_and_again_does_not_end_the_others(
    program: Program, emulator: RunningEmulator
) -> None:
    face = face_ids(emulator, "PersonGroup", "employees")[3]
    emulator.faults({"route": f"GET /persongroups/*/persistedfaces/{face}", "status": 500, "count": 20})
    done = program.run(*export(program))
    assert (done.status, done.json["faces"]) == (0, 7)


def test_patience_begins_with_the_first_failure_and_anew_after_progress() -> None:
    clock = LinkedClock()
    patience = Patience(clock, 300.0)
    clock.sleep(10_000)  # stopped, or asleep
    assert patience.lasts(300.0)
    clock.sleep(200)
    assert not patience.lasts(101.0)
    patience.progress()
    assert patience.lasts(101.0)


def test_delays_grow_and_are_never_shorter_than_the_service_asks_for() -> None:
    policy, rng = RetryPolicy(), random.Random(1)
    assert all(policy.delay(attempt, None, rng) <= 0.5 * 2**attempt for attempt in range(5))
    assert all(policy.delay(attempt, 0.0, rng) <= 20.0 for attempt in (5, 50, 5000))
    assert policy.delay(3, 30.0, rng) == 30.0
    assert [policy.allows(attempt, 1.0) for attempt in (0, 3, 4)] == [True, True, False]
    assert not policy.allows(0, 121.0)
