"""facesnap restore"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.commands.import_ import IdMapOption, PartialOption, PersonOption, import_parameters, run_import
from facesnap_cli.common.errors import UsageError
from facesnap_cli.config.paths import InputPath, OutputPath

if TYPE_CHECKING:
    from facesnap_cli.backups.plans.preview import Step
    from facesnap_cli.backups.restoring.backup_choice import Choice
    from facesnap_cli.face_api.account import Account

app = typer_app()
BackupArgument = Annotated[
    str, typer.Argument(metavar="ITEM|ARCHIVE|PROFILE:ID", help="An item of a plan, an archive's path, or a copy.")
]
PlanOption = Annotated[
    Path | None,
    typer.Option(
        "--plan",
        metavar="PLAN",
        parser=options.input_path("--plan"),
        help="The item's plan (default: any that ran here).",
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="The newest good backup of then: a date (UTC) or a time (default: now)."),
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="PROFILE[:ID]", help="Where to rebuild it (default: where it was).")
]
IntoOption = Annotated[
    bool, typer.Option("--into", help="Add what an existing object lacks, and change nothing else in it.")
]


@app.command(cls=ServiceCommand)
def restore(
    ctx: typer.Context,
    backup: BackupArgument,
    plan: PlanOption = None,
    at: AtOption = None,
    to: ToOption = None,
    into: IntoOption = False,
    person: PersonOption = None,
    partial: PartialOption = False,
    id_map: IdMapOption = None,
    dry_run: options.DryRunOption = False,
    yes: options.YesOption = False,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Rebuild an object from its newest good backup, or add what it lacks. It never overwrites.

    facesnap restore employees --at 2026-11-24 --to prod:employees-restored
    facesnap restore employees --plan nightly.toml --into --person "Ada Lovelace"
    """
    from facesnap_cli.backups.restoring.backup_choice import choose, moment_of
    from facesnap_cli.common.hints import command, option
    from facesnap_cli.display.prompts import require_consent

    app = App.of(ctx)
    app.choose(timeout=timeout, poll_interval=poll_interval)
    if into:
        require_consent("restore --into", given=yes or dry_run, hint="--yes does it, --dry-run shows it")
    if id_map:
        app.check_outputs([id_map], plans_read(app, plan))
    choice = choose(
        app.dependencies, backup, plan=plan, at=moment_of(at) if at else None, needs_images=into or bool(person)
    )
    if choice.why:
        app.messages.note(f"{choice.where}: {choice.why}")
    account, object_id = destination(app, choice, to)
    if choice.archive:
        restore_archive(
            app,
            choice.archive,
            account,
            object_id,
            into=into,
            persons=person or [],
            partial=partial,
            id_map=id_map,
            dry_run=dry_run,
            given=yes,
        )
    elif id_map or partial:
        raise UsageError(f"{choice.where} is a copy, which keeps all faces and ids: leave --id-map and --partial out")
    else:
        restore_copy(app, choice, account, object_id, dry_run=dry_run, given=yes)
    if dry_run:
        app.conclude(
            then=command(
                *("restore", backup, *option("--plan", plan), *option("--at", at), *option("--to", to)),
                into and "--into",
                *(word for name in person or [] for word in ("--person", name)),
                partial and "--partial",
                *option("--id-map", id_map and id_map.path),
            )
        )


def plans_read(app: App, plan: Path | None) -> list[InputPath]:
    """Return the plans in which an item is looked for."""
    from facesnap_cli.journal.run_records import remembered_plans

    if plan:
        return [InputPath(plan, "the plan, which this restore reads")]
    plans = remembered_plans(app.dependencies.journal)
    return [InputPath(Path(path), "a plan that ran here, which this restore reads") for path in plans]


def destination(app: App, choice: Choice, to: str | None) -> tuple[Account, str | None]:
    """Return the account and the id of the object to build; None for the id that the archive names.

    Raises UsageError.
    """
    from facesnap_cli.models.validation import check_object_id

    profile, colon, object_id = (to or "").partition(":")
    if to is not None and (not profile or (colon and not object_id)):
        raise UsageError("--to needs PROFILE or PROFILE:ID")
    account = app.accounts.usable(profile or choice.profile)
    return account, check_object_id(object_id) if object_id else choice.object_id


def restore_archive(
    app: App,
    path: Path,
    account: Account,
    object_id: str | None,
    *,
    into: bool,
    persons: list[str],
    partial: bool,
    id_map: OutputPath | None,
    dry_run: bool,
    given: bool,
) -> None:
    """Rebuild an object from an archive, or add to it."""
    from facesnap_cli.archives.archive import Archive
    from facesnap_cli.archives.archive_parameters import Additions
    from facesnap_cli.backups.restoring.rebuilding import check_free, import_step

    with Archive.opened(path) as archive:
        parameters = import_parameters(
            app,
            archive=archive,
            object_id=object_id or archive.head.object_id,
            account=account,
            additions=Additions.LACKING if into else None,
            persons=persons,
            partial=partial,
            recognition_model=None,
            detection_model=None,
            verify="quick",
            id_map=id_map,
        )
        if not into:
            check_free(app.dependencies, account, parameters)
        if agreed(app, import_step(archive, parameters, account), dry_run=dry_run, given=given):
            run_import(app, account, archive, parameters)


def restore_copy(
    app: App, choice: Choice, account: Account, object_id: str | None, *, dry_run: bool, given: bool
) -> None:
    """Rebuild an object from a copy by a snapshot."""
    from facesnap_cli.backups.restoring.rebuilding import copy_back, copy_step, run_copy_back
    from facesnap_cli.cli.progress_display import run_progress
    from facesnap_cli.commands.copy import report_copy
    from facesnap_cli.common.hints import command, option

    name = object_id or choice.copy_id
    parameters = copy_back(app.dependencies, choice, account, name)
    if not agreed(app, copy_step(app.dependencies, parameters, name), dry_run=dry_run, given=given):
        return
    app.resume_hints.repeatable = True
    with run_progress(app, [name]) as progress_of:
        result = run_copy_back(app.dependencies, parameters, progress_of(name))
    report_copy(app, result)
    app.messages.note(f"{account.place(name)} is restored and trained as the copy was; all ids are the same")
    app.conclude(then=command("objects", *option("--profile", account.profile)))


def agreed(app: App, step: Step, *, dry_run: bool, given: bool) -> bool:
    """Say what will be done and, at a terminal, ask. Return whether to do it.

    Raises UsageError for any answer but yes.
    """
    from facesnap_cli.display.columns import STEP
    from facesnap_cli.display.prompts import can_ask, confirm

    if dry_run:
        app.output.records([step.document()], STEP)
        return False
    asks = not given and can_ask()
    say = app.messages.tell if asks else app.messages.note
    say(f"will {step.why}")
    confirm("Restore it?", given=not asks, undone="nothing was restored", reporter=app.messages)
    return True
