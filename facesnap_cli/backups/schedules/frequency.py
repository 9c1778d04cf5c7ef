"""Read how often a plan runs, write it as schedulers do, and warn if the plan does not suit it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from facesnap_cli.backups.plans.plan import Plan
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.time_format import format_duration, parse_duration
from facesnap_cli.models.snapshots import SNAPSHOT_LIFETIME
from facesnap_cli.operations.quota import DAILY_LIMIT

HOUR_S = 3600
DAY_S = 24 * HOUR_S
_MOST_NAMED = 3
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 168)
_TIME = pattern(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Frequency:
    """Every `every_h` hours, once at `hour`:`minute` UTC. 48 is every second day of a month, 168 is every Sunday."""

    every_h: int
    hour: int
    minute: int

    @classmethod
    def parse(cls, every: str, at: str) -> Frequency:
        """Read an interval such as `24h` and a time of day such as `02:30`. Raises UsageError."""
        hours, rest = divmod(parse_duration(every), HOUR_S)
        if rest or hours not in _HOURS:
            raise UsageError(
                f"--every {harmless(every)}: one of {', '.join(f'{choice}h' for choice in _HOURS)} (2d, 7d)"
            )
        match = _TIME.fullmatch(at)
        if not match:
            raise UsageError(f"--at {harmless(at)[:20]}: write a time of day such as 02:30, in UTC")
        return cls(int(hours), int(match[1]), int(match[2]))

    @property
    def interval_s(self) -> int:
        """The seconds between two runs."""
        return self.every_h * HOUR_S

    @property
    def cron(self) -> str:
        """The five fields of cron, in UTC."""
        return self.cron_in(timedelta())

    def cron_in(self, offset: timedelta) -> str:
        """Return the five fields of cron for a machine whose time is `offset` ahead of UTC."""
        days, hour, minute = self._shifted(offset)
        if self.every_h < 24:
            hours = ",".join(str(start) for start in range(hour % self.every_h, 24, self.every_h))
            return f"{minute} {hours if self.every_h > 1 else '*'} * * *"
        fields = {24: "* * *", 48: "*/2 * *", 168: f"* * {days % 7}"}[self.every_h]
        return f"{minute} {hour} {fields}"

    def time_of_day(self, offset: timedelta = timedelta()) -> str:
        """Return when it runs on a clock that is `offset` ahead of UTC."""
        _, hour, minute = self._shifted(offset)
        return f"{hour:02}:{minute:02}"

    def _shifted(self, offset: timedelta) -> tuple[int, int, int]:
        """Return when it runs on a clock `offset` ahead of UTC: days after Sunday (-1, 0 or 1), hour and minute."""
        days, minutes = divmod(self.hour * 60 + self.minute + int(offset.total_seconds() // 60), 24 * 60)
        return days, minutes // 60, minutes % 60

    @property
    def calendar(self) -> str:
        """The value of `OnCalendar=` in a systemd timer."""
        day = {48: "*-*-1/2", 168: "Sun *-*-*"}.get(self.every_h, "*-*-*")
        hours = f"{self.hour % self.every_h:02}/{self.every_h}" if self.every_h < 24 else f"{self.hour:02}"
        return f"{day} {hours}:{self.minute:02}:00 UTC"


def frequency_warnings(plan: Plan, frequency: Frequency) -> Iterator[str]:
    """Yield a warning for each kind of trouble that items have with the frequency, and for exceeded daily limits."""
    # In thousandths, rounded down: a sum of fractions could exceed a limit that it only reaches.
    per_day: Counter[tuple[str, str]] = Counter()
    troubled: dict[str, list[str]] = {}
    for item in plan.items:
        if item.method != "snapshot":
            continue
        # A run makes no copy if the last copy is younger than max_age.
        between_s = frequency.interval_s * (item.max_age_s // frequency.interval_s + 1)
        per_day[item.source or "the chosen profile", "takes"] += int(DAY_S / between_s * 1000)
        for target in item.targets:
            per_day[target.profile, "applies"] += int(DAY_S / between_s * 1000)
        if item.keep_snapshot and between_s > SNAPSHOT_LIFETIME.total_seconds():
            text = "keep_snapshot, but the snapshot expires after 48 hours, before the next one is taken"
            troubled.setdefault(text, []).append(item.name)
        if item.covered_for_s < between_s:
            text = (
                f"copies are {format_duration(between_s)} apart and count for"
                f" {format_duration(item.covered_for_s)}: backups --check fails in between; set covered_for"
            )
            troubled.setdefault(text, []).append(item.name)
    for text, names in troubled.items():
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"{', '.join(names[:_MOST_NAMED])}{more}: {text}"
    exceeded = [
        f"{profile}: about {thousandths / 1000:.0f} {requests} a day"
        for (profile, requests), thousandths in per_day.items()
        if thousandths > DAILY_LIMIT * 1000
    ]
    if exceeded:
        yield f"{'; '.join(exceeded)}; the service allows {DAILY_LIMIT}"
