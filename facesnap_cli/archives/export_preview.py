"""Show what an export would do, without reading the user data of faces."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.archives.archive_parameters import ExportParameters
from facesnap_cli.archives.export import PAGE, batches
from facesnap_cli.archives.export_images import examine_beginning, failure_of, report_of, shortfall_of
from facesnap_cli.archives.face_counts import FaceCounts
from facesnap_cli.archives.images.matching import Matching
from facesnap_cli.archives.images.object_index import ObjectIndex
from facesnap_cli.archives.replacement import check_replaceable
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.progress import Progress
from facesnap_cli.face_api.account import Account


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """A preview of an export: its JSON form, a notice, warnings, and the failure that is certain."""

    document: dict[str, object]
    notice: str
    warnings: list[str]
    failure: FacesnapError | None


def preview_export(account: Account, parameters: ExportParameters, progress: Progress) -> ExportPreview:
    """List the object, and match images with its faces. Writes nothing.

    Raises ConflictError, NotFoundError, and UsageError for a manifest that contradicts the object.
    """
    account.begin_bulk_work()
    kind, object_id = parameters.object_type, parameters.object_id
    check_replaceable(parameters.target, parameters.replaces, parameters.identity(account))
    account.objects.get(kind, object_id)
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
    document: dict[str, object] = {
        "type": kind.value,
        "objectId": object_id,
        "archive": str(parameters.target),
        "persons": index.owner_count() if kind.has_persons else 0,
        "faces": index.face_count(),
    }
    if parameters.images is None:
        counts: dict[str, object] = {"facesWithImage": None, "undecidedFiles": None}
        return ExportPreview(document | counts, "this is a dry run: nothing was written", [], None)
    parameters.images.check(lambda: index)
    report = report_of(parameters.images, parameters)
    progress.begin("matching images with faces", index.face_count())
    matching = Matching(index)
    matching.load(parameters.images)
    for match in matching.matches(examine_beginning, lambda face_ids: {}):
        report.count(match.rule)
        progress.advance()
    bare = list(matching.bare_faces())
    report.bare = [face.document() for face in bare]
    report.take_over(matching, {face.person_id or face.face_id for face in bare})
    undecided = len(report.unused_files) if kind.has_persons and not parameters.left_out else 0
    document |= {"facesWithImage": report.matched, "undecidedFiles": undecided, "matching": report.document()}
    notice = "this is a dry run: nothing was written, and no image was compared with the others"
    if undecided:
        notice += f"; {counted(undecided, 'file')} may still be named by the user data of faces, which was not read"
    found = FaceCounts(index.face_count(), report.matched, report.matched)
    failure = None if undecided else shortfall_of(found, parameters, report) or failure_of(report)
    warnings = [] if failure and failure.also else [*report.warnings(), *report.bare_lines()]
    return ExportPreview(document, notice, warnings, failure)
