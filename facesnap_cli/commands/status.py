"""facesnap status"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
ForgetOption = Annotated[bool, typer.Option("--forget", help="Take these off the list. It asks, or needs --yes.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also those that have ended.")]


@app.command(cls=ServiceCommand)
def status(
    ctx: typer.Context,
    operations: options.OperationsArgument = None,
    all: AllOption = False,
    forget: ForgetOption = False,
    yes: options.YesOption = False,
) -> None:
    """Look once at operations: those given, or all that the journal knows to be open.

    facesnap status -o json --query "[?status=='running']"
    """
    from facesnap_cli.cli import unfinished_work

    if forget:
        unfinished_work.forget(App.of(ctx), operations or [], agreed=yes)
    else:
        unfinished_work.look(App.of(ctx), operations or [], finished=all)
