"""Read a manifest, a CSV file that assigns images to persons and faces."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import os
import re
import sqlite3
import unicodedata
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from facesnap_cli.archives.images import names
from facesnap_cli.archives.images.object_index import NAME, USER_DATA, ObjectIndex
from facesnap_cli.archives.images.sources import MANIFEST, SourceImage
from facesnap_cli.common.errors import UsageError, reason_of
from facesnap_cli.common.escape import harmless, shown, storable
from facesnap_cli.common.files import open_regular
from facesnap_cli.common.patterns import pattern

COLUMNS = ("person_id", "name", "user_data", "persisted_face_id", "path", "target_face", "detection_model")
_IDENTIFYING = ("person_id", "name", "user_data", "persisted_face_id")
_OTHER_NAMES = {"faceid": "persisted_face_id"}
_BY_LETTERS = {name.replace("_", ""): name for name in COLUMNS} | _OTHER_NAMES
_TARGET_FACE = pattern(r"\s*\d{1,6}\s*(?:,\s*\d{1,6}\s*){3}")
_DETECTION_MODEL = pattern(r"detection_\d\d")
_SEPARATOR = pattern(r'\ufeff?"?sep=(.)"?', re.IGNORECASE)
_DELIMITERS = ",;\t"
_CHUNK_BYTES = 1024 * 1024
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class ImageManifest:
    """The images that a manifest names, with paths relative to its directory. SQLite holds the rows, not memory."""

    folders_without_file = ()

    def __init__(self, path: Path, rows: sqlite3.Connection):
        self.origin = self._path = path
        self._rows = rows
        self.rows_without_path = 0
        weakref.finalize(self, rows.close)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest. Raises UsageError with all lines that are wrong or contradict each other."""
        # A temporary file, which SQLite removes when any thread closes it.
        rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        rows.row_factory = sqlite3.Row
        manifest = cls(path, rows)
        rows.executescript(
            "PRAGMA journal_mode = OFF; CREATE TABLE rows (line INTEGER PRIMARY KEY, person_id TEXT, name TEXT,"
            " user_data TEXT, persisted_face_id TEXT, path TEXT, target_face TEXT, detection_model TEXT, file TEXT);"
            " BEGIN;"
        )
        reader = _Reader(path)
        try:
            with open_regular(path) as file:
                rows.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", reader.rows(file))
        except (OSError, UnicodeError) as error:
            raise UsageError(f"{path}: {reason_of(error)}") from error
        manifest.rows_without_path = reader.without_path
        complaints = [*reader.complaints, *manifest._contradictions()]
        _raise_all(path, complaints)
        return manifest

    def check(self, index: Callable[[], ObjectIndex]) -> None:
        """Raise UsageError with all lines whose ids are not in the object, or whose columns contradict each other."""
        known = index()
        _raise_all(self._path, [(row["line"], text) for row in self._all() for text in _contradictions_of(row, known)])

    def images(self, index: ObjectIndex) -> Iterator[SourceImage]:
        """Yield every row, with the owners that it may mean."""
        for row in self._all():
            face_id, owners, keys = _meant(row, index)
            name = _name_from(self._path.parent, row["file"])
            yield SourceImage(
                path=_file(self._path.parent, row["path"]),
                name=name,
                place=f"{self._path}, line {row['line']}: {row['path']}",
                folder="",
                rule=MANIFEST,
                face_id=face_id,
                owners=owners,
                endings=tuple(names.endings_of(name)),
                keys=keys,
                target_face=row["target_face"],
                detection_model=row["detection_model"],
            )

    def _all(self) -> Iterator[sqlite3.Row]:
        yield from self._rows.execute("SELECT * FROM rows ORDER BY line")

    def _contradictions(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that name a file or a face of an earlier line. A file may show several faces."""
        for column, what in (("file", "path"), ("persisted_face_id", "persisted_face_id")):
            query = (
                f"WITH twice AS (SELECT {column} AS value, min(line) AS first FROM rows"  # noqa: S608 - ours
                f" WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(*) > 1"
                " AND NOT (? AND count(*) = count(DISTINCT target_face)))"
                f" SELECT line, {what} AS shown, first FROM rows JOIN twice ON {column} = value WHERE line > first"
            )
            for row in self._rows.execute(query, (column == "file",)):
                yield row["line"], f"the {what} {shown(row['shown'])} is in line {row['first']} already"


class _Reader:
    """Reads the rows of a manifest, and collects complaints by their lines."""

    def __init__(self, path: Path):
        self._directory = os.path.abspath(path.parent)
        self.complaints: list[tuple[int, str]] = []
        self.without_path = 0

    def rows(self, file: IO[bytes]) -> Iterator[tuple[object, ...]]:
        """Yield the values for the table, and close the file."""
        with io.TextIOWrapper(file, encoding=_encoding_of(file), newline="") as text:
            skipped, header, delimiter = 0, text.readline(), ""
            while (header and not header.strip()) or _separator_in(header):
                skipped, header, delimiter = skipped + 1, text.readline(), _separator_in(header) or delimiter
            cells = csv.reader(itertools.chain([header], text), delimiter=delimiter or _delimiter_of(header))
            try:
                yield from self._values(cells, skipped)
            except csv.Error as error:
                self.complaints.append((cells.line_num + skipped, str(error)))

    def _values(self, lines: Any, skipped: int) -> Iterator[tuple[object, ...]]:
        columns = [_column(cell) for cell in next(lines, [])]
        if problem := _header_problem(columns):
            self.complaints.append((skipped + 1, problem))
            return
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            line = lines.line_num + skipped
            values = {name: cell.strip() or None for name, cell in zip(columns, cells, strict=False) if name}
            if not values.get("path"):  # as `inspect --missing` prints the faces whose image is still to be found
                self.without_path += 1
                continue
            problems = list(_problems(values, too_long=any(cell.strip() for cell in cells[len(columns) :])))
            self.complaints += [(line, problem) for problem in problems]
            if not problems:
                yield _row(self._directory, line, values)


def _row(directory: str, line: int, values: Mapping[str, str | None]) -> tuple[object, ...]:
    found = {name: values.get(name) for name in COLUMNS}
    for name in ("person_id", "persisted_face_id"):
        found[name] = (found[name] or "").lower() or None
    if target_face := found["target_face"]:
        found["target_face"] = ",".join(str(int(part)) for part in target_face.split(","))
    file = os.path.normpath(os.path.join(directory, _with_home(found["path"] or "")))
    return (line, *(value and storable(value) for value in found.values()), names.exact(file))


def _column(cell: str) -> str | None:
    """Return the column that a cell of the header names, in any case; None for a column of others."""
    return _BY_LETTERS.get(re.sub(r"[\s_-]", "", cell.strip().strip("\ufeff").lower()))


def _header_problem(columns: Sequence[str | None]) -> str | None:
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice:
        return f"two columns {twice}"
    if "path" not in columns:
        return f"no column path; the columns are {', '.join(COLUMNS)}"
    if not set(columns) & set(_IDENTIFYING):
        return f"no column says whose the images are; give one of {', '.join(_IDENTIFYING)}"
    return None


def _problems(values: Mapping[str, str | None], *, too_long: bool) -> Iterator[str]:
    if too_long:
        yield 'more values than columns; quote values with commas in them: "left,top,width,height"'
        return
    if "\0" in (values["path"] or ""):
        yield "the path has a NUL character"
    if not any(values.get(name) for name in _IDENTIFYING):
        yield f"whose image is it? give one of {', '.join(_IDENTIFYING)}"
    target_face = values.get("target_face")
    if target_face and not _TARGET_FACE.fullmatch(target_face):
        yield "target_face is left,top,width,height in pixels"
    model = values.get("detection_model")
    if model and not _DETECTION_MODEL.fullmatch(model):
        yield f"there is no detection model {shown(model)}; one is detection_01"


def _raise_all(path: Path, complaints: Sequence[tuple[int, str]]) -> None:
    if not complaints:
        return
    found = [f"{path}, line {line}: {harmless(text)}" for line, text in sorted(complaints)]
    hint = "correct the manifest; each file and each face may be in one line only"
    raise UsageError(found[0], also=found[1:], hint=hint, details={"complaints": found})


def _encoding_of(file: IO[bytes]) -> str:
    """Return the encoding of a text file: UTF-8 or UTF-16, else Windows-1252. The file stays at its beginning."""
    head = file.read(4096)
    file.seek(0)
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    for places, encoding in ((head[1::2], "utf-16-le"), (head[::2], "utf-16-be")):
        if len(places) > 4 and places.count(0) > 0.6 * len(places):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(_CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8"


def _separator_in(line: str) -> str:
    """Return the separator that the line `sep=;`, which is for Excel, declares; empty for another line."""
    found = _SEPARATOR.fullmatch(line.rstrip("\r\n"))
    return found[1] if found else ""


def _delimiter_of(header: str) -> str:
    """Return the separator with which the header names most columns."""

    def named(delimiter: str) -> tuple[int, int]:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        return sum(_column(cell) is not None for cell in cells), len(cells)

    return max(_DELIMITERS, key=named)


def _with_home(path: str) -> str:
    """Return a path with slashes, and with its home directory if it begins with `~`."""
    return os.path.expanduser(path.replace("\\", "/"))


def _file(directory: Path, path: str) -> Path:
    """Return the file that a manifest's path means. Windows writes backslashes, and a Mac decomposes letters."""
    slashes = _with_home(path)
    forms = [slashes, path, *(unicodedata.normalize(form, slashes) for form in ("NFC", "NFD"))]
    return next((directory / form for form in forms if os.path.lexists(directory / form)), directory / slashes)


def _name_from(directory: Path, file: str) -> str:
    """Return the path of a file from a directory, with slashes; the whole path if it lies elsewhere."""
    return file.removeprefix(names.exact(os.path.join(os.path.abspath(directory), ""))).replace(os.sep, "/")


def _meant(row: sqlite3.Row, index: ObjectIndex) -> tuple[str | None, frozenset[int] | None, frozenset[str]]:
    """Return the face and the owners that a row means, and the keys of JSON user data by which it names them.

    Owners are None if it names nobody of the object.
    """
    face_id, owners, keys = row["persisted_face_id"], None, frozenset[str]()
    if face_id or row["person_id"]:
        owner = index.owner_of_face(face_id) if face_id else index.owner_of_id(row["person_id"])
        if owner is None:
            return face_id, None, keys
        owners = frozenset([owner])
    elif row["name"]:
        named = index.named_by(row["name"], NAME)
        if named is None:
            return None, None, keys
        owners = named.owners
    if row["user_data"]:
        named = index.named_by(row["user_data"], USER_DATA)
        if named is None:
            return (*_face_with(row["user_data"], face_id, owners, index), keys)
        owners, keys = named.owners if owners is None else owners & named.owners, named.keys
    return face_id, owners, keys


def _face_with(
    user_data: str, face_id: str | None, owners: frozenset[int] | None, index: ObjectIndex
) -> tuple[str | None, frozenset[int] | None]:
    """Return the one face, of one of the owners, that has this user data, which is that of no person."""
    faces = index.faces_with_file([user_data], next(iter(owners)) if owners and len(owners) == 1 else None)
    if not faces:  # a person with other user data is not the one that the row means
        return face_id, None if owners is None else index.without_other_user_data(owners, user_data)
    found = {face for face, _ in faces if face_id in (None, face)}
    whose = frozenset(owner for face, owner in faces if face in found)
    return face_id or (found.pop() if len(found) == 1 else None), whose if owners is None else owners & whose


def _contradictions_of(row: sqlite3.Row, index: ObjectIndex) -> Iterator[str]:
    person, face = row["person_id"], row["persisted_face_id"]
    owner = index.owner_of_id(person) if person else None
    face_owner = index.owner_of_face(face) if face else None
    if person and owner is None:
        yield f"there is no person {person} in the object"
    if face and face_owner is None:
        yield f"there is no face {face} in the object"
    if owner is not None and face_owner is not None and owner != face_owner:
        yield f"the face {face} is one of {index.title(face_owner)}, not of {person}"
    known = owner if owner is not None else face_owner
    if known is None and row["name"] and row["user_data"] and not (person or face):
        by_name, by_user_data = index.named_by(row["name"], NAME), index.named_by(row["user_data"], USER_DATA)
        if by_name and by_user_data and not by_name.owners & by_user_data.owners:
            yield f"nobody has both the name {shown(row['name'])} and the user data {shown(row['user_data'])}"
    if known is None or (owner is not None and face_owner not in (None, owner)):
        return
    if row["name"] and not index.is_named(known, row["name"]):
        yield f"{index.title(known)} is not called {shown(row['name'])}"
    named = index.named_by(row["user_data"], USER_DATA) if row["user_data"] else None
    if named and known not in named.owners:
        yield f"the user data {shown(row['user_data'])} is not that of {index.title(known)}"
