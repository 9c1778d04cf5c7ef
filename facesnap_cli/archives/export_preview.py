"""Show what an export would do, without reading the user data of faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ExportParameters
from facesnap_cli.archives.export import PAGE, batches, checked_base, described_work, reuses_user_data
from facesnap_cli.archives.export_images import (
    coverage_lines,
    examine_beginning,
    failure_of,
    report_of,
    shortfall_of,
)
from facesnap_cli.archives.face_counts import FaceCounts
from facesnap_cli.archives.images.image import checked_image
from facesnap_cli.archives.images.matching import BaseImage, Matching
from facesnap_cli.archives.images.matching_report import MatchingReport
from facesnap_cli.archives.images.object_index import ObjectIndex
from facesnap_cli.archives.replacement import check_replaceable
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.progress import Progress
from facesnap_cli.face_api.account import Account
from facesnap_cli.models.objects import Face


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """A preview of an export: its JSON form, a notice, warnings, and the failure that is certain."""

    document: dict[str, object]
    notice: str
    warnings: list[str]
    failure: FacesnapError | None


def preview_export(account: Account, parameters: ExportParameters, progress: Progress) -> ExportPreview:
    """List the object, match images with its faces, and carry on those of the base. Writes nothing.

    Raises ConflictError, NotFoundError, and UsageError for a base of another object, or for a manifest that contradicts
    the object.
    """
    account.begin_bulk_work()
    kind, object_id = parameters.object_type, parameters.object_id
    identity = parameters.identity(account)
    check_replaceable(parameters.target, parameters.replaces, identity)
    account.objects.get(kind, object_id)
    with checked_base(parameters.base, identity) as base:
        index = _listed(account, parameters, progress)
        unread = 0
        if kind.has_persons and not parameters.left_out:
            unread = index.face_count()
            if base and reuses_user_data(base, parameters):
                unread -= _reuse_user_data(index, base)
        matching = Matching(index)
        report = _matched(matching, index, parameters, base, progress)
    with_image = matching.covered_count()
    found = FaceCounts(index.face_count(), with_image, with_image)
    undecided = len(report.unused_files) if report and unread else 0
    failure = None if undecided else shortfall_of(found, parameters, report) or failure_of(report)
    warnings = [*report.warnings(), *report.bare_lines()] if report and not (failure and failure.also) else []
    persons = index.owner_count() if kind.has_persons else 0
    what, calls = described_work(parameters, persons if kind.has_persons else found.faces, unread)
    document: dict[str, object] = {
        "type": kind.value,
        "objectId": object_id,
        "archive": str(parameters.target),
        "persons": persons,
        "faces": found.faces,
        "facesWithImage": found.with_image,
        "undecidedFiles": undecided,
        "calls": calls,
    }
    if report:
        document["matching"] = report.document()
    notice = f"{what}: {account.estimate(calls)}; this is a dry run: nothing was written"
    if report and not base:
        notice += ", and no image was compared with the others"
    if undecided:
        notice += f"; {counted(undecided, 'file')} may still be named by the user data of faces, which was not read"
    elif not failure:
        warnings += coverage_lines(found)
    return ExportPreview(document, notice, warnings, failure)


def _listed(account: Account, parameters: ExportParameters, progress: Progress) -> ObjectIndex:
    """Return the index of the persons and faces that the object has now."""
    kind, object_id = parameters.object_type, parameters.object_id
    index = ObjectIndex()
    progress.begin("reading the list of " + ("persons" if kind.has_persons else "faces"))
    if kind.has_persons:
        for persons in batches(account.objects.persons(kind, object_id), PAGE):
            index.add_persons(persons)
            progress.advance(len(persons))
    else:
        for faces in batches(account.objects.faces(kind, object_id), PAGE):
            index.add_list_faces(faces)
            progress.advance(len(faces))
    return index


def _reuse_user_data(index: ObjectIndex, base: Archive) -> int:
    """Add the user data of faces that the base has, and return the number of these faces."""
    known = 0
    rows = base.connection.execute("SELECT face_id, user_data FROM faces")
    while page := rows.fetchmany(PAGE):
        faces = [Face(row["face_id"], row["user_data"]) for row in page]
        index.add_user_data(faces)
        known += sum(index.owner_of_face(face.face_id) is not None for face in faces)
    return known


def _matched(
    matching: Matching, index: ObjectIndex, parameters: ExportParameters, base: Archive | None, progress: Progress
) -> MatchingReport | None:
    """Give each face its image as the export would, and return a report on the source, if there is one."""
    source = parameters.images
    if source is None:
        for _ in matching.carry(_images_of(base)):
            progress.advance()
        return None
    source.check(lambda: index)
    report = report_of(source, parameters)
    progress.begin("matching images with faces", index.face_count())
    matching.load(source)

    def present(face_ids: Sequence[str]) -> dict[str, str]:
        return {image.face_id: image.sha256 for face_id in face_ids for image in _images_of(base, face_id)}

    # Only a content that was read whole can be compared with those of the base.
    examine = checked_image if base else examine_beginning
    for match in matching.matches(examine, present):
        report.count(match.rule)
        progress.advance()
    matching.examine_rest(examine)
    if parameters.carry:
        report.carry(matching, _images_of(base))
    report.share(matching)
    report.take_over(matching)
    return report


def _images_of(base: Archive | None, face_id: str | None = None) -> Iterator[BaseImage]:
    """Yield the images that the base has, of all faces or of one."""
    if base:
        query = "SELECT face_id, image, path FROM faces LEFT JOIN image_sources USING (face_id) WHERE image > ''"
        whose = (" AND face_id = ?", (face_id,)) if face_id else ("", ())
        for row in base.connection.execute(query + whose[0], whose[1]):
            yield BaseImage(*row)
