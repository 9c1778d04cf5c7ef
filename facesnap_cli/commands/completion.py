"""facesnap completion"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli.command_types import LocalCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
ShellArgument = Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")]


@app.command(cls=LocalCommand)
def completion(ctx: typer.Context, shell: ShellArgument) -> None:
    """Print the script that makes a shell complete facesnap's command lines with TAB.

    source <(facesnap completion bash)
    """
    from facesnap_cli.cli.completion.scripts import script_for

    App.of(ctx).output.text(script_for(shell))
