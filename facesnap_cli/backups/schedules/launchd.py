"""Write a launchd agent of macOS that runs a plan."""

from __future__ import annotations

import itertools
from pathlib import Path

from facesnap_cli.backups.schedules.crontab import local_time
from facesnap_cli.backups.schedules.plan_facts import PlanFacts
from facesnap_cli.backups.schedules.quoting import xml_text
from facesnap_cli.backups.schedules.template_files import fill

_FIELDS = ("Minute", "Hour", "Day", "Month", "Weekday")  # in cron's order


def launchd(facts: PlanFacts) -> list[str]:
    """Return a property list. launchd mails nothing, so what goes wrong is in a log of its own."""
    offset, saving = local_time(facts)
    variables = [
        f"<key>{name}</key> <string>{xml_text(value)}</string>" for name, value in facts.invocation.local_variables
    ]
    return fill(
        "facesnap.plist",
        name=facts.name,
        utc=facts.frequency.time_of_day(),
        local=facts.frequency.time_of_day(offset),
        saving=saving,
        words=[xml_text(word) for word in facts.command],
        variables=variables,
        times=_times(facts.frequency.cron_in(offset)),
        log=xml_text(str(Path.home() / "Library" / "Logs" / f"{facts.name}.log")),
    )


def _times(cron: str) -> list[str]:
    """Return the moments of cron's fields, each as the content of a dictionary."""
    choices = [
        [(name, value) for value in (range(1, 32, 2) if values == "*/2" else values.split(","))]
        for name, values in zip(_FIELDS, cron.split(), strict=True)
        if values != "*"
    ]
    return [
        "".join(f"<key>{name}</key> <integer>{value}</integer>" for name, value in moment)
        for moment in itertools.product(*choices)
    ]
