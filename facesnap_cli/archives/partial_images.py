"""Store the images of a partial archive's faces, and carry on those of an older archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_schema import FACE_COLUMNS, SOURCE_COLUMNS, checksum_of, with_checksum
from facesnap_cli.archives.images.image import format_of
from facesnap_cli.archives.images.matching import BaseImage, Match
from facesnap_cli.archives.images.object_index import ObjectIndex
from facesnap_cli.archives.shared_connection import SharedConnection
from facesnap_cli.common.sqlite import DamagedError
from facesnap_cli.common.time_format import format_time
from facesnap_cli.models.objects import Face, Person

_PAGE = 1000
_COMMIT_AFTER = 200  # images; an export that is resumed matches all of them anew
_NO_IMAGE = {"image": "NULL", "target_face": "NULL", "detection_model": "NULL"}
_IMAGE = {"image": "?2", "target_face": "?3", "detection_model": "?4"}
_CARRIED = {name: f"old.{name}" for name in _NO_IMAGE}
_OWN = {name: f"faces.{name}" for name in FACE_COLUMNS}
_SET_IMAGE = (
    "UPDATE faces SET image = ?2, target_face = ?3, detection_model = ?4,"  # noqa: S608 - ours
    f" checksum = {checksum_of(FACE_COLUMNS, **_IMAGE)} WHERE face_id = ?1 AND checksum = {checksum_of(FACE_COLUMNS)}"
)
_CARRY = (
    "UPDATE faces SET image = old.image, target_face = old.target_face, detection_model = old.detection_model,"  # noqa: S608
    f" checksum = {checksum_of(FACE_COLUMNS, **_OWN | _CARRIED)} FROM temp.carriable AS old"
    f" WHERE old.face_id = faces.face_id AND faces.checksum = {checksum_of(FACE_COLUMNS, **_OWN)}"
)
_CARRY_SOURCES = (
    "INSERT INTO image_sources SELECT face_id, path, rule, matched_time, ?1,"  # noqa: S608 - ours
    f" {checksum_of(SOURCE_COLUMNS, carried_from='?1')} FROM temp.carriable WHERE path IS NOT NULL"
)


class PartialImages:
    """The images of a partial archive."""

    def __init__(self, database: SharedConnection):
        self._database = database
        self.base: Archive | None = None

    def index(self) -> ObjectIndex:
        """Return the index of all persons and faces that were read."""
        index = ObjectIndex()
        after = ""
        while persons := self._persons(after):
            index.add_persons(persons)
            after = persons[-1].person_id
        after = ""
        while rows := self._faces(after):
            index.add_list_faces([Face(row["face_id"], row["user_data"]) for row in rows if row["person_id"] is None])
            index.add_user_data([Face(row["face_id"], row["user_data"]) for row in rows if row["user_data"]])
            after = rows[-1]["face_id"]
        return index

    @contextmanager
    def writing(self, now: datetime) -> Iterator[ImageWriter]:
        """Yield a writer of images."""
        with self._database.writing() as connection:
            yield ImageWriter(self._database.path, connection, self.base, now)

    def forget(self) -> None:
        """Delete all images."""
        with self._database.writing() as connection:
            forget_images(connection)
            connection.execute("DELETE FROM images")

    def _persons(self, after: str) -> list[Person]:
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT person_id, name, user_data FROM persons WHERE person_id > ? ORDER BY person_id LIMIT ?",
                (after, _PAGE),
            ).fetchall()
            faces: dict[str, list[str]] = {}
            if rows:
                query = "SELECT person_id, face_id FROM faces WHERE person_id BETWEEN ? AND ?"
                for person_id, face_id in connection.execute(query, (rows[0]["person_id"], rows[-1]["person_id"])):
                    faces.setdefault(person_id, []).append(face_id)
        return [
            Person(row["person_id"], row["name"], row["user_data"], tuple(faces.get(row["person_id"], ())))
            for row in rows
        ]

    def _faces(self, after: str) -> list[sqlite3.Row]:
        with self._database.reading() as connection:
            return connection.execute(
                "SELECT face_id, person_id, user_data FROM faces WHERE face_id > ? ORDER BY face_id LIMIT ?",
                (after, _PAGE),
            ).fetchall()


def forget_images(connection: sqlite3.Connection) -> None:
    """Forget which images the faces have: what an interrupted run matched may have been wrong."""
    connection.execute(
        "UPDATE faces SET image = NULL, target_face = NULL, detection_model = NULL,"  # noqa: S608 - ours
        f" checksum = iif(checksum IS NULL, NULL, {checksum_of(FACE_COLUMNS, **_NO_IMAGE)}) WHERE image IS NOT NULL"
    )
    connection.execute("DELETE FROM image_sources")


class ImageWriter:
    """Writes images in a transaction of the partial archive."""

    def __init__(self, path: Path, connection: sqlite3.Connection, base: Archive | None, now: datetime):
        self._path = path
        self._connection = connection
        self._base = base
        self._now = format_time(now)
        self._written = 0

    def present(self, face_ids: Sequence[str]) -> dict[str, str]:
        """Return the SHA-256 of the images that faces have in the base."""
        if not self._base:
            return {}
        query = "SELECT image FROM base.faces WHERE face_id = ? AND image IS NOT NULL"
        found = ((face_id, self._connection.execute(query, (face_id,)).fetchone()) for face_id in face_ids)
        return {face_id: row[0] for face_id, row in found if row}

    def keep(self, match: Match) -> None:
        """Store a face's image, and where it came from."""
        if match.image is None:
            sha256 = self._copy_from_base(self.present([match.face_id])[match.face_id])
        else:
            image = match.image
            sha256 = image.sha256
            self._connection.execute(
                "INSERT OR IGNORE INTO images VALUES (?, ?, ?)", (sha256, image.format, image.content)
            )
        self._set_image(match.face_id, sha256, match.target_face, match.detection_model)
        self._add_source(match.face_id, match.name, match.rule, self._now, None)
        self._written += 1
        if self._written % _COMMIT_AFTER == 0:
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN IMMEDIATE")

    def find_carriable(self) -> None:
        """Find the base's images of faces that have none."""
        if not self._base:
            return
        self._connection.execute("DROP TABLE IF EXISTS temp.carriable")
        self._connection.execute(
            "CREATE TEMP TABLE carriable AS SELECT old.face_id, old.image, old.target_face, old.detection_model,"
            " source.path, source.rule, source.matched_time FROM faces AS own JOIN base.faces AS old USING (face_id)"
            " LEFT JOIN base.image_sources AS source USING (face_id) WHERE own.image IS NULL AND old.image > ''"
        )

    def carriable(self) -> Iterator[BaseImage]:
        """Yield the images that were found."""
        if self._base:
            for row in self._connection.execute("SELECT face_id, image, path FROM temp.carriable"):
                yield BaseImage(*row)

    def carry(self, left_out: Iterable[str] = ()) -> None:
        """Carry on the images that were found, but not those of the faces in `left_out`."""
        if not self._base:
            return
        self._connection.executemany(
            "DELETE FROM temp.carriable WHERE face_id = ?", [(face_id,) for face_id in left_out]
        )
        for (sha256,) in self._connection.execute(
            "SELECT DISTINCT image FROM temp.carriable WHERE image NOT IN (SELECT sha256 FROM images)"
        ).fetchall():
            self._copy_from_base(sha256)
        self._connection.execute(_CARRY)
        unchanged = "SELECT face_id FROM temp.carriable JOIN faces USING (face_id) WHERE faces.image IS NULL"
        if row := self._connection.execute(unchanged).fetchone():
            raise self._damaged(row["face_id"])
        self._connection.execute(_CARRY_SOURCES, (self._base.head.archive_id,))

    def drop(self, face_ids: Sequence[str]) -> None:
        """Take their images from faces."""
        for face_id in face_ids:
            self._set_image(face_id, None, None, None)
        self._connection.executemany(
            "DELETE FROM image_sources WHERE face_id = ?", [(face_id,) for face_id in face_ids]
        )

    def _copy_from_base(self, sha256: str) -> str:
        assert self._base
        if not self._connection.execute("SELECT 1 FROM images WHERE sha256 = ?", (sha256,)).fetchone():
            content = self._base.image(sha256)
            self._connection.execute("INSERT INTO images VALUES (?, ?, ?)", (sha256, format_of(content), content))
        return sha256

    def _set_image(
        self, face_id: str, sha256: str | None, target_face: str | None, detection_model: str | None
    ) -> None:
        changed = self._connection.execute(_SET_IMAGE, (face_id, sha256, target_face, detection_model)).rowcount
        if not changed:  # damage must not become valid
            raise self._damaged(face_id)

    def _damaged(self, face_id: str) -> DamagedError:
        return DamagedError(f"{self._path} is damaged: the row of {face_id} does not fit its checksum")

    def _add_source(self, *values: str | None) -> None:
        self._connection.execute("INSERT INTO image_sources VALUES (?, ?, ?, ?, ?, ?)", with_checksum(*values))
