"""Write an archive as `NAME.partial`, and rename it to `NAME` when it is complete."""

from __future__ import annotations

import os
import shlex
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from facesnap_cli import __version__
from facesnap_cli.archives.archive_schema import (
    APPLICATION_ID,
    MIGRATIONS,
    ArchiveError,
    Head,
    format_version,
    read_head_row,
    seal,
)
from facesnap_cli.archives.partial_images import PartialImages
from facesnap_cli.archives.safe_open import attach, check_schema, prepare, read_only_uri
from facesnap_cli.archives.shared_connection import SharedConnection, executing
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConflictError, UsageError
from facesnap_cli.common.files import ForeignFileError, sync_directory
from facesnap_cli.common.sqlite import connect
from facesnap_cli.common.time_format import format_time
from facesnap_cli.journal.transfer_record import partial_of
from facesnap_cli.models.identity import ObjectIdentity, Resource, Sameness
from facesnap_cli.models.objects import Face, FaceObject, Person, Training

# Faces whose user data is still to be read, one request each. Only a partial archive has this table.
_UNREAD = "CREATE TABLE IF NOT EXISTS unread (face_id TEXT PRIMARY KEY, person_id TEXT NOT NULL) STRICT, WITHOUT ROWID"
_LISTED = (
    "CREATE TEMP TABLE listed_persons (id TEXT PRIMARY KEY)",
    "CREATE TEMP TABLE listed_faces (id TEXT PRIMARY KEY)",
)


@dataclass(frozen=True, slots=True)
class UnreadFace:
    """A face of a person whose user data is still to be read."""

    face_id: str
    person_id: str


def compare_begun(target: Path, identity: ObjectIdentity) -> Sameness:
    """Return whether the partial archive of `target` is of this object; unknown if it cannot be read."""
    partial = partial_of(target)
    try:
        with closing(sqlite3.connect(read_only_uri(partial, finished=False), uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            check_schema(connection, partial, allowed=[_UNREAD])
            row = read_head_row(connection)
            return Head.from_row(row, format_version(connection)).compare(identity) if row else Sameness.UNKNOWN
    except (sqlite3.Error, ValueError, IndexError, ArchiveError):
        return Sameness.UNKNOWN


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of persons, faces, unread faces and faces with an image in a partial archive."""

    persons: int
    faces: int
    unread: int
    with_image: int


class PartialArchive:
    """The data that an export has read so far. It survives a kill at any moment. Safe for several threads."""

    def __init__(self, target: Path, database: SharedConnection, clock: Clock):
        self.target = target
        self.images = PartialImages(database)
        self._database = database
        self._clock = clock
        self._is_discarded = False

    @classmethod
    @contextmanager
    def opened(cls, target: Path, clock: Clock) -> Iterator[Self]:
        """Open the partial archive of `target`: a new one, or the one that an earlier run left."""
        partial = partial_of(target)
        try:
            with executing(partial):
                connection = connect(partial, application_id=APPLICATION_ID, migrations=MIGRATIONS, own=True)
        except ForeignFileError as error:
            removal = shlex.join(["rm", str(error.path)])
            raise UsageError(
                f"the export cannot go on in a file that is not yours alone: {error.strerror}",
                hint=f"write to a directory of your own; if you know the file: {removal}",
            ) from error
        except OSError as error:
            raise UsageError(f"{partial} cannot be written: {error.strerror}") from error
        database = SharedConnection(partial, connection)
        opened: Self | None = None
        try:
            with database.reading():
                check_schema(connection, partial, allowed=[_UNREAD])
                prepare(connection)
                # Images that are taken out must not stay in unused pages.
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute(_UNREAD)
                for statement in _LISTED:
                    connection.execute(statement)
            opened = cls(target, database, clock)
            yield opened
        finally:
            database.close()
            if opened and opened._is_discarded:
                for suffix in ("", "-wal", "-shm"):
                    partial.with_name(partial.name + suffix).unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete the file once it is closed."""
        self._is_discarded = True

    def begin(self, identity: ObjectIdentity) -> bool:
        """Record which object is being exported, and return whether this is the first run.

        Raises ConflictError if an earlier run began another object, or one that may be another: what it has read is
        only used again for the same object.
        """
        begun = self._begun(identity)
        if begun is None:
            self._record(identity)
        elif not begun.compare(identity).is_certain:
            raise ConflictError(
                f"{self._database.path} is an unfinished export of another object: {begun}",
                hint="finish that one, delete the file, or choose another --to",
            )
        return begun is None

    def _begun(self, identity: ObjectIdentity) -> ObjectIdentity | None:
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
            self._record_export(resource)
        return ObjectIdentity(resource, row["type"], row["object_id"])

    def _record(self, identity: ObjectIdentity) -> None:
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
        self._record_export(resource)

    def _record_export(self, resource: Resource) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO export (one, profile, account, key_digest, consistent, left_out)"
                " VALUES (1, ?, ?, ?, 1, '')",
                (resource.profile, resource.account, resource.key_digest),
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
                "INSERT INTO persons (person_id, name, user_data) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
                " name = excluded.name, user_data = excluded.user_data"
                " WHERE name IS NOT excluded.name OR user_data IS NOT excluded.user_data",
                [(person.person_id, person.name, person.user_data) for person in persons],
            ).rowcount
            connection.executemany(
                "INSERT OR IGNORE INTO unread SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM faces WHERE face_id = ?1)",
                faces,
            )
            changed += connection.executemany(
                "INSERT INTO faces (face_id, person_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET"
                " person_id = excluded.person_id WHERE person_id IS NOT excluded.person_id",
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
                "INSERT INTO faces (face_id, user_data) VALUES (?, ?) ON CONFLICT DO UPDATE SET"
                " user_data = excluded.user_data WHERE user_data IS NOT excluded.user_data",
                [(face.face_id, face.user_data) for face in faces],
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
            connection.execute("DELETE FROM unread WHERE face_id NOT IN (SELECT face_id FROM faces)")
        return dropped

    def reuse(self, base: Path) -> int:
        """Copy user data of faces that still exist from an older archive of the same object.

        Returns the number of faces whose user data need not be read.
        """
        with self._database.reading() as connection:
            attach(connection, base, "base")
        try:
            with self._database.writing() as connection:
                connection.execute(
                    "UPDATE faces SET user_data = old.user_data FROM base.faces AS old"
                    " WHERE old.face_id = faces.face_id AND faces.face_id IN (SELECT face_id FROM unread)"
                )
                connection.execute("UPDATE export SET base_id = (SELECT archive_id FROM base.object)")
                return connection.execute(
                    "DELETE FROM unread WHERE face_id IN (SELECT face_id FROM base.faces)"
                ).rowcount
        finally:
            with self._database.reading() as connection:
                connection.execute("DETACH base")

    def unread(self, after: str, limit: int) -> list[UnreadFace]:
        """Return up to `limit` faces after `after` whose user data is unread."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT face_id, person_id FROM unread WHERE face_id > ? ORDER BY face_id LIMIT ?", (after, limit)
            ).fetchall()
        return [UnreadFace(*row) for row in rows]

    def set_user_data(self, faces: Sequence[Face]) -> None:
        """Store the user data of faces that were read."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE faces SET user_data = ? WHERE face_id = ?", [(face.user_data, face.face_id) for face in faces]
            )
            connection.executemany("DELETE FROM unread WHERE face_id = ?", [(face.face_id,) for face in faces])

    def counts(self) -> Counts:
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM persons), (SELECT count(*) FROM faces), (SELECT count(*) FROM unread),"
                " (SELECT count(*) FROM faces WHERE image IS NOT NULL)"
            ).fetchone()
        return Counts(*row)

    def finish(self) -> None:
        """Seal the archive, sync it to disk and rename it. It must not be used afterwards."""
        with self._database.writing() as connection:
            connection.execute("DROP TABLE unread")
            seal(connection, self._clock.now())
        with self._database.reading() as connection:
            # Writes the log's content into the file, and removes the log.
            connection.execute("PRAGMA journal_mode = DELETE")
        self._database.close()
        try:
            os.replace(self._database.path, self.target)
            sync_directory(self.target.parent)
        except OSError as error:
            raise ArchiveError(
                f"{self._database.path} is complete, but cannot be renamed to {self.target}: {error.strerror}",
                hint="put that right, and run the same command again",
            ) from error
