"""facesnap diff"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
ObjectIdOption = Annotated[
    str | None,
    typer.Option("--object-id", "-i", metavar="OBJECT_ID", help="The object to compare with (default: the archive's)."),
]
OtherArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[ARCHIVE]",
        parser=options.input_path("ARCHIVE"),
        help="A later archive; without it, the object as it is now.",
    ),
]


@app.command(cls=ServiceCommand)
def diff(
    ctx: typer.Context,
    archive: options.ArchiveArgument,
    later: OtherArgument = None,
    object_id: ObjectIdOption = None,
) -> None:
    """Show what has changed since an archive was written. Exit status 14 where anything has.

    facesnap diff monday.facesnap tuesday.facesnap
    """
    from facesnap_cli.archives.diff import compare_archives, compare_with_service
    from facesnap_cli.cli.progress_display import step_progress
    from facesnap_cli.display.columns import DIFFERENCE

    app = App.of(ctx)
    if later:
        comparison = compare_archives(archive, later)
    else:
        with step_progress(app, f"diff {archive.name}") as progress:
            comparison = compare_with_service(app.account, archive, object_id, app.clock, progress)
    for line in comparison.notes:
        app.messages.note(line)
    app.output.records(comparison.differences, DIFFERENCE, nothing="no differences")
    app.raise_if(comparison.failure)
