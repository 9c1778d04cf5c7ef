"""facesnap status"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.commands import options
from facesnap_cli.commands.base import ServiceCommand, typer_app
from facesnap_cli.context import App

app = typer_app()
AllOption = Annotated[bool, typer.Option("--all", help="Also those that have ended.")]


@app.command(cls=ServiceCommand)
def status(ctx: typer.Context, operations: options.OperationsArgument = None, all: AllOption = False) -> None:
    """Look once at operations: those given, or all that the journal knows to be open.

    facesnap status -o json --query "[?status=='running']"
    """
    from facesnap_cli.transferring import look

    look(App.of(ctx), operations or [], finished=all)
