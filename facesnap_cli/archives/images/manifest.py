"""Match images with faces by a manifest, a CSV file that assigns images to faces."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from facesnap_cli.archives.images.image import NONE_KEPT, ImageFile, digest_of, shared
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import counted, harmless
from facesnap_cli.common.files import open_regular
from facesnap_cli.models.objects import Face, Person

COLUMNS = ("person_id", "name", "persisted_face_id", "path", "target_face", "detection_model")
_TARGET_FACE = re.compile(r"\d{1,6},\d{1,6},\d{1,6},\d{1,6}")
_SHOWN = 20


class ImageManifest:
    """The images that a manifest names, with paths relative to its directory. SQLite holds the rows, not memory.

    A row with a `persisted_face_id` belongs to that face. Any other row belongs to the person with its `person_id` or
    `name`: to the face whose user data is its path or file name, else to the person's next face without an image.
    A row whose image an archived face already has goes to no other face.
    """

    def __init__(self, path: Path, rows: sqlite3.Connection):
        self.origin = self._path = path
        self._rows = rows
        weakref.finalize(self, rows.close)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest. Raises UsageError, which names the wrong line."""
        # A temporary file, which SQLite removes when any thread closes it.
        rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        manifest = cls(path, rows)
        rows.row_factory = sqlite3.Row
        rows.execute(
            "CREATE TABLE rows (line INTEGER PRIMARY KEY, person_id TEXT, name TEXT, persisted_face_id TEXT, path TEXT,"
            " target_face TEXT, detection_model TEXT, used INTEGER NOT NULL DEFAULT 0, owner TEXT)"
        )
        for column in ("person_id", "name", "persisted_face_id"):
            rows.execute(f"CREATE INDEX rows_by_{column} ON rows ({column})")
        try:
            with io.TextIOWrapper(open_regular(path), encoding="utf-8-sig", newline="") as file:
                rows.executemany(
                    "INSERT INTO rows (line, person_id, name, persisted_face_id, path, target_face, detection_model)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    _read_rows(path, csv.DictReader(file)),
                )
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(f"{path}: {reason}") from error
        return manifest

    def claim(self, person: Person) -> None:
        for row in self._rows_of(person):
            if row["person_id"] is None and row["owner"] not in (None, person.person_id):
                place = f"{self._path}, line {row['line']}"
                raise shared(place, person, row["owner"], hint="name them by their person_id")
            self._rows.execute("UPDATE rows SET owner = ? WHERE line = ?", (person.person_id, row["line"]))

    def match(
        self, person: Person | None, faces: Sequence[Face], kept: Mapping[str, Face] = NONE_KEPT
    ) -> dict[str, ImageFile]:
        found: dict[str, ImageFile] = {}
        for face in faces:
            for row in self._rows.execute("SELECT * FROM rows WHERE persisted_face_id = ?", (face.face_id.lower(),)):
                found[face.face_id] = self._use(row)
        if person:
            left = [row for row in self._rows_of(person) if not self._is_kept(row, kept)]
            for face in sorted(faces, key=lambda face: not any(_names_image_of(row, face) for row in left)):
                if left and face.face_id not in found:
                    row = next((row for row in left if _names_image_of(row, face)), left[0])
                    left.remove(row)
                    found[face.face_id] = self._use(row)
        return found

    def unmatched(self) -> list[str]:
        left = self._rows.execute("SELECT line, path FROM rows WHERE NOT used ORDER BY line").fetchall()
        more = [f"{self._path}: and {counted(len(left) - _SHOWN, 'more line')}"] if len(left) > _SHOWN else []
        return [f"{self._path}, line {row['line']}: {row['path']}" for row in left[:_SHOWN]] + more

    def _rows_of(self, person: Person) -> list[sqlite3.Row]:
        """Return a person's rows without a face id."""
        return self._rows.execute(
            "SELECT * FROM rows WHERE persisted_face_id IS NULL"
            " AND (person_id = ?1 OR (person_id IS NULL AND name = ?2)) ORDER BY line",
            (person.person_id.lower(), person.name),
        ).fetchall()

    def _is_kept(self, row: sqlite3.Row, kept: Mapping[str, Face]) -> bool:
        """Return whether a row belongs to a face that has its image; if so, mark the row as used."""
        if not kept:
            return False
        image = self._path.parent / row["path"]
        if any(_names_image_of(row, face) for face in kept.values()) or digest_of(image) in kept:
            self._use(row)
            return True
        return False

    def _use(self, row: sqlite3.Row) -> ImageFile:
        self._rows.execute("UPDATE rows SET used = 1 WHERE line = ?", (row["line"],))
        return ImageFile(self._path.parent / row["path"], row["target_face"], row["detection_model"])


def _read_rows(path: Path, reader: csv.DictReader[str]) -> Iterator[tuple[object, ...]]:
    unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
    if unknown or "path" not in (reader.fieldnames or ()):
        what = f"unknown column {harmless(unknown[0])!r}" if unknown else "no column path"
        raise UsageError(f"{path}, line 1: {what}", hint=f"the columns are {', '.join(COLUMNS)}")
    for row in reader:
        values = {name: (row.get(name) or "").strip() or None for name in COLUMNS}
        _check_row(f"{path}, line {reader.line_num}", values, too_long=None in row)
        for name in ("person_id", "persisted_face_id"):
            values[name] = (values[name] or "").lower() or None
        yield (reader.line_num, *values.values())


def _check_row(where: str, values: Mapping[str, str | None], *, too_long: bool) -> None:
    if too_long:
        raise UsageError(
            f"{where}: more values than columns", hint='quote values with commas in them: "left,top,width,height"'
        )
    if not values["path"]:
        raise UsageError(f"{where}: no path")
    if not (values["person_id"] or values["name"] or values["persisted_face_id"]):
        raise UsageError(f"{where}: whose image is it? give a person_id, a name, or a persisted_face_id")
    if values["target_face"] and not _TARGET_FACE.fullmatch(values["target_face"]):
        raise UsageError(f"{where}: target_face is left,top,width,height in pixels")


def _names_image_of(row: sqlite3.Row, face: Face) -> bool:
    path = Path(row["path"])
    return bool(face.user_data) and face.user_data in (row["path"], path.name, path.stem)
