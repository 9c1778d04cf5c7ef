"""facesnap apply"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
ModeOption = Annotated[str, typer.Option("--mode", metavar="CreateNew", help="The only mode that there is.")]
VerifyOption = Annotated[
    str, typer.Option("--verify", metavar="none|quick|full", help="Compare with the source: counts, or every id too.")
]


@app.command(cls=ServiceCommand)
def apply(
    ctx: typer.Context,
    snapshot: options.SnapshotArgument,
    type: options.TypeOption = None,
    object_id: options.ObjectIdOption = None,
    mode: ModeOption = "CreateNew",
    verify: VerifyOption = "none",
    no_wait: options.NoWaitOption = False,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Apply a snapshot to the profile's subscription and wait.

    facesnap apply latest --profile dr --object-id employees
    """
    from facesnap_cli.cli.parameters.snapshot_parameters import (
        check_mode,
        reference,
        target_object_id,
        type_filter,
        verified_source,
        verify_level,
    )
    from facesnap_cli.cli.waiting import finish
    from facesnap_cli.display.columns import FINISHED_APPLY
    from facesnap_cli.operations.find_snapshots import described, find_snapshot
    from facesnap_cli.operations.parameters import ApplyParameters
    from facesnap_cli.operations.take_and_apply import resumable_apply, start_apply
    from facesnap_cli.operations.verify import verify_apply

    app = App.of(ctx)
    app.choose(object_id=object_id, timeout=timeout, poll_interval=poll_interval)
    name, object_type, mode = reference(snapshot), type_filter(type), check_mode(mode)
    level = verify_level(verify, wait=not no_wait)
    found = find_snapshot(app.dependencies, app.account, name, object_type)
    parameters = ApplyParameters(found, target_object_id(app, found), mode)
    app.messages.note(described(found, app.clock.now()))
    source = verified_source(app, level, parameters)
    app.watched.repeatable = source is not None
    operation = (source and resumable_apply(app.dependencies, app.account, parameters)) or start_apply(
        app.dependencies, app.account, parameters
    )
    operation = finish(app, operation, until_end=not no_wait, finished=FINISHED_APPLY)
    verify_apply(operation, level, app.account, source, app.messages)
