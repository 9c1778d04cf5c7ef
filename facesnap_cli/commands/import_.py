"""facesnap import"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
PartialOption = Annotated[bool, typer.Option("--partial", help="Rebuild without the faces that have no image.")]
RecognitionModelOption = Annotated[
    str | None,
    typer.Option(
        "--recognition-model",
        metavar="recognition_01|recognition_02|recognition_03|recognition_04",
        help="Use this model, not the source's.",
    ),
]
DetectionModelOption = Annotated[
    str | None,
    typer.Option(
        "--detection-model",
        metavar="detection_01|detection_02|detection_03",
        help="Detect the faces in the images with this model.",
    ),
]
VerifyOption = Annotated[
    str, typer.Option("--verify", metavar="none|quick|full", help="Compare with the archive; full: each face too.")
]
IdMapOption = Annotated[
    Path | None, typer.Option("--id-map", metavar="FILE.csv|FILE.json", help="Write the old and the new ids there.")
]


@app.command("import", cls=ServiceCommand)
def import_(
    ctx: typer.Context,
    archive: options.ArchiveArgument,
    object_id: options.ObjectIdOption = None,
    partial: PartialOption = False,
    recognition_model: RecognitionModelOption = None,
    detection_model: DetectionModelOption = None,
    verify: VerifyOption = "quick",
    id_map: IdMapOption = None,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Build an object from an archive, train it and compare. After an interruption the same command goes on.

    facesnap import employees.facesnap --profile dr --object-id employees --id-map ids.csv
    """
    from facesnap_cli.archives.importing.importer import import_archive
    from facesnap_cli.cli.parameters.archives import wanted_import
    from facesnap_cli.cli.progress_display import transfer_progress
    from facesnap_cli.display.columns import IMPORT

    app = App.of(ctx)
    app.choose(object_id=object_id, timeout=timeout, poll_interval=poll_interval)
    wanted = wanted_import(
        app,
        archive=archive,
        partial=partial,
        recognition_model=recognition_model,
        detection_model=detection_model,
        verify=verify,
        id_map=id_map,
    )
    with transfer_progress(app, wanted.transfer(app.account)) as progress:
        imported = import_archive(app.account, wanted, app.dependencies.state_directory, app.clock, progress)
    app.output.record(imported.document, IMPORT)
    app.raise_if(imported.failure)
