"""Write a systemd service and timer that run a plan."""

from __future__ import annotations

from facesnap_cli.backups.schedules.plan_facts import PlanFacts
from facesnap_cli.backups.schedules.quoting import systemd_command, systemd_text, systemd_variable
from facesnap_cli.backups.schedules.template_files import fill


def systemd(facts: PlanFacts) -> list[str]:
    """Return a service and its timer, units of the user's own systemd."""
    service = fill(
        "facesnap.service",
        name=facts.name,
        plan=systemd_text(facts.plan.name),
        variables=[systemd_variable(*pair) for pair in facts.invocation.local_variables],
        command=systemd_command(facts.command),
    )
    timer = fill("facesnap.timer", name=facts.name, calendar=facts.frequency.calendar)
    return [*service, "", *timer]
