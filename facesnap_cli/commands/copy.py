"""facesnap copy"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.hints import NO_COMMAND

if TYPE_CHECKING:
    from facesnap_cli.backups.copies.copy_parameters import CopyParameters
    from facesnap_cli.backups.copies.copy_results import CopyResult
    from facesnap_cli.common.hints import Command
    from facesnap_cli.operations.parameters import VerifyLevel

app = typer_app()
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="PROFILE", help="The source's profile (default: that of --profile).")
]
ToOption = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="PROFILE[:OBJECT_ID]", help="A target; the id may hold {date}. Repeatable."),
]
VerifyOption = Annotated[
    str,
    typer.Option("--verify", metavar="none|quick|full", help="Compare copies with the source: counts, or every id."),
]
KeepOption = Annotated[bool, typer.Option("--keep-snapshot", help="Leave the snapshot, which lives for 48 hours.")]
MaxAgeOption = Annotated[
    str | None,
    typer.Option("--max-age", metavar="DURATION", help="Use a snapshot, or a finished copy, that is younger."),
]


@app.command(cls=ServiceCommand)
def copy(
    ctx: typer.Context,
    type: options.TypeOption = None,
    object_id: options.ObjectIdOption = None,
    source: FromOption = None,
    to: ToOption = None,
    verify: VerifyOption = "quick",
    keep_snapshot: KeepOption = False,
    max_age: MaxAgeOption = None,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Copy an object: take, apply to each target, verify, delete the snapshot.

    Run again after an interruption or a failure, it goes on where it stopped.

    facesnap copy -t PersonGroup -i employees --to dr:employees-{date} --to eu
    """
    from facesnap_cli.backups.copies.copy import Copy
    from facesnap_cli.backups.plans.preview import preview_copy
    from facesnap_cli.cli.option_values import verify_level
    from facesnap_cli.cli.progress_display import run_progress
    from facesnap_cli.common.hints import command, option
    from facesnap_cli.display.columns import STEP

    app = App.of(ctx)
    app.choose(type=type, object_id=object_id, timeout=timeout, poll_interval=poll_interval)
    parameters = copy_parameters(
        app, source=source, targets=to or [], verify=verify_level(verify), keep_snapshot=keep_snapshot, max_age=max_age
    )
    if dry_run:
        preview = preview_copy(app.dependencies, parameters)
        app.output.records([step.document() for step in preview.steps], STEP)
        options_given = [
            *option("--type", type),
            *option("--object-id", object_id),
            *option("--from", source),
            *(word for target in to or [] for word in ("--to", target)),
            *option("--verify", verify != "quick" and verify),
            keep_snapshot and "--keep-snapshot",
            *option("--max-age", max_age),
        ]
        app.conclude(preview.failure, then=command("copy", *options_given))
    else:
        app.resume_hints.repeatable = True
        name = parameters.take.object_id
        with run_progress(app, [name]) as progress_of:
            result = Copy(app.dependencies, parameters, progress_of(name)).run()
        app.dependencies.forget_old_operations()
        report_copy(app, result, then=command("backups"))


def report_copy(app: App, result: CopyResult, *, then: Command = NO_COMMAND) -> None:
    """Print what became of a copy. Raises what it failed with."""
    from facesnap_cli.display.columns import COPY

    now = app.clock.now()
    documents = [operation.document(now) for operation in result.operations]
    total = result.total if len(result.targets) > 1 else ""
    app.report(documents, COPY, result.failure, rows=result.rows(now), total=total, then=then)


def copy_parameters(
    app: App, *, source: str | None, targets: list[str], verify: VerifyLevel, keep_snapshot: bool, max_age: str | None
) -> CopyParameters:
    """Return what to copy, from the command line, the environment and the profile.

    Raises UsageError that says what is missing.
    """
    from facesnap_cli.backups.copies.copy_parameters import TargetName, copy_between
    from facesnap_cli.common.time_format import parse_duration

    account = app.accounts.usable(source)
    object_type, object_id = account.settings.type, account.settings.object_id
    account.settings.require(
        "copy", "type", "object_id", also=[] if targets else ["a target (--to PROFILE[:OBJECT_ID])"]
    )
    assert object_type
    assert object_id
    return copy_between(
        app.dependencies,
        account,
        object_type,
        object_id,
        [TargetName.parse(text, object_id) for text in targets],
        verify=verify,
        keep_snapshot=keep_snapshot,
        max_age_s=parse_duration(max_age, option="--max-age") if max_age else None,
    )
