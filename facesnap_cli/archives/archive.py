"""Read a finished archive without writing to the file or beside it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from facesnap_cli.archives.archive_schema import (
    EXPORT_COLUMNS,
    FACE_COLUMNS,
    OBJECT_COLUMNS,
    PERSON_COLUMNS,
    SOURCE_COLUMNS,
    ArchiveError,
    Head,
    checksum_of,
    contents_of,
    format_version,
    read_head_row,
    sha256,
    sources_of,
)
from facesnap_cli.archives.checked_rows import copy_rows, hold_rows
from facesnap_cli.archives.face_counts import FaceCounts
from facesnap_cli.archives.safe_open import open_archive
from facesnap_cli.common.errors import NotFoundError, Unknown, UsageError, reason_of
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.sqlite import DamagedError, DatabaseError, InterruptibleConnection

_SHOWN_PLACES = 10


@dataclass(frozen=True, slots=True)
class Archive:
    """An open archive. `image` may be called from several threads.

    After `check` all rows are read from a private copy, so that another program can no longer change them.
    """

    path: Path
    head: Head
    connection: InterruptibleConnection
    lock: threading.Lock

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Yield the archive in a file, open while the block lasts.

        Raises NotFoundError, DamagedError, or ArchiveError if it is unfinished, newer, or not an archive.
        """
        if path.is_dir():
            raise UsageError(f"{path} is a directory, not an archive")
        try:
            connection = open_archive(path)
        except FileNotFoundError:
            raise NotFoundError(f"there is no file {path}", unknown=Unknown("archive", path.name)) from None
        except DamagedError as error:
            if not _begins_as_sqlite(path):
                raise ArchiveError(
                    f"{path} is not a facesnap archive",
                    hint="facesnap export writes one; if it was one, its beginning is lost: use another copy of it",
                ) from error
            raise DamagedError(error.message, hint="if it is an archive, use another copy of it") from error
        except DatabaseError as error:
            hint = error.hint or Hint("facesnap export writes what is wanted here")
            raise ArchiveError(error.message, hint=hint) from error
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"{path} cannot be read: {reason_of(error)}") from error
        connection.text_factory = lambda data: data.decode(errors="replace")
        lock = threading.Lock()
        try:
            yield cls(path, read_head(connection, path), connection, lock)
        except sqlite3.Error as error:  # SQLite turns an interruption during a query into its own error
            raise connection.interruption or error from error
        finally:
            with lock:  # after an interruption, threads may still read images
                connection.close()

    def image(self, digest: str) -> bytes:
        """Return an image's content. Raises DamagedError if it does not fit its SHA-256, even after a `check`."""
        with self._guarded():
            row = self.connection.execute("SELECT content FROM images WHERE sha256 = ?", (digest,)).fetchone()
        if row is None or sha256(row["content"]) != digest:
            raise DamagedError(
                f"{self.path}: the image {digest[:16]}… does not fit its SHA-256",
                hint="another program writes to the archive, or it is damaged: use another copy of it",
                details={"archive": str(self.path)},
            )
        return bytes(row["content"])

    def count(self, condition: str) -> int:
        """Return how many faces meet a condition."""
        with self._guarded():
            row = self.connection.execute(f"SELECT count(*) FROM faces WHERE {condition}").fetchone()  # noqa: S608 - ours
        return int(row[0])

    def person_ids(self, text: str) -> list[str]:
        """Return the ids of the person with this id, or of the persons with this name."""
        with self._guarded():
            query = "SELECT person_id FROM persons WHERE lower(person_id) = ? ORDER BY person_id"
            rows = self.connection.execute(query, (text.lower(),)).fetchall()
            if not rows:
                query = "SELECT person_id FROM persons WHERE name = ? ORDER BY person_id"
                rows = self.connection.execute(query, (text,)).fetchall()
        return [row["person_id"] for row in rows]

    def faces_without_image(self, persons: Sequence[str] = ()) -> int:
        """Return how many faces have no image: of all persons, or of those with the ids."""
        if not persons:
            return self.count("image IS NULL")
        with self._guarded():
            query = "SELECT count(*) FROM faces WHERE image IS NULL AND person_id = ?"
            return sum(self.connection.execute(query, (person,)).fetchone()[0] for person in persons)

    def faces_by_detection_model(self) -> dict[str | None, int]:
        """Return how many faces with an image are to be detected with each model; None stands for no model."""
        with self._guarded():
            query = "SELECT detection_model, count(*) FROM faces WHERE image IS NOT NULL GROUP BY 1 ORDER BY 1"
            return dict(self.connection.execute(query))

    def counts(self) -> FaceCounts:
        """Count the faces, and those that can be rebuilt."""
        return FaceCounts(self.head.faces, self.count("image IS NOT NULL"), self.head.images, self.head.left_out)

    def document(self) -> dict[str, object]:
        """Return the JSON form of the head, with the file and the number of faces that can be rebuilt."""
        covered = self.counts().with_image
        return {"archive": str(self.path), **self.head.document(), "facesWithImage": covered, "bytes": self.size}

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self.path.stat().st_size

    def copy_to(self, connection: sqlite3.Connection, schema: str) -> None:
        """Attach a temporary database to another connection, with the rows that were checked, but without images."""
        with self._guarded():
            copy_rows(self.connection, connection, schema)

    def check(self) -> None:
        """Read and check the whole archive. Raises DamagedError, which names the damaged places."""
        places = []
        try:
            places = list(self._structure())
            if not places:
                hold_rows(self.connection)
                places = list(self._rows())
        except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite may quote the damaged bytes
            if self.connection.interruption:
                raise self.connection.interruption from error
            places.append(f"the file's structure ({error})")
        if places:
            more = f", and {len(places) - _SHOWN_PLACES} more" if len(places) > _SHOWN_PLACES else ""
            raise DamagedError(
                f"{self.path} is damaged: {harmless('; '.join(places[:_SHOWN_PLACES]))}{more}",
                hint="use another copy of this archive, or export again",
                details={"archive": str(self.path), "damage": places},
            )

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Allow one thread at a time to execute statements. Raises DamagedError if the file cannot be read."""
        with self.lock:
            try:
                yield
            except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
                raise
            except sqlite3.DatabaseError as error:
                raise self.connection.interruption or DamagedError(
                    f"{self.path} is damaged: {error}",
                    hint=Hint(command("inspect", self.path, "--check"), " names the places"),
                ) from error

    def _structure(self) -> Iterator[str]:
        for (said,) in self.connection.execute("PRAGMA main.integrity_check"):
            if said != "ok":
                yield " ".join(said.split())
        for row in self.connection.execute("PRAGMA main.foreign_key_check"):
            yield f"table {row[0]}: a row refers to what table {row[2]} does not have"

    def _rows(self) -> Iterator[str]:
        if read_head(self.connection, self.path) != self.head:
            yield "table object: it has changed since the archive was opened"
        for table, key, columns in (
            ("persons", "person_id", PERSON_COLUMNS),
            ("faces", "face_id", FACE_COLUMNS),
        ):
            query = f"SELECT {key} FROM {table} WHERE checksum IS NOT {checksum_of(columns)}"  # noqa: S608 - ours
            for (found,) in self.connection.execute(query):
                yield f"table {table}: the row of {found} does not fit its checksum"
        query = "SELECT sha256 FROM images WHERE sha256 IS NOT sha256(content) OR format IS NOT image_format(content)"
        for (found,) in self.connection.execute(query):
            shown = self.connection.execute("SELECT face_id FROM faces WHERE image = ? LIMIT 1", (found,)).fetchone()
            whose = f" (face {shown[0]})" if shown else ""
            yield f"table images: the image {found[:16]}…{whose} does not fit its SHA-256 or its format"
        for (found,) in self.connection.execute(
            f"SELECT one FROM object WHERE checksum IS NOT {checksum_of(OBJECT_COLUMNS)}"  # noqa: S608 - ours
            " OR persons != (SELECT count(*) FROM persons) OR faces != (SELECT count(*) FROM faces)"
            " OR images != (SELECT count(*) FROM images)"
        ):
            yield f"table object: row {found} does not fit its checksum, or its numbers do not fit the other tables"
        if self.connection.execute("SELECT contents FROM object").fetchone()[0] != contents_of(self.connection):
            yield "table object: the contents differ from those that were written"
        if format_version(self.connection) > 1:
            yield from self._provenance()

    def _provenance(self) -> Iterator[str]:
        query = f"SELECT face_id FROM image_sources WHERE checksum IS NOT {checksum_of(SOURCE_COLUMNS)}"  # noqa: S608 - ours
        for (found,) in self.connection.execute(query):
            yield f"table image_sources: the row of {found} does not fit its checksum"
        row = self.connection.execute(
            f"SELECT sources, checksum IS {checksum_of(EXPORT_COLUMNS)} FROM export"  # noqa: S608 - ours
        ).fetchone()
        if tuple(row) != (sources_of(self.connection), 1):
            yield "table export: its row does not fit its checksum, or the image sources differ from those written"


def _begins_as_sqlite(path: Path) -> bool:
    """Return whether a file begins like a SQLite file; an empty file may have been one."""
    with path.open("rb") as file:
        beginning = file.read(16)
    return beginning in (b"", b"SQLite format 3\0")


def describe(path: Path, *, check: bool) -> dict[str, object]:
    """Return an archive's JSON form. With `check` its whole content is checked first."""
    with Archive.opened(path) as archive:
        if check:
            archive.check()
        return archive.document() | {"checked": check}


def read_head(connection: sqlite3.Connection, path: Path) -> Head:
    """Return the head of a finished archive. Raises ArchiveError if it has not ended, DamagedError."""
    try:
        row = read_head_row(connection)
        if row is None or row["finished_time"] is None:
            raise ArchiveError(
                f"{path} is an export that has not ended", hint="run the same facesnap export again to resume it"
            )
        return Head.from_row(row, format_version(connection))
    except (sqlite3.Error, ValueError, IndexError) as error:
        raise DamagedError(
            f"{path} is damaged: table object cannot be read ({error})", hint="use another copy of this archive"
        ) from error
