"""Write a crontab line that runs a plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from facesnap_cli.backups.schedules.plan_facts import PlanFacts
from facesnap_cli.backups.schedules.quoting import crontab_command
from facesnap_cli.backups.schedules.template_files import fill


def crontab(facts: PlanFacts) -> list[str]:
    """Return a line for `crontab -e` and a comment on its time."""
    # Cron reads the fields in the machine's time zone, and has no portable way to say UTC.
    offset = _utc_offset(facts, facts.now)
    offsets = {_utc_offset(facts, facts.now.replace(month=month, day=1)) for month in (1, 4, 7, 10)}
    return fill(
        "crontab",
        utc=facts.frequency.time_of_day(),
        local=facts.frequency.time_of_day(offset),
        saving="; where daylight saving begins and ends, it moves by an hour" if len(offsets) > 1 else "",
        cron=facts.frequency.cron_in(offset),
        command=crontab_command(facts.command, facts.invocation.local_variables),
    )


def _utc_offset(facts: PlanFacts, moment: datetime) -> timedelta:
    """Return how far the machine's time is ahead of UTC at a moment."""
    return moment.astimezone(facts.zone).utcoffset() or timedelta()
