"""From options to what is wanted of archives: everything checked before the first request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ExportParameters, ImportParameters
from facesnap_cli.archives.images.image import ImageSource
from facesnap_cli.archives.images.sources import image_source
from facesnap_cli.archives.importing.id_map_file import check_id_map
from facesnap_cli.cli.parameters.snapshot_parameters import verify_level
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import counted, harmless
from facesnap_cli.operations.polling import Schedule

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App

RECOGNITION_MODELS = ("recognition_01", "recognition_02", "recognition_03", "recognition_04")
DETECTION_MODELS = ("detection_01", "detection_02", "detection_03")


def wanted_export(app: App, *, to: Path, images: str | None, base: Path | None, force: bool) -> ExportParameters:
    """Return the export that options, environment and profile make together. Raises UsageError."""
    settings = app.settings
    settings.require_profile()
    object_type, object_id = settings.type, settings.object_id
    settings.require("export", "type", "object_id")
    assert object_type
    assert object_id
    if not to.absolute().parent.is_dir():
        raise UsageError(f"--to {to}: there is no directory {to.absolute().parent}")
    if to.is_dir():
        raise UsageError(f"--to {to}: it is a directory; name a file in it")
    return ExportParameters(
        object_type=object_type,
        object_id=object_id,
        target=to.absolute(),
        images=_image_source(images) if images else None,
        base=base,
        force=force,
        files=tuple(app.files()),
    )


def wanted_import(
    app: App,
    *,
    archive: Path,
    partial: bool,
    recognition_model: str | None,
    detection_model: str | None,
    verify: str,
    id_map: Path | None,
) -> ImportParameters:
    """Return the import that options, environment and profile make together.

    Raises UsageError, also where faces would be lost that nobody has said may be, and what opening the archive raises.
    """
    with Archive.opened(archive.absolute()) as opened:
        _check_coverage(opened, partial)
        head = opened.head
    return ImportParameters(
        archive=archive.absolute(),
        object_type=head.object_type,
        object_id=app.settings.object_id or head.object_id,
        partial=partial,
        recognition_model=_one_of("--recognition-model", recognition_model, RECOGNITION_MODELS),
        detection_model=_one_of("--detection-model", detection_model, DETECTION_MODELS),
        verify=verify_level(verify),
        schedule=Schedule(interval_s=app.settings.poll_interval),
        timeout_s=app.settings.timeout,
        id_map=check_id_map(id_map.absolute()) if id_map else None,
        files=tuple(app.files()),
    )


def _image_source(text: str) -> ImageSource:
    try:
        return image_source(Path(text))
    except UsageError as error:
        raise UsageError(f"--images {error.message}", hint=error.hint) from None


def _check_coverage(archive: Archive, partial: bool) -> None:
    """Raise UsageError where a rebuild would lose faces that nobody has said may be lost."""
    lost = archive.count("image IS NULL")
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
    if text is None or text in known:
        return text
    raise UsageError(f"{option} {harmless(text)[:40]}: one of {', '.join(known)}")
