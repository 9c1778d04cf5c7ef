"""facesnap import"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError
from facesnap_cli.config.paths import InputPath, OutputPath, Writing

if TYPE_CHECKING:
    from facesnap_cli.archives.archive import Archive
    from facesnap_cli.archives.archive_parameters import Additions, ImportParameters
    from facesnap_cli.common.hints import Command
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.models.objects import ObjectType

app = typer_app()
RECOGNITION_MODELS = ("recognition_01", "recognition_02", "recognition_03", "recognition_04")
DETECTION_MODELS = ("detection_01", "detection_02", "detection_03")
PartialOption = Annotated[bool, typer.Option("--partial", help="Rebuild without the faces that have no image.")]
RecognitionModelOption = Annotated[
    str | None,
    typer.Option(
        "--recognition-model",
        metavar="|".join(RECOGNITION_MODELS),
        help="Use this model, not the source's.",
    ),
]
DetectionModelOption = Annotated[
    str | None,
    typer.Option(
        "--detection-model",
        metavar="|".join(DETECTION_MODELS),
        help="Detect the faces in the images with this model.",
    ),
]
TypeOption = Annotated[
    str | None,
    typer.Option(
        "--type", "-t", metavar="TYPE", help="Build this type, such as LargePersonGroup (default: the archive's)."
    ),
]
IntoOption = Annotated[
    bool, typer.Option("--into", help="Add what an existing object lacks, and change nothing else in it.")
]
PersonOption = Annotated[
    list[str] | None,
    typer.Option("--person", metavar="PERSON", help="Add this person alone, by id or name. Repeatable."),
]
RetryOption = Annotated[
    bool, typer.Option("--retry-refused", help="Send again what the service refused of this import.")
]
VerifyOption = Annotated[
    str, typer.Option("--verify", metavar="none|quick|full", help="Compare with the archive; full: each face too.")
]
IdMapOption = Annotated[
    OutputPath | None,
    typer.Option(
        "--id-map",
        metavar="FILE.csv|FILE.json",
        parser=options.output_file("--id-map", Writing.TEXT),
        help="Write the old and the new ids there.",
    ),
]


@app.command("import", cls=ServiceCommand)
def import_(
    ctx: typer.Context,
    archive: options.ArchiveArgument,
    object_id: options.NewObjectIdOption = None,
    type: TypeOption = None,
    into: IntoOption = False,
    person: PersonOption = None,
    retry_refused: RetryOption = False,
    partial: PartialOption = False,
    recognition_model: RecognitionModelOption = None,
    detection_model: DetectionModelOption = None,
    verify: VerifyOption = "quick",
    id_map: IdMapOption = None,
    timeout: options.TimeoutOption = None,
    poll_interval: options.PollIntervalOption = None,
) -> None:
    """Build an object from an archive, train it and compare. After an interruption the same command goes on.

    facesnap import employees.facesnap -p dr -i employees --id-map ids.csv
    """
    from facesnap_cli.archives.archive import Archive
    from facesnap_cli.cli.option_values import type_filter

    app = App.of(ctx)
    app.choose(object_id=object_id, timeout=timeout, poll_interval=poll_interval)
    with Archive.opened(archive.absolute()) as opened:
        parameters = import_parameters(
            app,
            archive=opened,
            object_id=app.settings.object_id or opened.head.object_id,
            object_type=type_filter(type),
            additions=additions_of(into, retry_refused),
            persons=person or [],
            partial=partial,
            recognition_model=recognition_model,
            detection_model=detection_model,
            verify=verify,
            id_map=id_map,
        )
        run_import(app, app.account, opened, parameters)


def run_import(app: App, account: Account, archive: Archive, parameters: ImportParameters) -> None:
    """Import an archive, show how far it is, and print the result. Raises what it failed with."""
    from facesnap_cli.archives.importing.importer import import_archive
    from facesnap_cli.cli.progress_display import transfer_progress
    from facesnap_cli.common.hints import command, option
    from facesnap_cli.display.columns import IMPORT

    if archive.head.images and not archive.head.has_face_user_data:
        app.messages.note(f"{archive.path} was exported without the user data of faces, which therefore get none")
    with transfer_progress(app, parameters.transfer(account)) as progress:
        imported = import_archive(account, archive, parameters, app.dependencies.state_directory, app.clock, progress)
    for line in imported.notes:
        app.messages.note(line)
    app.output.record(imported.document, IMPORT)
    if parameters.id_map:
        app.messages.note(f"the old and the new ids are in {parameters.id_map}")
    see = command("objects", *option("--profile", account.profile))
    then = see if parameters.id_map else id_map_command(parameters, account)
    app.conclude(imported.failure, then=then, is_logged=True)


def id_map_command(parameters: ImportParameters, account: Account) -> Command:
    """Return the command that writes the id map of a finished import."""
    from facesnap_cli.common.hints import command, option
    from facesnap_cli.display.sentences import from_here

    return command(
        *("import", from_here(str(parameters.archive)), "--object-id", parameters.object_id),
        *option("--profile", account.profile),
        parameters.additions is not None and "--into",
        *(word for person in parameters.persons for word in ("--person", person)),
        parameters.partial and "--partial",
        *("--id-map", "ids.csv"),
    )


def additions_of(into: bool, retry_refused: bool) -> Additions | None:
    """Return what to add to an existing object; None if a new one is built."""
    from facesnap_cli.archives.archive_parameters import Additions

    if into and retry_refused:
        raise UsageError("--into adds what was refused too: leave --retry-refused out")
    return Additions.LACKING if into else Additions.REFUSED if retry_refused else None


def import_parameters(
    app: App,
    *,
    archive: Archive,
    object_id: str,
    account: Account | None = None,
    object_type: ObjectType | None = None,
    additions: Additions | None = None,
    persons: Sequence[str] = (),
    partial: bool,
    recognition_model: str | None,
    detection_model: str | None,
    verify: str,
    id_map: OutputPath | None,
) -> ImportParameters:
    """Return what to import, from the command line, the environment, the profile and the archive.

    Without an `account` it is the chosen one. Raises UsageError, also if faces would be lost without `partial`, and
    ConflictError if `additions` to an object cannot be told from what it holds.
    """
    from facesnap_cli.archives.archive_parameters import Additions, ImportParameters
    from facesnap_cli.archives.importing.additions import known_by, person_ids_of
    from facesnap_cli.archives.importing.id_map_file import check_id_map
    from facesnap_cli.cli.option_values import verify_level

    head = archive.head
    kind = object_type or head.object_type
    if kind.has_persons is not head.object_type.has_persons:
        raise UsageError(f"{archive.path} is of a {head.object_type.value}, of which no {kind.value} can be made")
    if additions is Additions.REFUSED and persons:
        raise UsageError("--retry-refused sends all that was refused: leave --person out, or use --into")
    person_ids = person_ids_of(archive, persons)
    if additions is None:
        _check_coverage(archive, partial, person_ids)
    elif head.images == 0:
        raise UsageError(f"{archive.path} has no images, so that no face can be added", hint="export with --images")
    if id_map:
        check_id_map(id_map.path)
        app.check_outputs([id_map], [InputPath(archive.path, "the archive, which this import reads")])
    account = account or app.account
    parameters = ImportParameters(
        archive=archive.path,
        object_type=kind,
        object_id=object_id,
        partial=partial,
        recognition_model=_one_of("--recognition-model", recognition_model, RECOGNITION_MODELS),
        detection_model=_one_of("--detection-model", detection_model, DETECTION_MODELS),
        verify=verify_level(verify),
        schedule=app.dependencies.schedule,
        timeout_s=app.settings.timeout,
        id_map=id_map.path if id_map else None,
        files=tuple(app.files()),
        archive_type=head.object_type,
        persons=person_ids,
        additions=additions,
    )
    if additions is None:
        return parameters
    target = account.identity_of(kind, object_id)
    target = target._replace(resource=app.dependencies.known_resource(account))
    return known_by(parameters, archive, target, app.dependencies.state_directory)


def _check_coverage(archive: Archive, partial: bool, persons: Sequence[str]) -> None:
    """Raise UsageError if a rebuild, of all persons or of some, would lose faces, unless it is `partial`."""
    from facesnap_cli.common.escape import counted

    lost = archive.faces_without_image(persons)
    if lost and not partial and persons:
        raise UsageError(
            f"{archive.path} has no image of {counted(lost, 'face')} of these persons",
            hint="rebuild them without those faces: --partial",
            details={"facesWithoutImage": lost},
        )
    if lost and not partial:
        kept = archive.head.faces - lost
        have = "has" if kept == 1 else "have"
        what = "holds no recognition data" if lost == archive.head.faces else f"lacks {lost:,} of them"
        raise UsageError(
            f"{archive.path}: {counted(archive.head.faces, 'face')}, of which {kept:,} {have} an image:"
            f" it {what}, as Face never returns images",
            hint="export again with --images, or rebuild without those faces: --partial",
            details={"faces": archive.head.faces, "facesWithoutImage": lost},
        )


def _one_of(option: str, text: str | None, known: tuple[str, ...]) -> str | None:
    """Return an option's value if it is a known one. Raises UsageError for another one."""
    from facesnap_cli.common.escape import harmless

    if text is None or text in known:
        return text
    raise UsageError(f"{option} {harmless(text)[:40]}: one of {', '.join(known)}")
