"""Match the images of an export with the faces that were read, and carry on those of its base."""

from __future__ import annotations

from pathlib import Path

from facesnap_cli.archives.archive_parameters import ExportParameters
from facesnap_cli.archives.face_counts import FaceCounts, counts_document
from facesnap_cli.archives.images.image import CheckedImage, check_beginning, checked_image
from facesnap_cli.archives.images.matching import Matching
from facesnap_cli.archives.images.matching_report import MatchingReport
from facesnap_cli.archives.images.object_index import ObjectIndex
from facesnap_cli.archives.images.sources import ImageSource
from facesnap_cli.archives.partial_archive import PartialArchive
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import FacesnapError, PartialFailureError, VerificationError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.hints import Hint, Option
from facesnap_cli.common.progress import Progress

INCOMPLETE = "ImagesMissing"
SHARED = "SharedImages"


def check_source(partial: PartialArchive, parameters: ExportParameters) -> None:
    """Check the source of images against the persons and faces that were listed.

    Raises UsageError if a manifest contradicts them, and VerificationError if there is no file at all.
    """
    source = parameters.images
    if source is None:
        return
    source.check(partial.images.index)
    if next(iter(source.images(ObjectIndex())), None) is None:
        _check_enough(partial.counts().faces, 0, parameters, report_of(source, parameters))


def report_of(source: ImageSource, parameters: ExportParameters) -> MatchingReport:
    """Return an empty report on matching the images of a source."""
    return MatchingReport(
        str(source.origin),
        is_sharing_allowed=parameters.allow_shared_images,
        rows_without_path=source.rows_without_path,
        has_face_user_data=not parameters.left_out,
    )


def store_images(
    partial: PartialArchive, parameters: ExportParameters, clock: Clock, progress: Progress
) -> MatchingReport | None:
    """Give each face its image: one of the source, matched anew, or that of the base.

    Raises VerificationError, before anything is replaced, if the source has no image at all or too few. Returns None
    without a source.
    """
    source = parameters.images
    if source is None:
        with partial.images.writing(clock.now()) as writer:
            writer.find_carriable()
            writer.carry()
        _check_stored(partial, parameters, None)
        return None
    report = report_of(source, parameters)
    progress.begin("matching images with faces", partial.counts().faces)
    matching = Matching(partial.images.index())
    matching.load(source)
    with partial.images.writing(clock.now()) as writer:
        for match in matching.matches(checked_image, writer.present):
            writer.keep(match)
            report.count(match.rule)
            progress.advance()
        matching.examine_rest(checked_image)
        if parameters.carry:
            writer.find_carriable()
            report.carry(matching, writer.carriable())
            writer.carry(left_out=[str(entry["faceId"]) for entry in report.dropped])
        writer.drop(report.share(matching))
    report.take_over(matching)
    _check_stored(partial, parameters, report)
    return report


def failure_of(report: MatchingReport | None) -> FacesnapError | None:
    """Return the error for images that could not be used, or that several persons would share."""
    if report is None:
        return None
    if report.shared and not report.is_sharing_allowed:
        return PartialFailureError(
            f"{counted(len(report.shared), 'image')} would be that of several persons;"
            " the archive is written without them",
            hint=Hint("give each person an own photo, or allow it: ", Option("--allow-shared-images")),
            code=SHARED,
            details={"sharedImages": report.document()["sharedImages"]},
        )
    if report.missed:
        return PartialFailureError(
            f"{counted(len(report.missed), 'image')} could not be used; the archive is written without them",
            hint=Hint("mend or replace them, then export again", Option(" with --force")),
            details={"images": [f"{entry.place}: {entry.reason}" for entry in report.missed]},
        )
    return None


def coverage_lines(found: FaceCounts) -> list[str]:
    """Return the line about faces that cannot be rebuilt; none if all can."""
    if not found.lacking:
        return []
    if not found.with_image:
        return ["this archive holds no recognition data: no face has an image, and Face never returns them"]
    have = "has" if found.lacking == 1 else "have"
    return [f"{found.lacking:,} of {found.faces:,} faces {have} no image and cannot be rebuilt from this archive"]


def examine_beginning(path: Path) -> CheckedImage | None:
    """Check the first bytes of an image, and return nothing."""
    check_beginning(path)
    return None


def shortfall_of(
    found: FaceCounts, parameters: ExportParameters, report: MatchingReport | None
) -> VerificationError | None:
    """Return the error for an export that would have no image of its source, or fewer than are required."""
    is_nothing = report is not None and not (report.matched and found.with_image)
    if not found.faces or not (is_nothing or (parameters.require_images and found.lacking)):
        return None
    what = f"{parameters.target} {found.flaw}"
    unread = ", and not after the user data of faces, which is not read" if parameters.left_out else ""
    if report and is_nothing:
        what = f"none of the {counted(found.faces, 'face')} has an image in {report.origin}"
    return VerificationError(
        f"{what}; nothing was written",
        also=[*report.warnings(), *report.bare_lines()] if report else (),
        hint=(
            "check that the directory is mounted, and that its files or folders are named after persons or faces"
            + unread
            if is_nothing
            else Hint("add the images, or do without ", Option("--require-images"))
        ),
        code=INCOMPLETE,
        details={
            "archive": str(parameters.target),
            **counts_document(found),
            "matching": report.document() if report else None,
        },
    )


def _check_stored(partial: PartialArchive, parameters: ExportParameters, report: MatchingReport | None) -> None:
    counts = partial.counts()
    try:
        _check_enough(counts.faces, counts.with_image, parameters, report)
    except VerificationError:
        # The next run matches all faces anew, so that only what was read from the service is kept.
        partial.images.forget()
        raise


def _check_enough(faces: int, with_image: int, parameters: ExportParameters, report: MatchingReport | None) -> None:
    counts = FaceCounts(faces, with_image, with_image, parameters.left_out)
    if error := shortfall_of(counts, parameters, report):
        raise error
