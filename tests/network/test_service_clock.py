"""Test how the service's time is read from its responses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from facesnap_cli.network.service_clock import ClockDifference, ServiceClock
from tests.conftest import LinkedClock

DAY_S = 86400.0


class Lines:
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        raise AssertionError(text)

    info = note

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def updated(clock: LinkedClock, date: str | datetime, difference: ClockDifference | None = None) -> ServiceClock:
    """Return the clock of a service that answers at once, with this Date."""
    service_clock = ServiceClock(clock, difference)
    text = date if isinstance(date, str) else format_datetime(date.astimezone(UTC), usegmt=True)
    service_clock.update(text, clock.now())
    return service_clock


@pytest.mark.parametrize("days", [-3000, -30, -1, 0, 1, 30, 3000])
def test_the_services_time_is_that_of_its_date(days: float) -> None:
    clock = LinkedClock()
    service_clock = updated(clock, clock.now() + timedelta(days=days))
    clock.sleep(600)
    assert abs(service_clock.now() - clock.now() - timedelta(days=days)) <= timedelta(seconds=1)
    assert service_clock.to_local(service_clock.from_local(clock.now())) == clock.now()


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Mon, 99 Nov 2026 00:00:00 GMT",
        "Mon, 23 Foo 2026 00:00:00 GMT",
        "Wed, 31 Dec 2014 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 01 Jan 2100 00:00:00 GMT",
        "Mon, 23 Nov 2026 00:00:00 GMT, Mon, 23 Nov 2026 00:00:01 GMT",
    ],
)
def test_without_a_plausible_date_the_time_is_this_machines(date: str) -> None:
    clock = LinkedClock()
    assert updated(clock, date).now() == clock.now()


def test_a_machine_whose_clock_begins_in_1970_learns_the_time() -> None:
    clock = LinkedClock()
    clock.shift((datetime(1970, 1, 1, tzinfo=UTC) - clock.now()).total_seconds())
    assert f"{updated(clock, 'Mon, 23 Nov 2026 08:00:00 GMT').now():%F %T}" == "2026-11-23 08:00:00"


def test_a_machine_that_sleeps_during_a_request_has_no_wrong_clock() -> None:
    clock, difference = LinkedClock(), ClockDifference()
    sent_time, service_clock = clock.now(), ServiceClock(clock, difference)
    clock.sleep(8 * 3600)
    service_clock.update(format_datetime(sent_time + timedelta(seconds=2), usegmt=True), sent_time)
    assert (service_clock.ahead, difference.is_large) == (timedelta(), False)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3500, None),
        (-3500, None),
        (3 * DAY_S, "this machine's clock is 3d00h behind the service's: set it"),
        (-3 * DAY_S, "this machine's clock is 3d00h ahead of the service's: set it"),
    ],
)
def test_a_difference_of_more_than_an_hour_is_said_once(seconds: float, said: str | None) -> None:
    clock, lines = LinkedClock(), Lines()
    difference = ClockDifference(lines)
    for _ in range(3):
        updated(clock, clock.now() + timedelta(seconds=seconds), difference)
    assert difference.is_large == (said is not None)
    assert [line.partition(" (")[0] for line in lines.warnings] == ([said] if said else [])
