"""facesnap inspect"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import LocalCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
CheckOption = Annotated[bool, typer.Option("--check", help="Verify all checksums.")]


@app.command(cls=LocalCommand)
def inspect(ctx: typer.Context, archive: options.ArchiveArgument, check: CheckOption = False) -> None:
    """Show what an archive holds, and how many of its faces could be rebuilt.

    facesnap inspect employees.facesnap --check
    """
    from facesnap_cli.archives.archive import describe
    from facesnap_cli.display.columns import ARCHIVE

    app = App.of(ctx)
    app.output.record(describe(archive, check=check), ARCHIVE)
