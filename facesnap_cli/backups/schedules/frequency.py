"""How often a plan runs, as schedulers write it, and what in a plan does not go with that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from facesnap_cli.backups.plans.plan import Plan
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import format_duration, harmless, parse_duration
from facesnap_cli.operations.quota import DAILY_LIMIT

HOUR_S = 3600
DAY_S = 24 * HOUR_S
SNAPSHOT_LIFE_S = 48 * HOUR_S
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 168)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Every `every_h` hours, once at `hour`:`minute` UTC; 48 is every second day of a month, 168 every Sunday."""

    every_h: int
    hour: int
    minute: int

    @classmethod
    def parse(cls, every: str, at: str) -> Rhythm:
        """Read `24h` and `02:30`. Raises UsageError."""
        hours, rest = divmod(parse_duration(every), HOUR_S)
        if rest or hours not in _HOURS:
            raise UsageError(f"--every {harmless(every)}: one of {', '.join(f'{one}h' for one in _HOURS)} (2d, 7d)")
        found = _TIME.fullmatch(at)
        if not found:
            raise UsageError(f"--at {harmless(at)[:20]}: write a time of day such as 02:30, in UTC")
        return cls(int(hours), int(found[1]), int(found[2]))

    @property
    def seconds(self) -> int:
        return self.every_h * HOUR_S

    @property
    def cron(self) -> str:
        """The five fields, in UTC."""
        return self.cron_in(timedelta())

    def cron_in(self, offset: timedelta) -> str:
        """Return the five fields for a machine whose time is `offset` ahead of UTC."""
        days, hour, minute = self._shifted(offset)
        if self.every_h < 24:
            hours = ",".join(str(one) for one in range(hour % self.every_h, 24, self.every_h))
            return f"{minute} {hours if self.every_h > 1 else '*'} * * *"
        fields = {24: "* * *", 48: "*/2 * *", 168: f"* * {days % 7}"}[self.every_h]
        return f"{minute} {hour} {fields}"

    def at(self, offset: timedelta = timedelta()) -> str:
        """Return the time of day on a clock that is `offset` ahead of UTC."""
        _, hour, minute = self._shifted(offset)
        return f"{hour:02}:{minute:02}"

    def _shifted(self, offset: timedelta) -> tuple[int, int, int]:
        """Return days, hours and minutes since the Sunday on which it runs first, on that clock."""
        days, minutes = divmod(self.hour * 60 + self.minute + int(offset.total_seconds() // 60), 24 * 60)
        return days, minutes // 60, minutes % 60

    @property
    def calendar(self) -> str:
        """The OnCalendar of a systemd timer."""
        day = {48: "*-*-1/2", 168: "Sun *-*-*"}.get(self.every_h, "*-*-*")
        hours = f"{self.hour % self.every_h:02}/{self.every_h}" if self.every_h < 24 else f"{self.hour:02}"
        return f"{day} {hours}:{self.minute:02}:00 UTC"


def complaints(plan: Plan, rhythm: Rhythm) -> Iterator[str]:
    """Yield what will not go well when the plan runs in this rhythm."""
    charged: Counter[tuple[str, str]] = Counter()
    for item in plan.items:
        if item.method != "snapshot":
            continue
        # A run within max_age of the last copy makes none.
        between_s = rhythm.seconds * (item.max_age_s // rhythm.seconds + 1)
        charged[item.source or "the chosen profile", "takes"] += int(DAY_S / between_s * 1000)
        for target in item.targets:
            charged[target.profile, "applies"] += int(DAY_S / between_s * 1000)
        if item.keep_snapshot and between_s > SNAPSHOT_LIFE_S:
            yield f"{item.name}: keep_snapshot, but the snapshot expires after 48 hours, before the next one is taken"
        if item.covered_for_s < between_s:
            yield (
                f"{item.name}: copies are {format_duration(between_s)} apart and count for"
                f" {format_duration(item.covered_for_s)}: run --check fails in between; set covered_for"
            )
    for (profile, what), thousandths in charged.items():
        if thousandths > DAILY_LIMIT * 1000:
            yield f"{profile}: about {thousandths / 1000:.0f} {what} a day, and the service allows {DAILY_LIMIT}"
