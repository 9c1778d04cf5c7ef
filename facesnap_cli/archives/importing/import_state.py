"""Record what an import has done, one commit for each new id, so that it can be resumed after a kill."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_schema import ArchiveError, checksum_of, with_checksum
from facesnap_cli.archives.importing.import_items import Contents, Done, PendingFace, PendingPerson, Request
from facesnap_cli.archives.importing.import_schema import (
    ADDING,
    APPLICATION_ID,
    COLUMNS,
    EXTENDING,
    FINISHED,
    MIGRATIONS,
    VIEWS,
    check_state,
)
from facesnap_cli.archives.safe_open import prepare
from facesnap_cli.archives.shared_connection import SharedConnection, executing
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.sqlite import connect
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.models.wire_values import unreadable


class ImportState:
    """The state of one import, with the archive attached. Safe for several threads."""

    def __init__(self, database: SharedConnection, target: str):
        self.path = database.path
        self._database = database
        self._target = target

    @classmethod
    @contextmanager
    def opened(cls, path: Path, archive: Archive, target: str) -> Iterator[Self]:
        """Open the state in a file while the block lasts; the file is created if it is missing.

        The archive must have been checked. `target` is the id of the import. Raises DamagedError, and ArchiveError if
        the file is the state of another import.
        """
        try:
            make_private_directory(path.parent, inside=path.parent.parent)
            with executing(path):
                connection = connect(path, application_id=APPLICATION_ID, migrations=MIGRATIONS)
        except OSError as error:
            hint = "free space, or mend its permissions; FACESNAP_STATE_DIR names another place"
            raise ArchiveError(f"{path} cannot be written: {error.strerror}", hint=hint) from error
        database = SharedConnection(path, connection)
        try:
            with database.reading():
                prepare(connection)
                check_state(path, connection, target)
                archive.copy_to(connection, "archive")
                for view in VIEWS:
                    connection.execute(view)
            yield cls(database, target)
        finally:
            database.close()

    @property
    def archive_id(self) -> str | None:
        """The archive that this import reads; None before it begins."""
        row = self._row("SELECT archive_id FROM import")
        return row["archive_id"] if row else None

    @property
    def step(self) -> str | None:
        """The step that was begun last; None before the first."""
        row = self._row("SELECT step FROM import")
        return row["step"] if row else None

    def begin(self, step: str, archive_id: str) -> None:
        """Commit that a step is about to begin."""
        with self._database.writing() as connection:
            self._write_step(connection, step, archive_id)
        self._database.check_place()

    def step_back(self, step: str | None, archive_id: str | None) -> None:
        """Commit that the last step failed, and return to the step before; None means that there was none."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM import")
            if step is not None and archive_id is not None:
                self._write_step(connection, step, archive_id)

    def start_over(self, step: str, archive_id: str, persons: Iterable[str] = ()) -> None:
        """Commit that a step begins in a new object, and forget everything added to an earlier one.

        Without `persons` of the archive, all are to be added.
        """
        with self._database.writing() as connection:
            for table in (*COLUMNS, "requests_in_doubt", "scope", "others"):
                connection.execute(f"DELETE FROM main.{table}")  # noqa: S608 - ours
            self._write_step(connection, step, archive_id)
            self._limit(connection, persons)

    def begin_additions(
        self, archive_id: str, contents: Contents, *, only_refused: bool, persons: Iterable[str] = ()
    ) -> None:
        """Commit that additions to an existing object begin: of what was refused, or of all that it lacks.

        `contents` is what the object holds. What an earlier run added, and the object has lost, is missing again.
        """
        with self._database.writing() as connection:
            connection.execute("CREATE TEMP TABLE held (id TEXT PRIMARY KEY, person_id TEXT) WITHOUT ROWID")
            connection.executemany("INSERT OR IGNORE INTO temp.held VALUES (?, ?)", contents)
            refused = connection.execute(
                "SELECT person_id FROM main.persons WHERE refused IS NOT NULL"
                " UNION SELECT face_id FROM main.faces WHERE refused IS NOT NULL"
            ).fetchall()
            connection.execute("DELETE FROM main.persons WHERE refused IS NOT NULL")
            connection.execute("DELETE FROM main.faces WHERE refused IS NOT NULL")
            if only_refused:
                connection.execute("DELETE FROM main.scope WHERE (SELECT step FROM main.import) = ?", (FINISHED,))
                connection.executemany("INSERT OR IGNORE INTO main.scope VALUES (?)", refused)
            else:
                connection.execute(
                    "DELETE FROM main.faces WHERE new_id NOT IN (SELECT id FROM temp.held)"
                    " OR person_id IN (SELECT person_id FROM main.persons"
                    " WHERE new_id NOT IN (SELECT id FROM temp.held))"
                )
                connection.execute("DELETE FROM main.persons WHERE new_id NOT IN (SELECT id FROM temp.held)")
                self._limit(connection, persons)
            connection.execute(
                "INSERT OR IGNORE INTO main.others SELECT id FROM temp.held WHERE id NOT IN"
                " (SELECT new_id FROM main.persons UNION ALL SELECT new_id FROM main.faces)"
            )
            connection.execute("DROP TABLE temp.held")
            self._write_step(connection, EXTENDING, archive_id)

    def begin_in_its_own_object(self, archive_id: str, contents: Contents) -> None:
        """Commit what the archive's own object still holds: persons and faces that keep their ids.

        A person's face counts only if the same person has it in the archive and in the object.
        """
        with self._database.writing() as connection:
            connection.execute("CREATE TEMP TABLE held (id TEXT PRIMARY KEY, person_id TEXT) WITHOUT ROWID")
            connection.executemany("INSERT OR IGNORE INTO temp.held VALUES (?, ?)", contents)
            persons = connection.execute(
                "SELECT p.person_id, h.id, NULL FROM archive.persons AS p JOIN temp.held AS h"
                " ON h.id = lower(p.person_id) AND h.person_id IS NULL"
            ).fetchall()
            faces = connection.execute(
                "SELECT f.face_id, f.person_id, h.id, NULL FROM archive.faces AS f JOIN temp.held AS h"
                " ON h.id = lower(f.face_id) AND h.person_id IS lower(f.person_id)"
            ).fetchall()
            connection.execute("DROP TABLE temp.held")
            for table, found in (("persons", persons), ("faces", faces)):
                columns = (*COLUMNS[table], "checksum")
                connection.executemany(
                    f"INSERT INTO main.{table} ({', '.join(columns)})"  # noqa: S608 - ours
                    f" VALUES ({', '.join('?' for _ in columns)})",
                    (with_checksum(*row) for row in found),
                )
            self._write_step(connection, FINISHED, archive_id)

    def is_other(self, held_id: str) -> bool:
        """Return whether the object had a person or face before anything was added to it."""
        return self._row("SELECT 1 FROM main.others WHERE id = ?", held_id.lower()) is not None

    def persons_to_do(self, after: str, limit: int) -> list[PendingPerson]:
        """Return up to `limit` persons after the id `after` who are missing or have a missing face.

        A person with a request in doubt is left out.
        """
        rows = self._rows(
            "SELECT p.person_id, p.name, p.user_data, m.new_id FROM archive.persons AS p"
            " LEFT JOIN main.persons AS m ON m.person_id = p.person_id WHERE p.person_id > ? AND m.refused IS NULL"
            " AND (p.person_id IN (SELECT person_id FROM missing_persons)"
            " OR EXISTS (SELECT 1 FROM missing_faces AS f WHERE f.person_id = p.person_id))"
            " AND NOT EXISTS (SELECT 1 FROM requests_in_doubt AS d WHERE d.person_id = p.person_id)"
            " ORDER BY p.person_id LIMIT ?",
            after,
            limit,
        )
        return [PendingPerson(*row) for row in rows]

    def faces_to_do(self, person_id: str) -> list[PendingFace]:
        """Return a person's missing faces, in the order in which they are added."""
        rows = self._rows("SELECT * FROM missing_faces WHERE person_id = ? ORDER BY face_id", person_id)
        return [PendingFace(*row) for row in rows]

    def list_faces_to_do(self, after: str, limit: int) -> list[PendingFace]:
        """Return up to `limit` missing faces of a list after `after`, in the order in which they are added."""
        rows = self._rows(
            "SELECT * FROM missing_faces WHERE person_id IS NULL AND face_id > ? ORDER BY face_id LIMIT ?", after, limit
        )
        return [PendingFace(*row) for row in rows]

    def person_added(self, person_id: str, new_id: str) -> None:
        """Commit the id that the service gave a person."""
        self._insert("persons", person_id, new_id.lower(), None)

    def person_refused(self, person_id: str, reason: str) -> None:
        """Commit that the service refused a person, and therefore all of the person's faces."""
        self._insert("persons", person_id, None, reason)

    def face_added(self, face: PendingFace, new_id: str) -> None:
        """Commit the id that the service gave a face."""
        self._insert("faces", face.face_id, face.person_id, new_id.lower(), None)

    def face_refused(self, face: PendingFace, reason: str) -> None:
        """Commit that the service refused a face."""
        self._insert("faces", face.face_id, face.person_id, None, reason)

    def sending(self, request: Request, sent_time: datetime, doubt: timedelta) -> None:
        """Commit that a request is about to be sent, and for how long it may take effect without a response."""
        until_time = format_time(sent_time + doubt)
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO requests_in_doubt VALUES (?, ?, ?, ?, ?)",
                (*request, format_time(sent_time), until_time),
            )

    def settle(self, request: Request) -> None:
        """Commit that nothing more can come of a request: its effect is known."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM requests_in_doubt WHERE step = ? AND id = ?", (request.step, request.item_id)
            )

    def settle_all(self, step: str) -> None:
        """Commit that no request of a step can take effect any more."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM requests_in_doubt WHERE step = ?", (step,))

    def doubt_left_s(self, step: str, now: datetime) -> float | None:
        """Return for how long any request of a step may still take effect, in seconds; None if there is none."""
        rows = self._rows("SELECT sent_time, until_time FROM requests_in_doubt WHERE step = ?", step)
        left = [_left_s(parse_time(row["sent_time"]), parse_time(row["until_time"]), now) for row in rows]
        return max(left, default=None)

    def forget_refusals(self) -> None:
        """Forget which faces were refused: they are missing again."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM main.faces WHERE refused IS NOT NULL")

    def person_of(self, new_id: str) -> str | None:
        """Return the archive's id of a person in the target; None if this import does not know the person."""
        row = self._row("SELECT person_id FROM main.persons WHERE new_id = ?", new_id.lower())
        return row["person_id"] if row else None

    def missing_like(self, name: str | None, user_data: str | None) -> str | None:
        """Return the id of any missing person with this name and user data."""
        # The service may return an empty text as absent.
        row = self._row(
            "SELECT person_id FROM missing_persons WHERE name IS ?1 AND coalesce(user_data, '') = coalesce(?2, '')"
            " ORDER BY person_id IN (SELECT id FROM requests_in_doubt) DESC, user_data IS ?2 DESC LIMIT 1",
            name,
            user_data,
        )
        return row["person_id"] if row else None

    def is_in_doubt(self, item_id: str) -> bool:
        """Return whether the addition of a person or face of the archive was sent without a response."""
        return self._row("SELECT 1 FROM requests_in_doubt WHERE step = ? AND id = ?", ADDING, item_id) is not None

    def has_like(self, name: str | None, user_data: str | None) -> bool:
        """Return whether the archive has a person with this name and user data."""
        row = self._row(
            "SELECT 1 FROM archive.persons WHERE name IS ?1 AND coalesce(user_data, '') = coalesce(?2, '') LIMIT 1",
            name,
            user_data,
        )
        return row is not None

    def has_face(self, person_id: str | None, new_id: str) -> bool:
        """Return whether a face in the target was added for this person of the archive; None means for its list."""
        row = self._row("SELECT 1 FROM main.faces WHERE new_id = ? AND person_id IS ?", new_id.lower(), person_id)
        return row is not None

    def faces_of(self, person_id: str) -> set[str]:
        """Return the ids, in the target, of the faces that were added for a person of the archive."""
        rows = self._rows("SELECT new_id FROM main.faces WHERE person_id = ? AND new_id IS NOT NULL", person_id)
        return {row["new_id"] for row in rows}

    def user_data_of(self, new_id: str) -> str | None:
        """Return the user data, in the archive, of a face in the target."""
        row = self._row(
            "SELECT f.user_data FROM main.faces AS m JOIN archive.faces AS f USING (face_id) WHERE m.new_id = ?",
            new_id.lower(),
        )
        return row["user_data"] if row else None

    def original_of(self, person_id: str) -> PendingPerson:
        """Return a person as the archive has it."""
        row = self._row(
            "SELECT p.person_id, p.name, p.user_data, m.new_id FROM archive.persons AS p"
            " LEFT JOIN main.persons AS m ON m.person_id = p.person_id WHERE p.person_id = ?",
            person_id,
        )
        return PendingPerson(*row)

    def done(self) -> Done:
        row = self._row(
            "SELECT (SELECT count(new_id) FROM main.persons), (SELECT count(new_id) FROM main.faces),"
            " (SELECT count(refused) FROM main.persons) + (SELECT count(refused) FROM main.faces)"
        )
        return Done(*row)

    def faces_without_image(self) -> int:
        """Return how many faces are missing that cannot be added, because the archive has no image of them."""
        row = self._row(
            "SELECT count(*) FROM archive.faces AS f WHERE image IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM main.faces WHERE face_id = f.face_id)"
            " AND (f.face_id IN main.scope OR f.person_id IN main.scope OR NOT EXISTS (SELECT 1 FROM main.scope))"
        )
        return int(row[0])

    def faces_by_detection_model(self) -> dict[str | None, int]:
        """Return how many missing faces are to be detected with each model; None stands for no model."""
        return dict(map(tuple, self._rows("SELECT detection_model, count(*) FROM missing_faces GROUP BY 1 ORDER BY 1")))

    def to_do(self) -> int:
        """Return how many persons and faces are missing."""
        return int(self._row("SELECT (SELECT count(*) FROM missing_persons) + (SELECT count(*) FROM missing_faces)")[0])

    def refused(self) -> Iterator[dict[str, object]]:
        """Yield each refused person and face with the reason."""
        for row in self._rows(
            "SELECT 'person' AS kind, m.person_id AS id, p.name AS name, m.refused AS reason FROM main.persons AS m"
            " JOIN archive.persons AS p ON p.person_id = m.person_id WHERE m.refused IS NOT NULL UNION ALL"
            " SELECT 'face', m.face_id, p.name, m.refused FROM main.faces AS m"
            " LEFT JOIN archive.persons AS p ON p.person_id = m.person_id WHERE m.refused IS NOT NULL"
        ):
            yield dict(row)

    def added(self) -> Iterator[tuple[str, str | None]]:
        """Yield the new id of each person and face that is in the object; a face has its person's, else None.

        The state must not be changed before the last row.
        """
        rows = self._database.rows(
            "SELECT new_id, NULL AS person FROM main.persons WHERE new_id IS NOT NULL"
            " UNION ALL SELECT m.new_id, o.new_id FROM main.faces AS m"
            " LEFT JOIN main.persons AS o ON o.person_id = m.person_id WHERE m.new_id IS NOT NULL"
        )
        return ((row["new_id"], row["person"]) for row in rows)

    def id_map(self) -> Iterator[dict[str, object]]:
        """Return each person and face that was added: {kind, name, personId, oldId, newId, userData}.

        Persons come first. `name` and `personId` (the new id) are those of a face's person; `userData` is its own.
        The state must not be changed before the last row.
        """
        rows = self._database.rows(
            "SELECT 'person' AS kind, p.name AS name, m.new_id AS personId, m.person_id AS oldId,"
            " m.new_id AS newId, p.user_data AS userData FROM main.persons AS m"
            " JOIN archive.persons AS p ON p.person_id = m.person_id WHERE m.new_id IS NOT NULL"
            " UNION ALL SELECT 'face', p.name, o.new_id, m.face_id, m.new_id, f.user_data FROM main.faces AS m"
            " LEFT JOIN archive.faces AS f ON f.face_id = m.face_id"
            " LEFT JOIN archive.persons AS p ON p.person_id = m.person_id"
            " LEFT JOIN main.persons AS o ON o.person_id = m.person_id WHERE m.new_id IS NOT NULL"
        )
        return (dict(row) for row in rows)

    def _limit(self, connection: sqlite3.Connection, persons: Iterable[str]) -> None:
        connection.execute("DELETE FROM main.scope")
        connection.executemany("INSERT INTO main.scope VALUES (?)", [(person_id,) for person_id in persons])

    def _write_step(self, connection: sqlite3.Connection, step: str, archive_id: str) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO import (one, archive_id, step, target, persons, faces) VALUES (1, ?, ?, ?,"
            " (SELECT count(*) FROM main.persons), (SELECT count(*) FROM main.faces))",
            (archive_id, step, self._target),
        )
        connection.execute(f"UPDATE import SET checksum = {checksum_of(COLUMNS['import'])}")  # noqa: S608 - ours

    def _insert(self, table: str, *values: str | None) -> None:
        columns = (*COLUMNS[table], "checksum")
        marks = ", ".join("?" for _ in columns)
        with self._database.writing() as connection:
            added = connection.execute(
                f"INSERT OR IGNORE INTO main.{table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - ours
                with_checksum(*values),
            )
            if added.rowcount:
                connection.execute("DELETE FROM requests_in_doubt WHERE step = ? AND id = ?", (ADDING, values[0]))
        if not added.rowcount:
            raise unreadable(f"the service gave {values[0]} of {table} an id that it gave before")

    def _row(self, query: str, *values: object) -> Any:
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def _rows(self, query: str, *values: object) -> Sequence[Any]:
        with self._database.reading() as connection:
            rows: Sequence[Any] = connection.execute(query, values).fetchall()
        return rows


def _left_s(sent_time: datetime | None, until_time: datetime | None, now: datetime) -> float:
    if sent_time is None or until_time is None:
        return 0.0
    # A clock that was set back must not prolong the wait.
    return max(0.0, (until_time - max(now, sent_time)).total_seconds())
