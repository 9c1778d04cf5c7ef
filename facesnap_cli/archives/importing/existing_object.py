"""Add to an object that exists, and to which others may write: learn what it lacks, and what has been added."""

from __future__ import annotations

from collections.abc import Iterator

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import Additions, ImportParameters
from facesnap_cli.archives.importing.doubt import Doubts
from facesnap_cli.archives.importing.import_items import PendingFace
from facesnap_cli.archives.importing.import_schema import ADDING, FINISHED
from facesnap_cli.archives.importing.import_state import ImportState
from facesnap_cli.archives.importing.reconcile import listed
from facesnap_cli.common.errors import ConflictError, UsageError, VerificationError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.progress import Progress
from facesnap_cli.face_api.object_api import ObjectApi
from facesnap_cli.models.objects import FaceObject, ObjectType, Person


def begin_additions(
    objects: ObjectApi,
    found: FaceObject,
    archive: Archive,
    state: ImportState,
    parameters: ImportParameters,
    doubts: Doubts,
    progress: Progress,
) -> bool:
    """Find out what an existing object, which was `found`, lacks, and commit that it is to be added.

    Results of an earlier run's lost responses are looked for first; return whether there were requests without one.
    Raises ConflictError if the object shares nothing with the archive, UsageError if images are missing.
    """
    kind, object_id, archive_id = parameters.object_type, parameters.object_id, archive.head.archive_id
    step, was_in_doubt = state.step, False
    if found.recognition_model and parameters.recognition_model not in (None, found.recognition_model):
        raise ConflictError(
            f"{object_id} uses {found.recognition_model}, which cannot be changed",
            hint="leave --recognition-model out",
            details={"objectId": object_id},
        )
    progress.begin("looking for what is there already")
    if step not in (None, FINISHED):
        was_in_doubt = doubts.outlast(ADDING)
        record_lost_additions(objects, kind, state, object_id)
        state.settle_all(ADDING)
    contents = list(contents_of_object(objects, kind, object_id))
    if step is None:
        state.begin_in_its_own_object(archive_id, contents)
        step = FINISHED
    held = {found_id for found_id, _ in contents}
    if held and not parameters.persons and held.isdisjoint([new_id for new_id, _ in state.added()]):
        raise ConflictError(
            f"{object_id} holds nothing that {archive.path} has: it was created anew since then",
            hint="name what to add with --person, or build a new object with another --object-id",
            details={"objectId": object_id},
        )
    only_refused = parameters.additions is Additions.REFUSED
    state.begin_additions(archive_id, contents, only_refused=only_refused, persons=parameters.persons)
    lost = state.faces_without_image()
    if lost and not parameters.partial:
        raise UsageError(
            f"{archive.path} has no image of {counted(lost, 'face')} that {object_id} lacks",
            hint="use an archive with images, or add the others alone: --partial",
            details={"facesWithoutImage": lost},
        )
    if step == FINISHED and not state.to_do():
        state.begin(FINISHED, archive_id)
    return was_in_doubt


def contents_of_object(objects: ObjectApi, kind: ObjectType, object_id: str) -> Iterator[tuple[str, str | None]]:
    """Yield the lower-case id of each person and face of an object; a face has its person's, else None."""
    if not kind.has_persons:
        yield from ((face.face_id.lower(), None) for face in objects.faces(kind, object_id))
        return
    for person in objects.persons(kind, object_id):
        yield person.person_id.lower(), None
        yield from ((face_id.lower(), person.person_id.lower()) for face_id in person.face_ids)


def record_lost_additions(objects: ObjectApi, kind: ObjectType, state: ImportState, object_id: str) -> None:
    """Record what requests without a response have added to an existing object, to which others may write too.

    A person or face that was not there before is the result of such a request if it is the only one that can be. Raises
    VerificationError if there are several. Anything else in the object is left alone.
    """
    found: dict[str, list[tuple[str, PendingFace | None]]] = {}
    for place, person_id, unknown in _unknown_in(objects, kind, state, object_id):
        if isinstance(unknown, Person):
            missing = state.missing_like(unknown.name, unknown.user_data)
            if missing and state.is_in_doubt(missing) and not unknown.face_ids:
                found.setdefault(missing, []).append((place, None))
            continue
        faces = state.faces_to_do(person_id) if person_id else state.list_faces_to_do("", 1)
        for face in (face for face in faces if state.is_in_doubt(face.face_id)):
            found.setdefault(face.face_id, []).append((place, face))
    ambiguous = [place for places in found.values() if len(places) > 1 for place, _ in places]
    if ambiguous:
        raise VerificationError(
            f"a request without a response may have added one of these to {object_id}: {listed(ambiguous)}",
            hint="delete those that nobody else has added, and run this again",
            details={"objectId": object_id, "extra": ambiguous},
        )
    for item_id, [(place, added)] in found.items():
        new_id = place.rpartition("/")[2]
        if added:
            state.face_added(added, new_id)
        else:
            state.person_added(item_id, new_id)


def _unknown_in(
    objects: ObjectApi, kind: ObjectType, state: ImportState, object_id: str
) -> Iterator[tuple[str, str | None, Person | None]]:
    """Yield each person and face that is new and that the state lacks: its place, the archive's id of its person."""
    if not kind.has_persons:
        for face in objects.faces(kind, object_id):
            if not state.has_face(None, face.face_id) and not state.is_other(face.face_id):
                yield f"persistedfaces/{face.face_id}", None, None
        return
    for person in objects.persons(kind, object_id):
        place = f"persons/{person.person_id}"
        if known := state.person_of(person.person_id):
            for face_id in person.face_ids:
                if not state.has_face(known, face_id) and not state.is_other(face_id):
                    yield f"{place}/persistedfaces/{face_id}", known, None
        elif not state.is_other(person.person_id):
            yield place, None, person


def check_additions(objects: ObjectApi, kind: ObjectType, state: ImportState, object_id: str) -> None:
    """Check that an existing object holds every person and face of the archive that this import knows to be in it.

    What else it holds is others' business, and so are the names in it. Raises VerificationError.
    """
    held = set(contents_of_object(objects, kind, object_id))
    lost = [new_id for new_id, person_id in state.added() if (new_id, person_id) not in held]
    if lost:
        raise VerificationError(
            f"{object_id} lacks what was added to it: {listed(lost)}",
            hint="somebody else may write to it; run this again, and keep the archive until you know",
            details={"objectId": object_id, "differences": lost},
        )
