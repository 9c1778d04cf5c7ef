"""Match images with faces: one file for one face, and no file that may be another's."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.archives.images.image import CheckedImage, ImageError
from facesnap_cli.archives.images.names import both_forms, in_order, is_bare_number
from facesnap_cli.archives.images.object_index import USER_DATA, ObjectIndex
from facesnap_cli.archives.images.sources import MANIFEST, ImageSource, SourceImage
from facesnap_cli.common.escape import storable

_SCHEMA = (
    "CREATE TABLE images (number INTEGER PRIMARY KEY, path BLOB, name TEXT, place TEXT, folder TEXT, rule TEXT,"
    " owner INTEGER, face_id TEXT, rank INTEGER, target_face TEXT, detection_model TEXT, state TEXT, reason TEXT,"
    " sha256 TEXT)",
    "CREATE INDEX images_by_owner ON images (owner, state)",
    "CREATE INDEX images_by_name ON images (name)",
    "CREATE INDEX images_by_content ON images (sha256, owner) WHERE sha256 IS NOT NULL",
    "CREATE TABLE covered (face_id TEXT PRIMARY KEY, owner INTEGER NOT NULL, sha256 TEXT) WITHOUT ROWID",
    "CREATE INDEX covered_by_content ON covered (sha256, owner)",
)
CANDIDATE, UNUSED, CONTENDED, UNUSABLE, USED = "candidate", "unused", "contended", "unusable", "used"
UNNEEDED = "unneeded"  # and unusable
_BATCH = 1000
Examine = Callable[[Path], CheckedImage | None]
Present = Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Match:
    """An image for a face. `image` is None if it was not read whole, or is the face's present image read before."""

    face_id: str
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


class BaseImage(NamedTuple):
    """The image that a face has in the base. `name` is its file's, None if the base does not know it."""

    face_id: str
    sha256: str
    name: str | None


class Entry(NamedTuple):
    """A file that went to no face, and why."""

    place: str
    reason: str


class SharedImage(NamedTuple):
    """One content for several owners: the faces that would have it, and the files of owners that do not need it."""

    sha256: str
    face_ids: list[str]
    files: list[str]

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"sha256": self.sha256, "faceIds": self.face_ids, "files": self.files}


class UnusedFolder(NamedTuple):
    """A folder without a file that was used, and the number of its files. `is_nobodys`: none of them names anybody."""

    folder: str
    files: int
    is_nobodys: bool


class Matching:
    """The files of a source, matched with the faces of an object.

    A file belongs to an owner (a person; in a list, a face by itself) if all its names mean that owner alone. A face's
    id comes first, then a face's user data, then the owner's remaining faces in the order of the files' names.
    """

    def __init__(self, index: ObjectIndex):
        self._index = index
        self._db = index.connection
        self._folders_without_file: list[str] = []
        self._keys: frozenset[str] = frozenset()
        for statement in _SCHEMA:
            self._db.execute(statement)

    def load(self, source: ImageSource) -> None:
        """Index the files of a source. Reads names, not content."""
        if self._index.has_keys:
            self._choose_keys(source)
        batch: list[tuple[object, ...]] = []
        for image in source.images(self._index):
            batch.append(self._placed(image))
            if len(batch) == _BATCH:
                self._insert(batch)
                batch = []
        self._insert(batch)
        self._folders_without_file = [storable(folder) for folder in source.folders_without_file]

    def matches(self, examine: Examine, present: Present) -> Iterator[Match]:
        """Yield the image of each face that has one.

        `examine` reads a file; it raises ImageError, and may return None if the content does not matter. `present`
        returns the SHA-256 of the faces' present images: a face keeps its image while that is among its candidates.
        """
        query = "SELECT DISTINCT owner FROM images WHERE state = ? ORDER BY owner"
        for owner in [row[0] for row in self._db.execute(query, (CANDIDATE,))]:
            yield from _Owner(self._index, self._db, owner, examine, present).matches()

    def examine_rest(self, examine: Examine) -> None:
        """Check persons' files that were not needed: one may be unusable, or have the content of another's image."""
        rows = self._db.execute("SELECT number, path, rule FROM images WHERE state = ?", (CANDIDATE,)).fetchall()
        for row in rows:
            try:
                if image := examine(Path(os.fsdecode(row["path"]))):
                    query = "UPDATE images SET sha256 = ? WHERE number = ?"
                    self._db.execute(query, (image.sha256, row["number"]))
            except ImageError as error:
                _set_unusable(self._db, row, error, UNNEEDED)

    def carry(self, images: Iterable[BaseImage]) -> Iterator[tuple[BaseImage, bool]]:
        """Yield the base's image of each face that got none, and whether the face keeps it.

        It does not if the file, or the content, is another owner's now, or if the file may be several owners'.
        """
        carried = []
        for image in images:
            owner = self._index.owner_of_face(image.face_id)
            if owner is None or self._is_covered(image.face_id):
                continue
            is_kept = not self._is_content_of_others(image.sha256, owner) and not self._is_file_of_others(image, owner)
            if is_kept:
                carried.append((image.face_id, owner, image.sha256))
            yield image, is_kept
        self._db.executemany("INSERT INTO covered VALUES (?, ?, ?)", carried)

    def shared(self) -> list[SharedImage]:
        """Return the images whose content several owners have, be it in a file that they do not need."""
        query = (
            "SELECT sha256, face_id FROM covered AS own WHERE EXISTS (SELECT 1 FROM covered AS others"
            " WHERE others.sha256 = own.sha256 AND others.owner != own.owner) OR EXISTS (SELECT 1 FROM images"
            " WHERE images.sha256 = own.sha256 AND images.owner != own.owner) ORDER BY sha256, face_id"
        )
        faces: dict[str, list[str]] = {}
        for sha256, face_id in self._db.execute(query):
            faces.setdefault(sha256, []).append(face_id)
        query = "SELECT place FROM images WHERE sha256 = ? ORDER BY number"
        return [
            SharedImage(sha256, face_ids, [storable(row["place"]) for row in self._db.execute(query, (sha256,))])
            for sha256, face_ids in faces.items()
        ]

    def drop(self, face_ids: Iterable[str]) -> None:
        """Take their images from faces."""
        self._db.executemany("DELETE FROM covered WHERE face_id = ?", [(face_id,) for face_id in face_ids])

    def bare_faces(self) -> Iterator[BareFace]:
        """Yield the faces that have no image."""
        query = (
            "SELECT faces.face_id, nullif(id, faces.face_id), owners.name FROM faces JOIN owners ON number = owner"
            " WHERE faces.face_id NOT IN (SELECT face_id FROM covered) ORDER BY owner, faces.face_id"
        )
        for row in self._db.execute(query):
            yield BareFace(*row)

    def covered_count(self) -> int:
        """Return the number of faces that have an image."""
        return int(self._db.execute("SELECT count(*) FROM covered").fetchone()[0])

    def entries(self, *states: str) -> Iterator[Entry]:
        """Yield the files in some states, in their order."""
        marks = ", ".join("?" for _ in states)
        query = f"SELECT place, reason FROM images WHERE state IN ({marks}) ORDER BY number"  # noqa: S608 - ours
        for row in self._db.execute(query, states):
            yield Entry(storable(row["place"]), row["reason"] or "")

    def unused_folders(self) -> Iterator[UnusedFolder]:
        """Yield the folders without a file that was used; empty ones come last."""
        query = (
            "SELECT folder, count(*), sum(state = ?) FROM images WHERE folder != '' GROUP BY folder"
            " HAVING sum(state = ?) = 0 ORDER BY min(number)"
        )
        for folder, files, strange in self._db.execute(query, (UNUSED, USED)):
            yield UnusedFolder(folder, files, is_nobodys=files == strange)
        for folder in self._folders_without_file:
            yield UnusedFolder(folder, 0, is_nobodys=False)

    def unused_files(self, *, outside_folders: bool = False) -> Iterator[Entry]:
        """Yield the files that went to nobody; with `outside_folders` only those outside folders of nobody."""
        folders = {entry.folder for entry in self.unused_folders() if entry.is_nobodys} if outside_folders else set()
        query = "SELECT place, folder FROM images WHERE state IN (?, ?) ORDER BY number"
        for row in self._db.execute(query, (UNUSED, CANDIDATE)):
            if row["folder"] not in folders:
                yield Entry(storable(row["place"]), "")

    def unusable_owners(self) -> Iterator[tuple[str, Entry]]:
        """Yield the files that the service would refuse, with the ids of their owners."""
        query = "SELECT place, reason, owner FROM images WHERE state = ? ORDER BY number"
        for row in self._db.execute(query, (UNUSABLE,)):
            yield self._index.id_of(row["owner"]), Entry(storable(row["place"]), row["reason"])

    def _choose_keys(self, source: ImageSource) -> None:
        """Choose the key of JSON user data that names the most files, of those that tell persons apart.

        A file that only another key names, such as that of a manager, may show somebody else. If several keys name as
        many, a file must be named by all of them.
        """
        self._index.choose_keys(self._index.identifying_keys())
        used = Counter(key for image in source.images(self._index) for key in image.keys)
        self._keys = frozenset(key for key, files in used.items() if files == max(used.values()))
        self._index.choose_keys(self._keys)

    def _is_covered(self, face_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM covered WHERE face_id = ?", (face_id,)).fetchone() is not None

    def _is_content_of_others(self, sha256: str, owner: int) -> bool:
        """Return whether a content is that of other owners alone."""
        query = (
            "SELECT owner FROM (SELECT owner FROM covered WHERE sha256 = ?1 UNION ALL"
            " SELECT owner FROM images WHERE sha256 = ?1) ORDER BY owner != ?2 LIMIT 1"
        )
        row = self._db.execute(query, (sha256, owner)).fetchone()
        return row is not None and row["owner"] != owner

    def _is_file_of_others(self, image: BaseImage, owner: int) -> bool:
        """Return whether a file is another owner's, used or not, or may be several owners'."""
        rows = self._db.execute("SELECT owner, state FROM images WHERE name = ?", (image.name,)).fetchall()
        return any(row["state"] == CONTENDED or row["owner"] not in (None, owner) for row in rows)

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
        if image.keys and image.keys != self._keys:
            keys = " and ".join(sorted(self._keys))
            return image.rule, None, None, CONTENDED, f"several keys of user data name as many files: {keys}"
        if image.face_id:
            face_owner = self._index.owner_of_face(image.face_id)
            if face_owner is None:
                return image.rule, None, None, UNUSED, ""
            if owner not in (None, face_owner):
                return image.rule, None, None, CONTENDED, self._contention(frozenset())
            return image.rule, face_owner, image.face_id, CANDIDATE, ""
        is_listed = image.rule == MANIFEST
        if owner is not None and not is_listed and (claimed := self._face_of_others(image.name, owner)):
            return image.rule, None, None, CONTENDED, f"the user data of another's face names it, too: {claimed}"
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

    def _face_of_others(self, name: str, owner: int) -> str | None:
        """Return a face of another owner whose user data is the path of a file."""
        paths = [path for path in both_forms(name) if not is_bare_number(path)]
        faces = self._index.faces_with_file(paths, None)
        return next((face_id for face_id, face_owner in faces if face_owner != owner), None)

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
        self._owner = owner
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
            image = self._checked(row, rows) if row["number"] not in self._digests else None
            if self._digests[row["number"]] == wanted:
                return self._use(face_id, row, rows, image, wanted)
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
        self._db.execute("INSERT INTO covered VALUES (?, ?, ?)", (face_id, self._owner, digest))
        return Match(face_id, row["name"], row["rule"], image, row["target_face"], row["detection_model"])

    def _checked(self, row: sqlite3.Row, rows: list[sqlite3.Row]) -> CheckedImage | None:
        """Read a file. One that the service would refuse is no candidate any more."""
        try:
            image = self._examine(Path(os.fsdecode(row["path"])))
        except ImageError as error:
            image = None
            rows.remove(row)
            _set_unusable(self._db, row, error)
        self._digests[row["number"]] = image.sha256 if image else None
        return image


def _set_unusable(
    connection: sqlite3.Connection, row: sqlite3.Row, error: ImageError, unusable: str = UNUSABLE
) -> None:
    """Record why a file is no candidate. One that is no image at all, such as Thumbs.db, is nobody's."""
    state = UNUSED if error.is_other_file and row["rule"] != MANIFEST else unusable
    connection.execute("UPDATE images SET state = ?, reason = ? WHERE number = ?", (state, error.reason, row["number"]))
