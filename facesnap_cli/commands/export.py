"""facesnap export"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError
from facesnap_cli.config.paths import InputPath, OutputPath, Writing

if TYPE_CHECKING:
    from facesnap_cli.archives.archive_parameters import ExportParameters
    from facesnap_cli.archives.export import ExportResult
    from facesnap_cli.common.hints import Command

app = typer_app()
ToOption = Annotated[
    OutputPath,
    typer.Option(
        "--to",
        metavar="ARCHIVE",
        parser=options.output_file("--to", Writing.ARCHIVE),
        help="Write the archive there.",
    ),
]
ImagesOption = Annotated[
    Path | None,
    typer.Option(
        "--images",
        metavar="DIR|FILE.csv",
        parser=options.input_path("--images"),
        help="Put the original images in: a directory, or a manifest.",
    ),
]
BaseOption = Annotated[
    Path | None,
    typer.Option(
        "--base",
        metavar="ARCHIVE",
        parser=options.input_path("--base"),
        help="Reuse user data and images of an older archive.",
    ),
]
NoCarryOption = Annotated[
    bool, typer.Option("--no-carry", help="Drop an image of --base whose file is no longer in --images.")
]
RequireImagesOption = Annotated[
    bool, typer.Option("--require-images", help="Write nothing unless every face has an image.")
]
AllowSharedOption = Annotated[
    bool, typer.Option("--allow-shared-images", help="Let several persons have the same image.")
]
NoFaceUserDataOption = Annotated[
    bool, typer.Option("--no-face-user-data", help="Leave out the user data of faces, which costs a request each.")
]
RefreshUserDataOption = Annotated[
    bool, typer.Option("--refresh-user-data", help="Read the user data of faces again that --base has.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the archive where it exists.")]


@app.command(cls=ServiceCommand)
def export(
    ctx: typer.Context,
    to: ToOption,
    type: options.TypeOption = None,
    object_id: options.ObjectIdOption = None,
    images: ImagesOption = None,
    base: BaseOption = None,
    no_carry: NoCarryOption = False,
    require_images: RequireImagesOption = False,
    allow_shared_images: AllowSharedOption = False,
    no_face_user_data: NoFaceUserDataOption = False,
    refresh_user_data: RefreshUserDataOption = False,
    force: ForceOption = False,
    dry_run: options.DryRunOption = False,
) -> None:
    """Read an object into an archive file. After an interruption the same command goes on.

    facesnap export -t PersonGroup -i staff --to staff.facesnap --images photos/
    """
    from facesnap_cli.archives.export_preview import preview_export
    from facesnap_cli.backups.archive_records import export_by_hand
    from facesnap_cli.cli.progress_display import step_progress, transfer_progress
    from facesnap_cli.display.columns import EXPORT_PREVIEW, EXPORTED_ARCHIVE

    app = App.of(ctx)
    app.choose(type=type, object_id=object_id)
    parameters = export_parameters(
        app,
        to=to,
        images=images,
        base=base,
        force=force,
        carry=not no_carry,
        require_images=require_images,
        allow_shared_images=allow_shared_images,
        face_user_data=not no_face_user_data,
        refresh_user_data=refresh_user_data,
    )
    if dry_run:
        with step_progress(app, parameters.object_id) as progress:
            preview = preview_export(app.account, parameters, progress)
        for line in preview.warnings:
            app.messages.warn(line)
        app.messages.note(preview.notice)
        app.output.record(preview.document, EXPORT_PREVIEW)
        app.conclude(preview.failure, then=parameters.transfer(app.account).command)
        return
    with transfer_progress(app, parameters.transfer(app.account)) as progress:
        exported = export_by_hand(app.dependencies, app.account, parameters, progress)
    for line in exported.warnings:
        app.messages.warn(line)
    app.messages.note(exported.notice)
    app.output.record(exported.document, EXPORTED_ARCHIVE)
    app.conclude(exported.failure, then=next_command(app, parameters.target, exported))


def next_command(app: App, archive: Path, exported: ExportResult) -> Command:
    """Return the command that lists the faces without an image, else the one that rebuilds the object elsewhere."""
    from facesnap_cli.common.hints import command
    from facesnap_cli.display.sentences import from_here

    place, target = from_here(str(archive)), app.accounts.other_profile()
    if exported.document["faces"] != exported.document["facesWithImage"]:
        return command("inspect", place, "--missing")
    return command("import", place, "--profile", target, "--id-map", "ids.csv") if target else command("inspect", place)


def export_parameters(
    app: App,
    *,
    to: OutputPath,
    images: Path | None,
    base: Path | None,
    force: bool,
    carry: bool,
    require_images: bool,
    allow_shared_images: bool,
    face_user_data: bool,
    refresh_user_data: bool,
) -> ExportParameters:
    """Return what to export, from the command line, the environment and the profile. Raises UsageError."""
    from facesnap_cli.archives.archive_parameters import ExportParameters
    from facesnap_cli.archives.replacement import Replacement
    from facesnap_cli.cli.option_values import image_source_of
    from facesnap_cli.journal.transfer_record import is_name_of_partial

    settings = app.settings
    settings.require_profile()
    object_type, object_id = settings.type, settings.object_id
    settings.require("export", "type", "object_id")
    assert object_type
    assert object_id
    inputs = [
        InputPath(read, f"the file of {option}, which this export reads")
        for option, read in (("--base", base), ("--images", images))
        if read
    ]
    app.check_outputs([to], inputs)
    if is_name_of_partial(to.path):
        raise UsageError(f"--to {to.path}: that is the name of an unfinished archive", hint="name it NAME.facesnap")
    for option, given in (("--no-carry", not carry), ("--allow-shared-images", allow_shared_images)):
        if given and not images:
            raise UsageError(f"{option} is about the images of --images", hint="give --images DIR|FILE.csv, too")
    if refresh_user_data and not face_user_data:
        raise UsageError("--refresh-user-data reads what --no-face-user-data leaves out: give one of them")
    if refresh_user_data and not base:
        raise UsageError("--refresh-user-data is about the faces of --base", hint="give --base ARCHIVE, too")
    return ExportParameters(
        object_type=object_type,
        object_id=object_id,
        target=to.path,
        images=image_source_of(images) if images else None,
        base=base,
        replaces=Replacement.ANY if force else Replacement.NOTHING,
        account=app.dependencies.known_resource(app.account).account,
        carry=carry,
        require_images=require_images,
        allow_shared_images=allow_shared_images,
        face_user_data=face_user_data,
        refresh_user_data=refresh_user_data,
        files=tuple(app.files()),
    )
