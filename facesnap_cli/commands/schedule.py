"""facesnap schedule"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.commands.base import LocalCommand, typer_app
from facesnap_cli.commands.run import PlanArgument
from facesnap_cli.context import App

app = typer_app()
ForOption = Annotated[
    list[str] | None,
    typer.Option("--for", metavar="crontab|systemd|github|azure|kubernetes", help="Only this one. Repeatable."),
]
EveryOption = Annotated[str, typer.Option("--every", metavar="DURATION", help="From 1h to 7d.")]
AtOption = Annotated[str, typer.Option("--at", metavar="HH:MM", help="The time of day, UTC.")]


@app.command(cls=LocalCommand)
def schedule(
    ctx: typer.Context, plan: PlanArgument, form: ForOption = None, every: EveryOption = "24h", at: AtOption = "02:30"
) -> None:
    """Print what runs a plan regularly: for cron, systemd, GitHub Actions, Azure Pipelines and Kubernetes.

    facesnap schedule nightly.toml --for systemd --at 03:15
    """
    from facesnap_cli.schedule_inputs import scheduled
    from facesnap_cli.workflows.plan import read_plan
    from facesnap_cli.workflows.rhythm import Rhythm, complaints
    from facesnap_cli.workflows.schedule import schedule_complaints, schedule_lines

    app, wanted, rhythm = App.of(ctx), read_plan(plan), Rhythm.parse(every, at)
    one = scheduled(app, wanted, rhythm)
    app.output.lines(schedule_lines(one, form or []))
    for complaint in (*complaints(wanted, rhythm), *schedule_complaints(one, form or [])):
        app.messages.warn(complaint)
