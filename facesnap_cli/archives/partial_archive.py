"""Write an archive as `NAME.partial`, and rename it to `NAME` when it is complete."""

from __future__ import annotations

import os
import shlex
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from facesnap_cli import __version__
from facesnap_cli.archives.archive import Archive, read_head
from facesnap_cli.archives.archive_schema import (
    APPLICATION_ID,
    FACE_COLUMNS,
    MIGRATIONS,
    ArchiveError,
    Head,
    Maker,
    checksum_of,
    format_version,
    is_head_whole,
    read_head_row,
    seal,
    seal_head,
    with_checksum,
)
from facesnap_cli.archives.checked_rows import copy_rows
from facesnap_cli.archives.partial_images import PartialImages, forget_images
from facesnap_cli.archives.safe_open import check_schema, prepare, read_only_uri
from facesnap_cli.archives.shared_connection import SharedConnection
from facesnap_cli.common.clock import TimeSource
from facesnap_cli.common.errors import ConflictError, FacesnapError, UsageError
from facesnap_cli.common.files import ForeignFileError, sync_directory
from facesnap_cli.common.sqlite import DamagedError
from facesnap_cli.common.time_format import format_time
from facesnap_cli.journal.transfer_record import files_of_partial, partial_of
from facesnap_cli.models.identity import ObjectIdentity, Resource
from facesnap_cli.models.objects import Face, FaceObject, Person, Training

# Rows get their checksum when they are written. A person's face whose user data is still to be read has none.
_UNREAD = "CREATE INDEX IF NOT EXISTS unread_faces ON faces (face_id) WHERE checksum IS NULL"
# An older version kept those faces in a table, and wrote no checksums: all its faces are read again.
_EARLIER_UNREAD = "CREATE TABLE unread (face_id TEXT PRIMARY KEY, person_id TEXT NOT NULL) STRICT, WITHOUT ROWID"
_ALLOWED = (_UNREAD, _EARLIER_UNREAD)
_LISTED = (
    "CREATE TEMP TABLE listed_persons (id TEXT PRIMARY KEY)",
    "CREATE TEMP TABLE listed_faces (id TEXT PRIMARY KEY)",
)


@dataclass(frozen=True, slots=True)
class UnreadFace:
    """A face of a person whose user data is still to be read."""

    face_id: str
    person_id: str


def begun_head(target: Path) -> Head | None:
    """Return the head of the partial archive of `target`; None if there is none that can be read."""
    partial, log, *_ = files_of_partial(target)
    # Without a log nobody writes to it; SQLite would then make an empty log, and leave it there.
    is_at_rest = not log.exists()
    try:
        with closing(sqlite3.connect(read_only_uri(partial, finished=is_at_rest), uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            check_schema(connection, partial, allowed=_ALLOWED)
            row = read_head_row(connection)
            return Head.from_row(row, format_version(connection)) if row else None
    except (sqlite3.Error, ValueError, IndexError, ArchiveError):
        return None


def delete_begun(target: Path) -> None:
    """Delete the partial archive of `target`, and the files that SQLite keeps beside it. No process may write it."""
    for path in files_of_partial(target):
        path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of persons, faces, unread faces and faces with an image in a partial archive."""

    persons: int
    faces: int
    unread: int
    with_image: int


class PartialArchive:
    """The data that an export has read so far. It survives a kill at any moment. Safe for several threads."""

    def __init__(self, target: Path, database: SharedConnection, clock: TimeSource):
        self.target = target
        self.images = PartialImages(database)
        self._database = database
        self._clock = clock
        self._is_discarded = False

    @classmethod
    @contextmanager
    def opened(cls, target: Path, clock: TimeSource) -> Iterator[Self]:
        """Open the partial archive of `target`: a new one, or the one that an earlier run left.

        It is deleted in the end if nothing was read into it.
        """
        partial = partial_of(target)
        try:
            database = SharedConnection.exclusive(
                partial, application_id=APPLICATION_ID, migrations=MIGRATIONS, subject=str(target)
            )
        except ForeignFileError as error:
            removal = shlex.join(["rm", str(error.path)])
            raise UsageError(
                f"the export cannot go on in a file that is not yours alone: {error.strerror}",
                hint=f"write to a directory of your own; if you know the file: {removal}",
            ) from error
        except OSError as error:
            raise ArchiveError(
                f"{partial} cannot be written: {error.strerror}",
                hint=f"free space on the disk of {target.parent}, or mend its permissions",
                subject=str(target),
            ) from error
        opened = cls(target, database, clock)
        try:
            with database.reading() as connection:
                check_schema(connection, partial, allowed=_ALLOWED)
            try:
                opened._prepare()
                yield opened
            finally:
                if database.is_in_place and (opened._is_discarded or opened._is_empty()):
                    delete_begun(target)
        finally:
            database.close()

    def _prepare(self) -> None:
        """Create what an export needs beside an archive's tables, and remove what an older version left."""
        with self._database.reading() as connection:
            prepare(connection)
            # Images that are taken out must not stay in unused pages.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("DROP TABLE IF EXISTS unread")
            connection.execute(_UNREAD)
            for statement in _LISTED:
                connection.execute(statement)

    def _is_empty(self) -> bool:
        """Return whether nothing was read into the archive: not even that the object has no faces."""
        try:
            with self._database.reading() as connection:
                row = connection.execute(
                    "SELECT EXISTS (SELECT 1 FROM persons) OR EXISTS (SELECT 1 FROM faces)"
                    " OR EXISTS (SELECT 1 FROM object WHERE finished_time IS NOT NULL)"
                ).fetchone()
        except FacesnapError:
            return False
        return not row[0]

    def discard(self) -> None:
        """Delete the file in the end."""
        self._is_discarded = True

    def begin(self, identity: ObjectIdentity, maker: Maker | None = None) -> bool:
        """Record which object is being exported, and return whether this is the first run.

        `maker` is the item of a plan that exports it, None for a user. Whoever began an archive is its maker: a user
        may resume what an item began, but no item takes over what somebody else did. Raises ConflictError for that,
        and if an earlier run began another object, or one that may be another: what it has read is only used again
        for the same object.
        """
        begun = self._begun(identity, maker)
        if begun is None:
            self._record(identity, maker)
        elif not begun.compare(identity).is_certain:
            raise ConflictError(
                f"{self._database.path} is an unfinished export of another object: {begun}",
                hint="finish that one, delete the file, or choose another --to",
                subject=str(self.target),
            )
        elif maker and not self._is_of(maker):
            raise ConflictError(
                f"{self._database.path} is an unfinished export that this item of the plan did not begin",
                hint="finish that one, or move or delete the file",
                subject=str(self.target),
            )
        else:
            self._check_earlier_run()
        return begun is None

    def leave_out(self, parts: tuple[str, ...], *, keep_reused: bool = True) -> None:
        """Record the parts of the object that are not read.

        If an earlier run left out others, the user data of persons' faces is forgotten: an archive has it of all faces
        or of none. Without `keep_reused` it is also forgotten if that run took any from a base.
        """
        with self._database.writing() as connection:
            row = connection.execute("SELECT left_out, base_id FROM export").fetchone()
            if row["left_out"] == " ".join(parts) and (keep_reused or row["base_id"] is None):
                return
            connection.execute("UPDATE faces SET user_data = NULL, checksum = NULL WHERE person_id IS NOT NULL")
            connection.execute("UPDATE export SET left_out = ?, base_id = NULL", (" ".join(parts),))
            seal_head(connection)

    def _check_earlier_run(self) -> None:
        """Check what an earlier run left: faces that do not fit their checksum are read again.

        Persons and lists are compared with the service anyway, and images are matched anew. Raises DamagedError.
        """
        with self._database.writing() as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if said != "ok":
                raise self._damaged(" ".join(said.split()))
            if not is_head_whole(connection):
                raise self._damaged("the row of the object does not fit its checksum")
            connection.execute(
                "UPDATE faces SET user_data = NULL, image = NULL, target_face = NULL, detection_model = NULL,"  # noqa: S608
                " checksum = NULL"
                f" WHERE checksum IS NOT NULL AND checksum != {checksum_of(FACE_COLUMNS)}"
            )
            forget_images(connection)
            connection.execute("DELETE FROM images WHERE sha256 != sha256(content)")

    def _damaged(self, what: str) -> DamagedError:
        removal = shlex.join(["rm", "-f", *(f"{self._database.path}{suffix}" for suffix in ("", "-wal"))])
        return DamagedError(
            f"{self._database.path}, the unfinished export, is damaged: {what}",
            hint=f"to begin it anew: {removal}",
            details={"file": str(self._database.path)},
        )

    def _is_of(self, maker: Maker) -> bool:
        with self._database.reading() as connection:
            row = connection.execute("SELECT item, target, place FROM export").fetchone()
        return None not in tuple(row) and maker.made(Maker(*row))

    def _begun(self, identity: ObjectIdentity, maker: Maker | None) -> ObjectIdentity | None:
        """Return the object that an earlier run began."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT type, object_id, endpoint, subscription_id, profile, account, key_digest, left_out FROM object"
                " LEFT JOIN export USING (one)"
            ).fetchone()
        if row is None:
            return None
        resource = Resource(row["endpoint"], row["profile"], row["subscription_id"], row["account"], row["key_digest"])
        if row["left_out"] is None:
            # A version before identities were stored recorded no profile: its endpoint and subscription decide.
            here = identity.resource
            resource = resource._replace(profile=here.profile, key_digest=here.key_digest)
            self._record_export(resource, maker)
        return ObjectIdentity(resource, row["type"], row["object_id"])

    def _record(self, identity: ObjectIdentity, maker: Maker | None) -> None:
        resource = identity.resource
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO object (one, archive_id, type, object_id, endpoint, subscription_id, started_time,"
                " written_by) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(uuid.uuid4().hex, identity.object_type, identity.object_id),
                    *(resource.endpoint, resource.subscription_id),
                    *(format_time(self._clock.now()), f"facesnap {__version__}"),
                ),
            )
        self._record_export(resource, maker)

    def _record_export(self, resource: Resource, maker: Maker | None) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO export"
                " (one, profile, account, key_digest, consistent, left_out, item, target, place)"
                " VALUES (1, ?, ?, ?, 1, '', ?, ?, ?)",
                (resource.profile, resource.account, resource.key_digest, *(maker or (None, None, None))),
            )

    def set_head(self, head: FaceObject, training: Training | None) -> bool:
        """Store the object's own data and training state; return whether anything but the training changed."""
        named = (head.name, head.user_data, head.recognition_model)
        with self._database.writing() as connection:
            before = connection.execute("SELECT name, user_data, recognition_model FROM object").fetchone()
            connection.execute(
                "UPDATE object SET name = ?, user_data = ?, recognition_model = ?, training_status = ?,"
                " last_trained_time = ?",
                (
                    *named,
                    training.status if training else None,
                    format_time(training.last_success) if training else None,
                ),
            )
            seal_head(connection)
        return tuple(before) != named

    def begin_listing(self) -> None:
        """Forget the ids of an earlier listing."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM temp.listed_persons")
            connection.execute("DELETE FROM temp.listed_faces")

    def list_persons(self, persons: Sequence[Person]) -> int:
        """Store a page of persons with their faces' ids, and return the number of changed rows."""
        faces = [(face_id, person.person_id) for person in persons for face_id in person.face_ids]
        with self._database.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO temp.listed_persons VALUES (?)", [(person.person_id,) for person in persons]
            )
            connection.executemany(
                "INSERT OR IGNORE INTO temp.listed_faces VALUES (?)", [(face_id,) for face_id, _ in faces]
            )
            changed = connection.executemany(
                "INSERT INTO persons (person_id, name, user_data, checksum) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET name = excluded.name, user_data = excluded.user_data, checksum = excluded.checksum"
                " WHERE (name, user_data, checksum) IS NOT (excluded.name, excluded.user_data, excluded.checksum)",
                [with_checksum(person.person_id, person.name, person.user_data) for person in persons],
            ).rowcount
            changed += connection.executemany(
                "INSERT INTO faces (face_id, person_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET"
                " person_id = excluded.person_id, checksum = NULL WHERE person_id IS NOT excluded.person_id",
                faces,
            ).rowcount
        return changed

    def list_faces(self, faces: Sequence[Face]) -> int:
        """Store a page of a list's faces, and return the number of changed rows."""
        with self._database.writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO temp.listed_faces VALUES (?)", [(face.face_id,) for face in faces]
            )
            return connection.executemany(
                "INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " person_id = NULL, user_data = excluded.user_data, checksum = excluded.checksum"
                " WHERE (user_data, checksum) IS NOT (excluded.user_data, excluded.checksum)",
                [with_checksum(face.face_id, None, face.user_data, None, None, None) for face in faces],
            ).rowcount

    def end_listing(self) -> int:
        """Drop everything that the complete listing did not show, and return the number of dropped rows."""
        with self._database.writing() as connection:
            dropped = connection.execute(
                "DELETE FROM persons WHERE person_id NOT IN (SELECT id FROM temp.listed_persons)"
            ).rowcount
            dropped += connection.execute(
                "DELETE FROM faces WHERE face_id NOT IN (SELECT id FROM temp.listed_faces)"
            ).rowcount
        return dropped

    def copy_to(self, connection: sqlite3.Connection, schema: str) -> None:
        """Attach a temporary database to another connection, with the rows that were read so far."""
        with self._database.reading() as own:
            copy_rows(own, connection, schema, origin="main")

    def use_base(self, base: Archive) -> None:
        """Offer user data and images of an older archive of the same object, which was checked."""
        with self._database.reading() as connection:
            base.copy_to(connection, "base")
        self.images.base = base

    def reuse_user_data(self) -> None:
        """Copy user data of unread faces from the base. Those faces need not be read."""
        own = {name: f"faces.{name}" for name in FACE_COLUMNS}
        fitting = checksum_of(FACE_COLUMNS, **own | {"user_data": "old.user_data"})
        with self._database.writing() as connection:
            reused = connection.execute(
                f"UPDATE faces SET user_data = old.user_data, checksum = {fitting} FROM base.faces AS old"  # noqa: S608 - ours
                " WHERE old.face_id = faces.face_id AND faces.checksum IS NULL"
            ).rowcount
            if reused:
                self._record_base(connection)

    def unread(self, after: str, limit: int) -> list[UnreadFace]:
        """Return up to `limit` faces after `after` whose user data is unread."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT face_id, person_id FROM faces WHERE checksum IS NULL AND face_id > ? ORDER BY face_id LIMIT ?",
                (after, limit),
            ).fetchall()
        return [UnreadFace(*row) for row in rows]

    def set_user_data(self, faces: Sequence[Face]) -> None:
        """Store the user data of faces that were read."""
        fitting = checksum_of(FACE_COLUMNS, user_data="?2")
        with self._database.writing() as connection:
            connection.executemany(
                f"UPDATE faces SET user_data = ?2, checksum = {fitting}"  # noqa: S608 - ours
                " WHERE face_id = ?1",
                [(face.face_id, face.user_data) for face in faces],
            )

    def skip_unread(self) -> int:
        """Give up reading the user data that is unread, and return the number of faces."""
        with self._database.writing() as connection:
            return connection.execute(
                f"UPDATE faces SET checksum = {checksum_of(FACE_COLUMNS)} WHERE checksum IS NULL"  # noqa: S608 - ours
            ).rowcount

    def counts(self) -> Counts:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM persons), (SELECT count(*) FROM faces),"
                " (SELECT count(*) FROM faces WHERE checksum IS NULL),"
                " (SELECT count(*) FROM faces WHERE image IS NOT NULL)"
            ).fetchone()
        return Counts(*row)

    def seal(self, *, is_consistent: bool) -> Archive:
        """Complete the archive, read back what was written, and check it. Raises DamagedError."""
        with self._database.writing() as connection:
            if not is_head_whole(connection):
                raise self._damaged("the row of the object does not fit its checksum")
            connection.execute("DROP INDEX unread_faces")
            self._record_base(connection)
            seal(connection, self._clock.now(), is_consistent=is_consistent)
        with self._database.reading() as connection:
            # Writes the log's content into the file, and removes the log.
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA shrink_memory")  # else SQLite would read its cache instead of the file
            head = read_head(connection, self._database.path)
            archive = Archive(self._database.path, head, connection, threading.Lock())
            archive.check()
        return archive

    def _record_base(self, connection: sqlite3.Connection) -> None:
        """Record which archive unchanged data came from."""
        if self.images.base:
            connection.execute("UPDATE export SET base_id = ?", (self.images.base.head.archive_id,))
            seal_head(connection)

    def publish(self) -> None:
        """Rename the sealed archive. Raises ArchiveError, also if another file is at its path."""
        path = self._database.path
        self._database.check_place()
        try:
            os.replace(path, self.target)
            sync_directory(self.target.parent)
        except OSError as error:
            raise ArchiveError(
                f"{path} is complete, but cannot be renamed to {self.target}: {error.strerror}",
                hint="put that right, and run the same command again",
                subject=str(self.target),
            ) from error
        self._database.check_place(self.target)
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)  # which a reader of the draft may have left
