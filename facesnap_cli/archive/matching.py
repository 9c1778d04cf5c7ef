"""Hold a rebuilt object against its archive: to settle what has no answer, and to verify what is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from facesnap_cli.archive.ledger import Ledger
from facesnap_cli.archive.parallel import each
from facesnap_cli.archive.reading import Archive
from facesnap_cli.errors import ConflictError, VerificationError
from facesnap_cli.objects import Face, Objects
from facesnap_cli.text import harmless
from facesnap_cli.wanted import VerifyLevel

_SHOWN = 5


def settle(objects: Objects, archive: Archive, ledger: Ledger, object_id: str) -> None:
    """Enter into the ledger what the object holds and the ledger does not know: answers that were lost.

    Faces of a person or list are added one after the other in one order, so that one unknown face is the first that
    is missing. A person without faces and ledger entry is any missing one of that name and user data. Raises
    ConflictError for anything else: then somebody else writes to the object.
    """
    kind = archive.head.object_type
    if not kind.has_persons:
        _settle_faces(ledger, None, [face.face_id for face in objects.faces(kind, object_id)], object_id)
        return
    for person in objects.persons(kind, object_id):
        known = ledger.person_of(person.person_id)
        if known:
            _settle_faces(ledger, known, person.face_ids, object_id)
            continue
        missing = ledger.missing_like(person.name, person.user_data)
        if missing is None or person.face_ids:
            raise _foreign(object_id, f"person {person.person_id} ({person.name})")
        ledger.person_added(missing, person.person_id)


def _settle_faces(ledger: Ledger, person_id: str | None, found: Iterable[str], object_id: str) -> None:
    unknown = {face_id.lower() for face_id in found} - ledger.added_faces(person_id)
    if not unknown:
        return
    missing = ledger.faces_to_do(person_id) if person_id else ledger.list_faces_to_do("", 1)
    if len(unknown) > 1 or not missing:
        raise _foreign(object_id, f"face {min(unknown)}")
    ledger.face_added(missing[0], unknown.pop())


def _foreign(object_id: str, what: str) -> ConflictError:
    return ConflictError(
        f"{object_id} holds something that this import has not added: {harmless(what)}",
        hint="let nothing else write to it; delete it, or import into another --object-id",
        details={"objectId": object_id},
    )


def check_rebuilt(
    objects: Objects, archive: Archive, ledger: Ledger, object_id: str, level: VerifyLevel, *, threads: int
) -> None:
    """Compare the object with the archive, as far as it was to be rebuilt.

    `quick` compares names, user data and every id that was given; `full` reads the user data of persons' faces too,
    with one request each. Raises VerificationError, which names what differs.
    """
    if level is VerifyLevel.NONE:
        return
    kind = archive.head.object_type
    head = objects.get(kind, object_id)
    differences = []
    if (head.name, head.user_data or "") != (archive.head.name, archive.head.user_data or ""):
        differences.append("its name or user data")
    to_read: list[tuple[str | None, str]] = []
    persons = faces = 0
    if kind.has_persons:
        for person in objects.persons(kind, object_id):
            persons += 1
            faces += len(person.face_ids)
            known = ledger.person_of(person.person_id)
            if known is None:
                differences.append(f"person {person.person_id} is too many")
                continue
            original = ledger.original_of(known)
            if (person.name, person.user_data or "") != (original.name, original.user_data or ""):
                differences.append(f"person {person.person_id}: name or user data")
            if {face_id.lower() for face_id in person.face_ids} != ledger.added_faces(known):
                differences.append(f"person {person.person_id}: faces")
            if level is VerifyLevel.FULL:
                to_read += [(person.person_id, face_id) for face_id in person.face_ids]
        differences += _different_faces(objects, archive, ledger, object_id, to_read, threads)
    else:
        found = list(objects.faces(kind, object_id))
        faces = len(found)
        if {face.face_id.lower() for face in found} != ledger.added_faces(None):
            differences.append("its faces")
        differences += [f"face {face.face_id}: user data" for face in found if _differs(ledger, face)]
    done = ledger.done()
    if (persons, faces) != (done.persons, done.faces):
        differences.append(f"{persons} persons and {faces} faces instead of {done.persons} and {done.faces}")
    if differences:
        more = f", and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise VerificationError(
            f"{object_id} differs from the archive: {harmless('; '.join(differences[:_SHOWN]))}{more}",
            hint="somebody else may have written to it; keep the archive until this is clear",
            details={"objectId": object_id, "differences": differences},
        )


def _different_faces(
    objects: Objects,
    archive: Archive,
    ledger: Ledger,
    object_id: str,
    to_read: list[tuple[str | None, str]],
    threads: int,
) -> Iterator[str]:
    differences: list[str] = []

    def compare(place: tuple[str | None, str]) -> None:
        person_id, face_id = place
        face = objects.face(archive.head.object_type, object_id, face_id, person_id=person_id)
        if _differs(ledger, face):
            differences.append(f"face {face_id}: user data")

    each(to_read, compare, threads=threads)
    yield from differences


def _differs(ledger: Ledger, face: Face) -> bool:
    return (face.user_data or "") != (ledger.user_data_of(face.face_id) or "")
