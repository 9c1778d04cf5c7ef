"""Store the persisted faces of persons and of lists."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.emulator.ids import guid
from facesnap_cli.emulator.limits import FACES_PER_PERSON, Tier
from facesnap_cli.emulator.protocol.service_errors import face_not_found, quota_exceeded
from facesnap_cli.emulator.store.containers import Container, Containers
from facesnap_cli.emulator.store.persons import Persons
from facesnap_cli.emulator.store.state import State

# The person id of the faces in a list.
NOBODY = b""


@dataclass(frozen=True)
class PersistedFace:
    """A face's id and its user data."""

    id: bytes
    user_data: str | None


class Faces:
    """The faces of all containers. `person` is a person's 16-byte id, or NOBODY in a list."""

    def __init__(self, state: State, containers: Containers, persons: Persons) -> None:
        self._state = state
        self._containers = containers
        self._persons = persons
        self._db = state.connection

    def add(
        self,
        container: Container,
        person: bytes,
        tier: Tier,
        *,
        image: bytes,
        user_data: str | None,
        face_id: bytes | None = None,
    ) -> bytes:
        """Add the face with key `image` and return its id. Raises ServiceError 403 at the limit."""
        if self._number(container, person) >= _most(container, tier):
            raise quota_exceeded("Persisted face number reached limit.")
        face = face_id or self._state.new_id()
        self._db.execute(
            "INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?)",
            (container.object, person, face, image, user_data, self._state.now()),
        )
        self._count(container, person, 1)
        return face

    def list(self, container: Container, start: bytes = b"", top: int = -1) -> list[PersistedFace]:
        """Return up to `top` (-1 for all) faces of a list with ids after `start`, ordered by id."""
        rows = self._db.execute(
            "SELECT face, user_data FROM faces WHERE object = ? AND person = ? AND face > ? ORDER BY face LIMIT ?",
            (container.object, NOBODY, start, top),
        )
        return [PersistedFace(row["face"], row["user_data"]) for row in rows]

    def get(self, container: Container, person: bytes, face_id: str) -> PersistedFace:
        """Return a face. Raises ServiceError 404."""
        face = guid(face_id)
        row = self._db.execute(
            "SELECT user_data FROM faces WHERE object = ? AND person = ? AND face = ?", (container.object, person, face)
        ).fetchone()
        if face is None or row is None:
            raise face_not_found()
        return PersistedFace(face, row["user_data"])

    def update(self, container: Container, person: bytes, face_id: str, *, user_data: str | None) -> None:
        """Change a face's user data if given. Raises ServiceError 404."""
        face = self.get(container, person, face_id)
        self._db.execute(
            "UPDATE faces SET user_data = coalesce(?, user_data) WHERE object = ? AND person = ? AND face = ?",
            (user_data, container.object, person, face.id),
        )

    def delete(self, container: Container, person: bytes, face_id: str) -> None:
        """Delete a face. Raises ServiceError 404."""
        face = self.get(container, person, face_id)
        self._db.execute(
            "DELETE FROM faces WHERE object = ? AND person = ? AND face = ?", (container.object, person, face.id)
        )
        self._count(container, person, -1)

    def was_seeded(self, face_id: bytes) -> bool:
        """Return whether a seed made the face without an image, so that its id is its image's key."""
        found = self._db.execute("SELECT 1 FROM faces WHERE image = ? AND face = ? LIMIT 1", (face_id, face_id))
        return found.fetchone() is not None

    def _number(self, container: Container, person: bytes) -> int:
        if not container.kind.has_persons:
            return container.faces
        row = self._db.execute(
            "SELECT faces FROM persons WHERE object = ? AND person = ?", (container.object, person)
        ).fetchone()
        return int(row["faces"])

    def _count(self, container: Container, person: bytes, number: int) -> None:
        self._containers.count(container, faces=number)
        if container.kind.has_persons:
            self._persons.count_faces(container, person, number)


def _most(container: Container, tier: Tier) -> int:
    return FACES_PER_PERSON if container.kind.has_persons else tier.faces[container.kind.name]
