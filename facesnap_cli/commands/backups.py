"""facesnap backups"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError

app = typer_app()
PlaceArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[PLAN]", parser=options.input_path("PLAN"), help="A plan, or a directory of archives."),
]
CheckOption = Annotated[
    bool,
    typer.Option("--check", help="Fail (5, 11) unless every target of PLAN has a good backup that is young enough."),
]
RunsOption = Annotated[bool, typer.Option("--runs", help="List the runs of plans, and why they failed.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Ask no target: show what this machine recorded.")]
AdoptOption = Annotated[
    bool, typer.Option("--adopt", help="Take in backups of unknown origin: they count, and keep may delete them.")
]


@app.command(cls=ServiceCommand)
def backups(
    ctx: typer.Context,
    plan: PlaceArgument = None,
    check: CheckOption = False,
    runs: RunsOption = False,
    offline: OfflineOption = False,
    adopt: AdoptOption = False,
    yes: options.YesOption = False,
) -> None:
    """List every backup, newest first: where it is, when it was taken, and whether it is good.

    Without PLAN it lists what every plan that ran on this machine has made.

    facesnap backups nightly.toml
    facesnap backups nightly.toml --check
    facesnap backups --runs
    """
    app = App.of(ctx)
    check_options(plan, check=check, runs=runs, offline=offline, adopt=adopt)
    if runs:
        show_runs(app, plan)
    elif check and plan:
        check_backups(app, plan)
    elif adopt and plan:
        adopt_backups(app, plan, given=yes)
    else:
        show_backups(app, plan, offline=offline)


def check_options(plan: Path | None, *, check: bool, runs: bool, offline: bool, adopt: bool) -> None:
    """Raise UsageError for options that do not go together."""
    chosen = [name for name, given in (("--check", check), ("--runs", runs), ("--adopt", adopt)) if given]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} do not go together")
    if chosen and offline and not runs:
        raise UsageError(f"{chosen[0]} asks the targets, which --offline forbids")
    if (check or adopt) and (plan is None or plan.is_dir()):
        raise UsageError(f"{chosen[0]} needs a PLAN", hint="name the plan file")


def show_runs(app: App, plan: Path | None) -> None:
    """Print the recorded runs."""
    from facesnap_cli.display.columns import PLAN_RUN
    from facesnap_cli.journal.run_records import all_runs

    found = all_runs(app.dependencies.journal, str(plan.absolute()) if plan else None)
    app.output.records([run.document() for run in found], PLAN_RUN, nothing="no runs are recorded")


def check_backups(app: App, plan: Path) -> None:
    """Print how every target of a plan is covered. Raises an error if one is not."""
    from facesnap_cli.backups.listing.uncovered_objects import uncovered_objects
    from facesnap_cli.backups.plans.coverage import uncovered
    from facesnap_cli.backups.plans.plan_runner import check_plan
    from facesnap_cli.commands.run import checked_plan
    from facesnap_cli.display.columns import COVER

    parsed = checked_plan(app, plan)
    covers = check_plan(app.dependencies, parsed)
    for text in uncovered_objects(app.dependencies, parsed):
        app.messages.note(text)
    app.report([cover.document() for cover in covers], COVER, uncovered(covers, plan))


def show_backups(app: App, place: Path | None, *, offline: bool) -> None:
    """Print the backups of a plan, of a directory, or of all plans that ran here."""
    from facesnap_cli.backups.listing.backup_list import list_backups
    from facesnap_cli.display.columns import BACKUP

    listing = list_backups(app.dependencies, place, offline=offline)
    app.output.records([*listing.documents()], BACKUP, nothing="there are no backups")
    for text in listing.notes(app.clock.now()):
        app.messages.note(text)
    if listing.plans and not offline:
        from facesnap_cli.backups.listing.uncovered_objects import uncovered_objects

        texts = [text for plan in listing.plans for text in uncovered_objects(app.dependencies, plan)]
        for text in dict.fromkeys(texts):
            app.messages.note(text)
    app.conclude(listing.failure, then=listing.restore_command())


def adopt_backups(app: App, plan: Path, *, given: bool) -> None:
    """Record backups of unknown origin as the plan's own, once that is confirmed."""
    from facesnap_cli.backups.listing.adoption import Adoption
    from facesnap_cli.commands.run import checked_plan
    from facesnap_cli.display.columns import BACKUP
    from facesnap_cli.display.prompts import confirm, require_consent

    require_consent("backups --adopt", given=given)
    adoption = Adoption(app.dependencies, checked_plan(app, plan))
    found = adoption.find()
    if found:
        confirm(
            f"Take {'it' if len(found) == 1 else f'these {len(found)}'} in as backups of this plan?",
            given=given,
            undone="nothing was taken in",
            reporter=app.messages,
            about=[each.description for each in found],
        )
    adopted = adoption.adopt(found)
    app.output.records([backup.document() for backup in adopted], BACKUP, nothing="no backup is of unknown origin")
    app.messages.note(f"{len(adopted)} taken in")
    app.raise_if(adoption.failure)
