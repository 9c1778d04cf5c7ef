"""facesnap export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
ToOption = Annotated[Path, typer.Option("--to", metavar="ARCHIVE", help="Write the archive there.")]
ImagesOption = Annotated[
    str | None,
    typer.Option("--images", metavar="DIR|FILE.csv", help="Put the original images in: a directory, or a manifest."),
]
BaseOption = Annotated[
    Path | None, typer.Option("--base", metavar="ARCHIVE", help="Reuse user data and images of an older archive.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")]


@app.command(cls=ServiceCommand)
def export(
    ctx: typer.Context,
    to: ToOption,
    type: options.TypeOption = None,
    object_id: options.ObjectIdOption = None,
    images: ImagesOption = None,
    base: BaseOption = None,
    force: ForceOption = False,
) -> None:
    """Read an object into an archive file. After an interruption the same command goes on.

    facesnap export --type PersonGroup --object-id employees --to employees.facesnap --images photos/
    """
    from facesnap_cli.archives.export import export_object
    from facesnap_cli.cli.parameters.archives import wanted_export
    from facesnap_cli.cli.progress_display import transfer_progress
    from facesnap_cli.display.columns import ARCHIVE

    app = App.of(ctx)
    app.choose(type=type, object_id=object_id)
    wanted = wanted_export(app, to=to, images=images, base=base, force=force)
    with transfer_progress(app, wanted.transfer(app.account)) as progress:
        exported = export_object(app.account, wanted, app.clock, progress)
    for line in exported.warnings:
        app.messages.warn(line)
    app.messages.note(exported.notice)
    app.output.record(exported.document, ARCHIVE)
    app.raise_if(exported.failure)
