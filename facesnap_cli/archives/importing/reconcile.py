"""Compare a rebuilt object with its archive, to find results of lost responses and to verify the import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.importing.import_state import ImportState
from facesnap_cli.common.errors import ConflictError, VerificationError
from facesnap_cli.common.escape import counted, harmless
from facesnap_cli.common.threads import stop_at_first_error
from facesnap_cli.face_api.object_api import ObjectApi
from facesnap_cli.models.empty_user_data import is_empty_as_absent
from facesnap_cli.models.objects import Face, ObjectType, Person
from facesnap_cli.operations.parameters import VerifyLevel

_SHOWN = 5


def record_lost_responses(objects: ObjectApi, kind: ObjectType, state: ImportState, object_id: str) -> None:
    """Record the persons and faces that the object holds and the state lacks, because their responses were lost.

    Faces of a person or list are added in turn in a fixed order, so a single unknown face is the first missing one.
    An unknown person without faces is any missing person of that name and user data. Raises VerificationError for what
    was added twice, ConflictError for anything else, because then another program writes to the object.
    """
    extra: list[str] = []
    if not kind.has_persons:
        found = (face.face_id for face in objects.faces(kind, object_id))
        extra += _record_lost_face(state, None, found, "persistedfaces")
    else:
        for person in objects.persons(kind, object_id):
            place = f"persons/{person.person_id}"
            if known := state.person_of(person.person_id):
                extra += _record_lost_face(state, known, person.face_ids, f"{place}/persistedfaces")
            elif person.face_ids or not state.has_like(person.name, person.user_data):
                raise _foreign(object_id, f"person {person.person_id} ({person.name})")
            elif missing := state.missing_like(person.name, person.user_data):
                state.person_added(missing, person.person_id)
            else:
                extra.append(place)
    if extra:
        raise VerificationError(
            f"{object_id} holds more than the archive: {listed(extra)}",
            hint=_way_to_delete(objects, kind, object_id, extra),
            details={"objectId": object_id, "extra": extra},
        )


def _record_lost_face(state: ImportState, person_id: str | None, found: Iterable[str], place: str) -> list[str]:
    """Record a single unknown face as the first missing one. Return the places of others, which are too many."""
    unknown = [face_id for face_id in found if not state.has_face(person_id, face_id)]
    if not unknown:
        return []
    missing = state.faces_to_do(person_id) if person_id else state.list_faces_to_do("", 1)
    if len(unknown) == 1 and missing:
        state.face_added(missing[0], unknown[0])
        return []
    return [f"{place}/{face_id}" for face_id in unknown]


def listed(entries: list[str]) -> str:
    more = f", and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    return harmless("; ".join(entries[:_SHOWN])) + more


def _way_to_delete(objects: ObjectApi, kind: ObjectType, object_id: str, extra: list[str]) -> str:
    """Return how to delete what a late request, or another program, has added."""
    url = objects.url(kind, object_id)
    places = " ".join(f"{url}/{place}" for place in extra[:_SHOWN])
    return (
        "a request that took effect late may have added it; if nothing else did, delete it, and run this again:"
        f' curl -X DELETE -H "Ocp-Apim-Subscription-Key: $FACESNAP_KEY" {places}'
    )


def _foreign(object_id: str, what: str) -> ConflictError:
    return ConflictError(
        f"{object_id} holds something that this import has not added: {harmless(what)}",
        hint="let nothing else write to it; delete it, or import into another --object-id",
        details={"objectId": object_id},
    )


def check_rebuilt(
    objects: ObjectApi,
    archive: Archive,
    kind: ObjectType,
    state: ImportState,
    object_id: str,
    level: VerifyLevel,
    *,
    threads: int,
) -> int:
    """Compare the object with the parts of the archive that were rebuilt.

    `quick` compares names, user data, every new id and the number of faces of each person; `full` also reads the user
    data of persons' faces, with a request for each. Returns how many empty user data the service returns as absent.
    Raises VerificationError, which names the differences.
    """
    if level is VerifyLevel.NONE:
        return 0
    head = objects.get(kind, object_id)
    comparison = _Comparison(objects, kind, state, object_id)
    if head.name != archive.head.name or not comparison.has_user_data(head.user_data, archive.head.user_data):
        comparison.differences.append("its name or user data")
    if kind.has_persons:
        places = (
            (person.person_id, face_id)
            for person in comparison.compare_persons()
            for face_id in (person.face_ids if level is VerifyLevel.FULL else ())
        )
        stop_at_first_error(comparison.compare_face, places, threads=threads)
    else:
        comparison.compare_list()
    differences = comparison.all_differences()
    if differences:
        extra = comparison.extra
        raise VerificationError(
            f"{object_id} differs from the archive: {listed(differences)}",
            hint=_way_to_delete(objects, kind, object_id, extra)
            if extra
            else "somebody else may have written to it; keep the archive until you know",
            details={"objectId": object_id, "differences": differences, "extra": extra},
        )
    return len(comparison.absent)


class _Comparison:
    """Compares persons and faces one by one, and collects descriptions of the differences.

    `extra` has the places, below the object, of persons and faces that the archive does not explain.
    `absent` has an entry for each empty user data that the service returns as absent. Safe for several threads.
    """

    def __init__(self, objects: ObjectApi, kind: ObjectType, state: ImportState, object_id: str):
        self._objects = objects
        self._kind = kind
        self._state = state
        self._object_id = object_id
        self._persons = 0
        self._faces = 0
        self.differences: list[str] = []
        self.extra: list[str] = []
        self.absent: list[str] = []

    def has_user_data(self, found: str | None, kept: str | None) -> bool:
        """Return whether user data is the archive's; an empty text may be absent."""
        if is_empty_as_absent(kept, found):
            self.absent.append(self._object_id)
            return True
        return found == kept

    def compare_persons(self) -> Iterator[Person]:
        """Compare each person, and yield it."""
        for person in self._objects.persons(self._kind, self._object_id):
            self._persons += 1
            self._faces += len(person.face_ids)
            self._compare_person(person)
            yield person

    def compare_face(self, place: tuple[str, str]) -> None:
        """Compare the user data of a person's face."""
        person_id, face_id = place
        self._compare_user_data(self._objects.face(self._kind, self._object_id, face_id, person_id=person_id))

    def compare_list(self) -> None:
        """Compare each face of a list."""
        for face in self._objects.faces(self._kind, self._object_id):
            self._faces += 1
            if self._state.has_face(None, face.face_id):
                self._compare_user_data(face)
            else:
                self._add_extra(f"persistedfaces/{face.face_id}", f"unexpected face {face.face_id}")

    def all_differences(self) -> list[str]:
        """Return all differences, after everything was compared."""
        done = self._state.done()
        if (self._persons, self._faces) == (done.persons, done.faces):
            return self.differences
        found = f"{counted(self._persons, 'person')} and {counted(self._faces, 'face')}"
        numbers = f"{found} instead of {done.persons:,} and {done.faces:,}"
        return [*self.differences, numbers]

    def _compare_person(self, person: Person) -> None:
        known = self._state.person_of(person.person_id)
        if known is None:
            self._add_extra(f"persons/{person.person_id}", f"unexpected person {person.person_id}")
            return
        original = self._state.original_of(known)
        if person.name != original.name or not self.has_user_data(person.user_data, original.user_data):
            self.differences.append(f"person {person.person_id}: name or user data")
        added, found = self._state.faces_of(known), {face_id.lower() for face_id in person.face_ids}
        for face_id in sorted(found - added):
            place = f"persons/{person.person_id}/persistedfaces/{face_id}"
            self._add_extra(place, f"person {person.person_id}: unexpected face {face_id}")
        for face_id in sorted(added - found):
            self.differences.append(f"person {person.person_id}: no face {face_id}")

    def _add_extra(self, place: str, what: str) -> None:
        self.extra.append(place)
        self.differences.append(what)

    def _compare_user_data(self, face: Face) -> None:
        if not self.has_user_data(face.user_data, self._state.user_data_of(face.face_id)):
            self.differences.append(f"face {face.face_id}: user data")
