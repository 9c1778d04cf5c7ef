"""facesnap inspect"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import LocalCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
CheckOption = Annotated[bool, typer.Option("--check", help="Verify all checksums.")]
MissingOption = Annotated[
    bool, typer.Option("--missing", help="Print the faces without an image, as a manifest (CSV) to fill in.")
]


@app.command(cls=LocalCommand)
def inspect(
    ctx: typer.Context,
    archive: options.ArchiveArgument,
    check: CheckOption = False,
    missing: MissingOption = False,
) -> None:
    """Show what an archive holds, and how many of its faces could be rebuilt.

    facesnap inspect employees.facesnap --check
    """
    from facesnap_cli.archives.archive import describe
    from facesnap_cli.archives.images.missing_images import MANIFEST_COLUMNS, faces_without_image
    from facesnap_cli.common.hints import NO_COMMAND, command
    from facesnap_cli.display.columns import ARCHIVE, MISSING_IMAGE

    app = App.of(ctx)
    if missing:
        faces = faces_without_image(archive, check=check)
        app.output.csv(faces, MISSING_IMAGE, MANIFEST_COLUMNS)
        if not faces:
            app.messages.note("every face has an image")
        return
    document = describe(archive, check=check)
    app.output.record(document, ARCHIVE)
    is_whole = document["faces"] == document["facesWithImage"]
    app.conclude(then=command("inspect", archive, "--check" if is_whole else "--missing") if not check else NO_COMMAND)
