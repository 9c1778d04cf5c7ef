"""Store the persons of groups."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.emulator.ids import guid
from facesnap_cli.emulator.limits import Tier
from facesnap_cli.emulator.protocol.service_errors import person_not_found, quota_exceeded
from facesnap_cli.emulator.store.containers import Container, Containers
from facesnap_cli.emulator.store.state import State


@dataclass(frozen=True)
class Person:
    """A person and the ordered ids of its faces."""

    id: bytes
    name: str
    user_data: str | None
    faces: list[bytes]


class Persons:
    """The persons of all groups. Each method takes the group as `Containers` returned it."""

    def __init__(self, state: State, containers: Containers) -> None:
        self._state = state
        self._containers = containers
        self._db = state.connection

    def create(
        self, group: Container, tier: Tier, *, name: str, user_data: str | None, person_id: bytes | None = None
    ) -> bytes:
        """Add a person without faces and return its id. Raises ServiceError 403 if the group is full."""
        if group.persons >= tier.persons[group.kind.name]:
            raise quota_exceeded(f"Person number reached {group.kind.noun.lower()} level limit.")
        person = person_id or self._state.new_id()
        self._db.execute(
            "INSERT INTO persons (object, person, name, user_data) VALUES (?, ?, ?, ?)",
            (group.object, person, name, user_data),
        )
        self._containers.count(group, persons=1)
        return person

    def list(self, group: Container, start: bytes, top: int) -> list[Person]:
        """Return up to `top` persons with ids after `start`, ordered by id."""
        rows = self._db.execute(
            "SELECT * FROM persons WHERE object = ? AND person > ? ORDER BY person LIMIT ?", (group.object, start, top)
        ).fetchall()
        persons = {row["person"]: Person(row["person"], row["name"], row["user_data"], []) for row in rows}
        if persons:
            for row in self._db.execute(
                "SELECT person, face FROM faces WHERE object = ? AND person BETWEEN ? AND ? ORDER BY person, face",
                (group.object, rows[0]["person"], rows[-1]["person"]),
            ):
                persons[row["person"]].faces.append(row["face"])
        return list(persons.values())

    def get(self, group: Container, person_id: str) -> Person:
        """Return a person. Raises ServiceError 404."""
        person = guid(person_id)
        row = self._db.execute(
            "SELECT * FROM persons WHERE object = ? AND person = ?", (group.object, person)
        ).fetchone()
        if person is None or row is None:
            raise person_not_found(person_id)
        faces = self._db.execute(
            "SELECT face FROM faces WHERE object = ? AND person = ? ORDER BY face", (group.object, person)
        )
        return Person(person, row["name"], row["user_data"], [face["face"] for face in faces])

    def update(self, group: Container, person_id: str, *, name: str | None, user_data: str | None) -> None:
        """Change name and user data, each only if given. Raises ServiceError 404."""
        person = self.get(group, person_id)
        self._db.execute(
            "UPDATE persons SET name = coalesce(?, name), user_data = coalesce(?, user_data)"
            " WHERE object = ? AND person = ?",
            (name, user_data, group.object, person.id),
        )

    def delete(self, group: Container, person_id: str) -> None:
        """Delete a person and its faces. Raises ServiceError 404."""
        person = self.get(group, person_id)
        self._db.execute("DELETE FROM faces WHERE object = ? AND person = ?", (group.object, person.id))
        self._db.execute("DELETE FROM persons WHERE object = ? AND person = ?", (group.object, person.id))
        self._containers.count(group, persons=-1, faces=-len(person.faces))

    def count_faces(self, group: Container, person: bytes, number: int) -> None:
        """Add to a person's number of faces."""
        self._db.execute(
            "UPDATE persons SET faces = faces + ? WHERE object = ? AND person = ?", (number, group.object, person)
        )
