"""Derive the service's time from the `Date` of its responses, because this machine's clock may be wrong by days."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.common.time_format import format_duration

LARGEST_DIFFERENCE = timedelta(hours=1)
# The form that HTTP prescribes. email.utils would read any other too, but takes time to load.
_DATE = pattern(r"\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
_FARTHEST = timedelta(days=3653)


class ClockDifference:
    """The largest difference between this machine's clock and the service's in a run. Safe for several threads."""

    def __init__(self, reporter: Reporter = SILENT):
        self._reporter = reporter
        self._largest = timedelta()
        self._is_known = False
        self._lock = threading.Lock()

    @property
    def is_large(self) -> bool:
        """Whether this machine's clock is so wrong that nothing may be deleted by its time."""
        return abs(self._largest) > LARGEST_DIFFERENCE

    @property
    def confirms_clock(self) -> bool:
        """Whether the service has shown that this machine's clock is right, so that old records may be forgotten."""
        return self._is_known and not self.is_large

    def silence(self) -> None:
        """Leave the warning out, because the caller reports the difference itself."""
        self._reporter = SILENT

    def add(self, ahead: timedelta) -> None:
        """Take in how far a service's clock is ahead of this machine's, and warn the first time that it is large."""
        with self._lock:
            was_large, self._is_known = self.is_large, True
            self._largest = max(self._largest, ahead, key=abs)
            is_new = self.is_large and not was_large
        if is_new:
            self._reporter.warn(
                f"this machine's clock is {self}: set it (timedatectl set-ntp true);"
                " the ages of snapshots are told by the service's clock"
            )

    def __str__(self) -> str:
        side = "behind" if self._largest > timedelta() else "ahead of"
        minutes = round(abs(self._largest).total_seconds() / 60)  # `Date` has whole seconds
        return f"{format_duration(minutes * 60)} {side} the service's"


class ServiceClock:
    """The clock of one account's service. It is this machine's until a response has a plausible `Date`."""

    def __init__(self, clock: Clock, difference: ClockDifference | None = None):
        self._clock = clock
        self._difference = difference or ClockDifference()
        self.ahead: timedelta | None = None  # of this machine's clock

    @property
    def is_known(self) -> bool:
        """Whether a response has shown the service's time."""
        return self.ahead is not None

    def now(self) -> datetime:
        """Return the service's time, UTC."""
        return self.from_local(self._clock.now())

    def from_local(self, moment: datetime) -> datetime:
        """Return the service's time at a moment of this machine's clock."""
        return moment + (self.ahead or timedelta())

    def to_local(self, moment: datetime) -> datetime:
        """Return the time of this machine's clock at a moment of the service's."""
        return moment - (self.ahead or timedelta())

    def update(self, date: str, sent_time: datetime) -> None:
        """Read the `Date` of a response to a request sent at a moment of this machine's clock."""
        received_time = self._clock.now()
        service_time = _parsed(date)
        if service_time is None or not _is_plausible(service_time, received_time):
            return
        # The service wrote it at some moment in between, which may be long: the machine may have slept meanwhile.
        nearest = min(max(service_time, sent_time), max(sent_time, received_time))
        self.ahead = service_time - nearest
        self._difference.add(self.ahead)


def _parsed(date: str) -> datetime | None:
    found = _DATE.fullmatch(date)
    if not found or found[2] not in _MONTHS:
        return None
    try:
        day, year, hour, minute, second = (int(found[number]) for number in (1, 3, 4, 5, 6))
        return datetime(year, _MONTHS.index(found[2]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _is_plausible(service_time: datetime, now: datetime) -> bool:
    """Return whether a clock may show this: it is near this machine's time, or near that of this program's release."""
    return service_time >= _EARLIEST and min(abs(service_time - now), abs(service_time - _RELEASED)) <= _FARTHEST
