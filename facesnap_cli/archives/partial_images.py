"""Find the faces of a partial archive that lack an image, and store images."""

from __future__ import annotations

import sqlite3

from facesnap_cli.archives.images.image import CheckedImage
from facesnap_cli.archives.shared_connection import SharedConnection
from facesnap_cli.models.objects import Face, Person


class PartialImages:
    """The images of a partial archive. Safe for several threads."""

    def __init__(self, database: SharedConnection):
        self._database = database

    def owners(self, after: str, limit: int) -> list[Person]:
        """Return up to `limit` persons with faces after the id `after`."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM persons WHERE person_id > ? AND EXISTS (SELECT 1 FROM faces"
                " WHERE faces.person_id = persons.person_id) ORDER BY person_id LIMIT ?",
                (after, limit),
            ).fetchall()
        return [_person(row) for row in rows]

    def missing(self, after: str, limit: int) -> list[tuple[Person, list[Face]]]:
        """Return up to `limit` persons after the id `after` with their faces without an image."""
        with self._database.reading() as connection:
            persons = connection.execute(
                "SELECT * FROM persons WHERE person_id > ? AND EXISTS (SELECT 1 FROM faces"
                " WHERE faces.person_id = persons.person_id AND image IS NULL) ORDER BY person_id LIMIT ?",
                (after, limit),
            ).fetchall()
            return [(_person(row), _faces_of(connection, "person_id = ?", row["person_id"])) for row in persons]

    def missing_in_list(self, after: str, limit: int) -> list[Face]:
        """Return up to `limit` faces of a list without an image after the id `after`."""
        with self._database.reading() as connection:
            return _faces_of(connection, "person_id IS NULL AND face_id > ?", after, limit)

    def kept(self, person: Person) -> dict[str, Face]:
        """Return a person's faces with an image, by the image's SHA-256."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT image, face_id, user_data FROM faces WHERE person_id = ? AND image IS NOT NULL",
                (person.person_id,),
            ).fetchall()
        return {row["image"]: Face(row["face_id"], row["user_data"]) for row in rows}

    def keep(self, face_id: str, image: CheckedImage) -> None:
        """Store a face's image."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO images VALUES (?, ?, ?)", (image.sha256, image.format, image.content)
            )
            connection.execute(
                "UPDATE faces SET image = ?, target_face = ?, detection_model = ? WHERE face_id = ?",
                (image.sha256, image.target_face, image.detection_model, face_id),
            )


def _faces_of(connection: sqlite3.Connection, condition: str, value: str, limit: int = -1) -> list[Face]:
    rows = connection.execute(
        f"SELECT face_id, user_data FROM faces WHERE {condition} AND image IS NULL ORDER BY face_id LIMIT ?",  # noqa: S608 - ours
        (value, limit),
    ).fetchall()
    return [Face(*row) for row in rows]


def _person(row: sqlite3.Row) -> Person:
    return Person(row["person_id"], row["name"], row["user_data"], ())
