"""facesnap schedule"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from facesnap_cli.cli.command_types import LocalCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.commands.run import PlanArgument

app = typer_app()
ForOption = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        metavar="crontab|systemd|launchd|github|azure|kubernetes",
        help="The scheduler (this machine's; it asks at a terminal). Repeatable.",
    ),
]
EveryOption = Annotated[str, typer.Option("--every", metavar="DURATION", help="From 1h to 7d.")]
AtOption = Annotated[str, typer.Option("--at", metavar="HH:MM", help="The time of day, UTC.")]


@app.command(cls=LocalCommand)
def schedule(
    ctx: typer.Context, plan: PlanArgument, form: ForOption = None, every: EveryOption = "24h", at: AtOption = "02:30"
) -> None:
    """Print what runs a plan regularly: for cron, systemd, launchd, GitHub Actions, Azure Pipelines or Kubernetes.

    facesnap schedule nightly.toml --for systemd --at 03:15
    """
    from facesnap_cli.backups.plans.plan import read_plan
    from facesnap_cli.backups.schedules.frequency import Frequency, frequency_warnings
    from facesnap_cli.backups.schedules.plan_facts import facts_of, invocation
    from facesnap_cli.backups.schedules.schedulers import schedule_lines, scheduler_warnings
    from facesnap_cli.config.locations import state_directory

    app, parsed, frequency = App.of(ctx), read_plan(plan), Frequency.parse(every, at)
    state = state_directory(app.environment)
    started = invocation(program_words(sys.argv[0]), app.given_profile, app.settings, state, app.environment)
    facts = facts_of(parsed, frequency, started, app.settings, app.environment, app.clock.now())
    names = form or [chosen_scheduler(app)]
    app.output.lines(schedule_lines(facts, names))
    for warning in (*frequency_warnings(parsed, frequency), *scheduler_warnings(facts, names)):
        app.messages.warn(warning)


def chosen_scheduler(app: App) -> str:
    """Return the scheduler that a person chooses; without a terminal this machine's own."""
    from facesnap_cli.backups.schedules.schedulers import SCHEDULERS, scheduler_of_machine
    from facesnap_cli.display.prompts import ask, can_ask

    own = scheduler_of_machine(app.environment)
    if can_ask():
        return ask(f"Scheduler ({', '.join(SCHEDULERS)}) [{own}]: ") or own
    app.messages.remark(f"for {own}, this machine's scheduler; --for names another: {', '.join(SCHEDULERS)}")
    return own


def program_words(started_as: str) -> list[str]:
    """Return the words that start facesnap in any directory and with any PATH. `started_as` is the process's own name.

    If it is not that of the installed script, PATH is searched for the script. `python -m facesnap_cli` stays as it is.
    """
    path = Path(os.path.abspath(started_as))
    if path.stem.lower() == "facesnap" and path.is_file():
        return [str(path)]
    is_module = path.parent.name == "facesnap_cli"
    installed = None if is_module else shutil.which("facesnap")
    return [os.path.abspath(installed)] if installed else [sys.executable, "-m", "facesnap_cli"]
