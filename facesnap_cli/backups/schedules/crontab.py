"""Write a crontab line that runs a plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from facesnap_cli.backups.schedules.plan_facts import PlanFacts
from facesnap_cli.backups.schedules.quoting import crontab_command
from facesnap_cli.backups.schedules.template_files import fill


def crontab(facts: PlanFacts) -> list[str]:
    """Return a line for `crontab -e` and a comment on its time."""
    # Cron reads the fields in the machine's time zone, and has no portable way to say UTC.
    offset, saving = local_time(facts)
    return fill(
        "crontab",
        utc=facts.frequency.time_of_day(),
        local=facts.frequency.time_of_day(offset),
        saving=saving,
        cron=facts.frequency.cron_in(offset),
        command=crontab_command(facts.command, facts.invocation.local_variables),
    )


def local_time(facts: PlanFacts) -> tuple[timedelta, str]:
    """Return how far this machine's time is ahead of UTC now, and a remark if that changes with the seasons."""
    offsets = {_utc_offset(facts, facts.now.replace(month=month, day=1)) for month in (1, 4, 7, 10)}
    saving = "; where daylight saving begins and ends, it moves by an hour" if len(offsets) > 1 else ""
    return _utc_offset(facts, facts.now), saving


def _utc_offset(facts: PlanFacts, moment: datetime) -> timedelta:
    """Return how far the machine's time is ahead of UTC at a moment."""
    return moment.astimezone(facts.zone).utcoffset() or timedelta()
