"""The images of a draft's faces: who lacks some, and putting them in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

from facesnap_cli.archives.images.image import CheckedImage
from facesnap_cli.models.objects import Face, Person


class DraftImages:
    """The images in a draft. `reading` and `writing` are its contexts in which statements may be executed."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        reading: Callable[[], AbstractContextManager[None]],
        writing: Callable[[], AbstractContextManager[None]],
    ):
        self._connection = connection
        self._reading = reading
        self._writing = writing

    def owners(self, after: str, limit: int) -> list[Person]:
        """Return up to `limit` persons after `after` who have faces."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT * FROM persons WHERE person_id > ? AND EXISTS (SELECT 1 FROM faces"
                " WHERE faces.person_id = persons.person_id) ORDER BY person_id LIMIT ?",
                (after, limit),
            ).fetchall()
        return [_person(row) for row in rows]

    def missing(self, after: str, limit: int) -> list[tuple[Person, list[Face]]]:
        """Return up to `limit` persons after `after` who have faces without an image, with those faces."""
        with self._reading():
            persons = self._connection.execute(
                "SELECT * FROM persons WHERE person_id > ? AND EXISTS (SELECT 1 FROM faces"
                " WHERE faces.person_id = persons.person_id AND image IS NULL) ORDER BY person_id LIMIT ?",
                (after, limit),
            ).fetchall()
            return [(_person(row), self._faces_of("person_id = ?", row["person_id"])) for row in persons]

    def missing_in_list(self, after: str, limit: int) -> list[Face]:
        """Return up to `limit` faces of a list after `after` that have no image."""
        with self._reading():
            return self._faces_of("person_id IS NULL AND face_id > ?", after, limit)

    def kept(self, person: Person) -> dict[str, Face]:
        """Return a person's faces that have an image, by its SHA-256."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT image, face_id, user_data FROM faces WHERE person_id = ? AND image IS NOT NULL",
                (person.person_id,),
            ).fetchall()
        return {row["image"]: Face(row["face_id"], row["user_data"]) for row in rows}

    def keep(self, face_id: str, image: CheckedImage) -> None:
        """Keep a face's image."""
        with self._writing():
            self._connection.execute(
                "INSERT OR IGNORE INTO images VALUES (?, ?, ?)", (image.sha256, image.format, image.content)
            )
            self._connection.execute(
                "UPDATE faces SET image = ?, target_face = ?, detection_model = ? WHERE face_id = ?",
                (image.sha256, image.target_face, image.detection_model, face_id),
            )

    def _faces_of(self, condition: str, value: str, limit: int = -1) -> list[Face]:
        rows = self._connection.execute(
            f"SELECT face_id, user_data FROM faces WHERE {condition} AND image IS NULL ORDER BY face_id LIMIT ?",  # noqa: S608 - ours
            (value, limit),
        ).fetchall()
        return [Face(*row) for row in rows]


def _person(row: sqlite3.Row) -> Person:
    return Person(row["person_id"], row["name"], row["user_data"], ())
