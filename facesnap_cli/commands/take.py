"""facesnap take"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
MaxAgeOption = Annotated[
    str | None, typer.Option("--max-age", metavar="DURATION", help="Use a snapshot that is younger, if there is one.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Take even if the same take is already running.")]
NoTagOption = Annotated[bool, typer.Option("--no-tag", help="Do not tag the snapshot in its user data.")]


@app.command(cls=ServiceCommand)
def take(
    ctx: typer.Context,
    type: options.TypeOption = None,
    object_id: options.ObjectIdOption = None,
    apply_scope: options.ApplyScopeOption = None,
    user_data: options.UserDataOption = None,
    max_age: MaxAgeOption = None,
    force: ForceOption = False,
    no_tag: NoTagOption = False,
    no_wait: options.NoWaitOption = False,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Take a snapshot of an object and wait for it.

    facesnap take --type PersonGroup --object-id employees --apply-scope 64084e07-9b7f-4a98-bea4-9986d3a1edeb
    """
    from facesnap_cli.cli.parameters.snapshot_parameters import take_parameters
    from facesnap_cli.cli.waiting import finish
    from facesnap_cli.display.columns import FINISHED_TAKE
    from facesnap_cli.operations.take_and_apply import take_or_reuse

    app = App.of(ctx)
    app.choose(type=type, object_id=object_id, apply_scope=apply_scope, timeout=timeout, poll_interval=poll_interval)
    parameters = take_parameters(app, user_data=user_data, max_age=max_age, tag=not no_tag, force=force)
    operation = take_or_reuse(app.dependencies, app.account, parameters)
    finish(app, operation, until_end=not no_wait, finished=FINISHED_TAKE)
