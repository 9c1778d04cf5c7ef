"""Match images with faces: one file for one face, and no file that may be another's."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.archives.images.image import CheckedImage, ImageError
from facesnap_cli.archives.images.names import in_order
from facesnap_cli.archives.images.object_index import USER_DATA, ObjectIndex
from facesnap_cli.archives.images.sources import MANIFEST, ImageSource, SourceImage
from facesnap_cli.common.escape import storable

_SCHEMA = (
    "CREATE TABLE images (number INTEGER PRIMARY KEY, path BLOB, name TEXT, place TEXT, folder TEXT, rule TEXT,"
    " owner INTEGER, face_id TEXT, rank INTEGER, target_face TEXT, detection_model TEXT, state TEXT, reason TEXT)",
    "CREATE INDEX images_by_owner ON images (owner, state)",
    "CREATE INDEX images_by_name ON images (name)",
)
CANDIDATE, UNUSED, CONTENDED, UNUSABLE, USED = "candidate", "unused", "contended", "unusable", "used"
_BATCH = 1000
Examine = Callable[[Path], CheckedImage | None]
Present = Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Match:
    """An image for a face. `image` is None if it need not be read: its content is the face's present image."""

    face_id: str
    owner_id: str
    name: str
    rule: str
    image: CheckedImage | None
    target_face: str | None
    detection_model: str | None


class BareFace(NamedTuple):
    """A face without an image, and its person."""

    face_id: str
    person_id: str | None
    name: str | None

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"faceId": self.face_id, "personId": self.person_id, "name": self.name}


class Entry(NamedTuple):
    """A file that went to no face, and why."""

    place: str
    reason: str


class Matching:
    """The files of a source, matched with the faces of an object.

    A file belongs to an owner (a person; in a list, a face by itself) if all its names mean that owner alone. A face's
    id comes first, then a face's user data, then the owner's remaining faces in the order of the files' names.
    """

    def __init__(self, index: ObjectIndex):
        self._index = index
        self._db = index.connection
        self._empty_folders: list[str] = []
        for statement in _SCHEMA:
            self._db.execute(statement)

    def load(self, source: ImageSource) -> None:
        """Index the files of a source. Reads names, not content."""
        batch: list[tuple[object, ...]] = []
        for image in source.images(self._index):
            batch.append(self._placed(image))
            if len(batch) == _BATCH:
                self._insert(batch)
                batch = []
        self._insert(batch)
        self._empty_folders = [storable(folder) for folder in source.empty_folders]

    def matches(self, examine: Examine, present: Present) -> Iterator[Match]:
        """Yield the image of each face that has one.

        `examine` reads a file; it raises ImageError, and may return None if the content does not matter. `present`
        returns the SHA-256 of the faces' present images: a face keeps its image while that is among its candidates.
        """
        query = "SELECT DISTINCT owner FROM images WHERE state = ? ORDER BY owner"
        for owner in [row[0] for row in self._db.execute(query, (CANDIDATE,))]:
            yield from _Owner(self._index, self._db, owner, examine, present).matches()

    def bare_faces(self) -> Iterator[BareFace]:
        """Yield the faces that got no image."""
        query = (
            "SELECT faces.face_id, nullif(id, faces.face_id), owners.name FROM faces JOIN owners ON number = owner"
            " WHERE faces.face_id NOT IN (SELECT face_id FROM images WHERE state = ?) ORDER BY owner, faces.face_id"
        )
        for row in self._db.execute(query, (USED,)):
            yield BareFace(*row)

    def count(self, state: str) -> int:
        """Return the number of files in a state."""
        return int(self._db.execute("SELECT count(*) FROM images WHERE state = ?", (state,)).fetchone()[0])

    def entries(self, *states: str) -> Iterator[Entry]:
        """Yield the files in some states, in their order."""
        marks = ", ".join("?" for _ in states)
        query = f"SELECT place, reason FROM images WHERE state IN ({marks}) ORDER BY number"  # noqa: S608 - ours
        for row in self._db.execute(query, states):
            yield Entry(storable(row["place"]), row["reason"] or "")

    def unused_folders(self) -> Iterator[tuple[str, int]]:
        """Yield the folders without a file of anybody, with the number of their files; empty ones come last."""
        query = (
            "SELECT folder, count(*) FROM images WHERE folder != '' GROUP BY folder"
            " HAVING count(*) = sum(state = ?) ORDER BY min(number)"
        )
        yield from ((row[0], row[1]) for row in self._db.execute(query, (UNUSED,)))
        yield from ((folder, 0) for folder in self._empty_folders)

    def unused_files(self, *, outside_folders: bool = False) -> Iterator[Entry]:
        """Yield the files that went to nobody; with `outside_folders` only those outside unused folders."""
        folders = {folder for folder, _ in self.unused_folders()} if outside_folders else set()
        query = "SELECT place, folder FROM images WHERE state IN (?, ?) ORDER BY number"
        for row in self._db.execute(query, (UNUSED, CANDIDATE)):
            if row["folder"] not in folders:
                yield Entry(storable(row["place"]), "")

    def unusable_owners(self) -> Iterator[tuple[str, Entry]]:
        """Yield the files that the service would refuse, with the ids of their owners."""
        query = "SELECT place, reason, owner FROM images WHERE state = ? ORDER BY number"
        for row in self._db.execute(query, (UNUSABLE,)):
            yield self._index.id_of(row["owner"]), Entry(storable(row["place"]), row["reason"])

    def belongs_to_others(self, name: str, owner_id: str) -> bool:
        """Return whether a file went to another owner, or may be several owners'."""
        rows = self._db.execute("SELECT owner, state FROM images WHERE name = ?", (name,)).fetchall()
        return any(
            row["state"] == CONTENDED or (row["state"] == USED and self._index.id_of(row["owner"]) != owner_id)
            for row in rows
        )

    def _insert(self, batch: Sequence[tuple[object, ...]]) -> None:
        self._db.executemany(
            "INSERT INTO images (path, name, place, folder, target_face, detection_model, rank, rule, owner, face_id,"
            " state, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            batch,
        )

    def _placed(self, image: SourceImage) -> tuple[object, ...]:
        rule, owner, face_id, state, reason = self._claim(image)
        place, folder = (storable(text) for text in (image.place, image.folder))
        about = (
            os.fsencode(image.path),
            image.name,
            place,
            folder,
            image.target_face,
            image.detection_model,
            int(not image.face_id),
        )
        return (*about, rule, owner, face_id, state, reason)

    def _claim(self, image: SourceImage) -> tuple[str, int | None, str | None, str, str]:
        """Return the rule, the owner, the face, the state and the reason for an image."""
        owners = image.owners
        if owners is not None and len(owners) != 1:
            return image.rule, None, None, CONTENDED, self._contention(owners)
        owner = next(iter(owners)) if owners else None
        if image.face_id:
            face_owner = self._index.owner_of_face(image.face_id)
            if face_owner is None:
                return image.rule, None, None, UNUSED, ""
            if owner not in (None, face_owner):
                return image.rule, None, None, CONTENDED, self._contention(frozenset())
            return image.rule, face_owner, image.face_id, CANDIDATE, ""
        is_listed = image.rule == MANIFEST
        faces = [] if is_listed and owner is None else self._index.faces_with_file(image.endings, owner)
        if len(faces) == 1:
            [(face_id, face_owner)] = faces
            return image.rule if is_listed else USER_DATA, face_owner, face_id, CANDIDATE, ""
        is_pooled = owner is not None
        if len(faces) > 1:
            explicit = self._index.faces_with_file([name for name in image.endings if "." in name], owner)
            if not is_pooled or len(explicit) > 1:
                titles = " and ".join(face_id for face_id, _ in faces)
                return image.rule, None, None, CONTENDED, f"the user data of several faces names it: {titles}"
        return image.rule, owner, None, CANDIDATE if is_pooled else UNUSED, ""

    def _contention(self, owners: frozenset[int]) -> str:
        if not owners:
            return "its names belong to different persons"
        first = " and ".join(self._index.title(owner) for owner in sorted(owners)[:2])
        more = f", and {len(owners) - 2} more" if len(owners) > 2 else ""
        return f"it may be that of {first}{more}"


class _Owner:
    """Assigns the files of one owner to the owner's faces."""

    def __init__(
        self, index: ObjectIndex, connection: sqlite3.Connection, owner: int, examine: Examine, present: Present
    ):
        self._db = connection
        self._examine = examine
        self._owner_id = index.id_of(owner)
        self._faces = index.faces_of(owner)
        self._present = present(self._faces)
        query = "SELECT * FROM images WHERE owner = ? AND state = ?"
        rows = sorted(connection.execute(query, (owner, CANDIDATE)), key=lambda row: in_order(row["name"]))
        self._pool = [row for row in rows if row["face_id"] is None]
        self._own: dict[str, list[sqlite3.Row]] = {}
        for row in sorted(rows, key=lambda row: int(row["rank"])):
            if row["face_id"] is not None:
                self._own.setdefault(row["face_id"], []).append(row)
        self._contents: set[str] = set()
        self._digests: dict[int, str | None] = {}

    def matches(self) -> Iterator[Match]:
        left = []
        for face_id in self._faces:
            candidates = self._own.get(face_id, [])
            found = self._kept(face_id, candidates) or self._first_usable(face_id, candidates)
            if found:
                yield found
            else:
                left.append(face_id)
        yield from self._from_pool(left)

    def _from_pool(self, faces: list[str]) -> Iterator[Match]:
        left = []
        for face_id in faces:
            if kept := self._kept(face_id, self._pool):
                yield kept
            else:
                left.append(face_id)
        for face_id in left:
            if found := self._first_usable(face_id, self._pool):
                yield found

    def _kept(self, face_id: str, rows: list[sqlite3.Row]) -> Match | None:
        """Return the match with the face's present image, if it is one of the candidates."""
        wanted = self._present.get(face_id)
        if wanted is None:
            return None
        for row in list(rows):
            if self._digest(row, rows) == wanted:
                return self._use(face_id, row, rows, None, wanted)
        return None

    def _first_usable(self, face_id: str, rows: list[sqlite3.Row]) -> Match | None:
        """Return the match with the first usable file, if possible with a content that the owner does not have yet."""
        repeated: tuple[sqlite3.Row, CheckedImage] | None = None
        for row in list(rows):
            image = self._checked(row, rows)
            if row not in rows:
                continue
            if image and image.sha256 in self._contents:
                repeated = repeated or (row, image)
                continue
            return self._use(face_id, row, rows, image, image.sha256 if image else None)
        if repeated is None:
            return None
        return self._use(face_id, repeated[0], rows, repeated[1], repeated[1].sha256)

    def _use(
        self, face_id: str, row: sqlite3.Row, rows: list[sqlite3.Row], image: CheckedImage | None, digest: str | None
    ) -> Match:
        rows.remove(row)
        if digest:
            self._contents.add(digest)
        self._db.execute("UPDATE images SET state = ?, face_id = ? WHERE number = ?", (USED, face_id, row["number"]))
        return Match(
            face_id, self._owner_id, row["name"], row["rule"], image, row["target_face"], row["detection_model"]
        )

    def _digest(self, row: sqlite3.Row, rows: list[sqlite3.Row]) -> str | None:
        number = row["number"]
        if number not in self._digests:
            image = self._checked(row, rows)
            self._digests[number] = image.sha256 if image else None
        return self._digests[number]

    def _checked(self, row: sqlite3.Row, rows: list[sqlite3.Row]) -> CheckedImage | None:
        """Read a file. One that the service would refuse is no candidate any more."""
        try:
            return self._examine(Path(os.fsdecode(row["path"])))
        except ImageError as error:
            rows.remove(row)
            state = UNUSED if error.is_other_file and row["rule"] != MANIFEST else UNUSABLE
            self._db.execute(
                "UPDATE images SET state = ?, reason = ? WHERE number = ?", (state, error.reason, row["number"])
            )
            return None
