"""facesnap wait"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
AnyOption = Annotated[bool, typer.Option("--any", help="Return when the first of them has ended.")]


@app.command(cls=ServiceCommand)
def wait(
    ctx: typer.Context,
    operations: options.OperationsArgument = None,
    any: AnyOption = False,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Wait for operations: those given, or all that the journal knows to be open.

    facesnap wait --timeout 4h
    """
    from facesnap_cli.cli import unfinished_work

    app = App.of(ctx)
    app.choose(timeout=timeout, poll_interval=poll_interval)
    unfinished_work.wait(app, operations or [], first_is_enough=any)
