"""Define the tables in which an import records what it has done, and check them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.archives.archive_schema import ArchiveError, checksum_of
from facesnap_cli.archives.shared_connection import executing
from facesnap_cli.common.sqlite import DamagedError, connect

APPLICATION_ID = 0x4653494D  # "FSIM"
MIGRATIONS = (
    """
    CREATE TABLE import (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        archive_id TEXT NOT NULL,
        step TEXT NOT NULL
    ) STRICT;
    CREATE TABLE persons (
        person_id TEXT PRIMARY KEY,
        new_id TEXT UNIQUE,
        refused TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE faces (
        face_id TEXT PRIMARY KEY,
        person_id TEXT,
        new_id TEXT UNIQUE,
        refused TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX faces_by_person ON faces (person_id);
    """,
    """
    ALTER TABLE import ADD COLUMN target TEXT;       -- the id of the import: which object it builds
    ALTER TABLE import ADD COLUMN persons INTEGER;   -- number of rows in persons and faces when the step began
    ALTER TABLE import ADD COLUMN faces INTEGER;
    ALTER TABLE import ADD COLUMN checksum TEXT;     -- here and below: as in an archive; NULL: of an older version
    ALTER TABLE persons ADD COLUMN checksum TEXT;
    ALTER TABLE faces ADD COLUMN checksum TEXT;
    """,
    """
    CREATE TABLE requests_in_doubt (    -- sent without a response so far: they may still take effect
        step TEXT NOT NULL,             -- creating, adding, training
        id TEXT NOT NULL,               -- of the person or face in the archive; '' for the object
        person_id TEXT,                 -- of the archive; NULL for the object and for a list's face
        sent_time TEXT NOT NULL,
        until_time TEXT NOT NULL,       -- nothing is concluded from its absence before
        PRIMARY KEY (step, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX requests_in_doubt_by_person ON requests_in_doubt (person_id);
    """,
    """
    CREATE TABLE scope (                -- the persons and faces of the archive to add; empty: everything
        id TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE others (               -- ids in an existing object that this import did not add
        id TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
    """,
)
COLUMNS = {
    "import": ("archive_id", "step", "target", "persons", "faces"),
    "persons": ("person_id", "new_id", "refused"),
    "faces": ("face_id", "person_id", "new_id", "refused"),
}
# The steps of an import. Each is recorded before its first request is sent.
CREATING, ADDING, TRAINING, FINISHED = "creating", "adding", "training", "finished"
EXTENDING = "extending"  # instead of creating and adding: the object existed
VIEWS = (
    """
    CREATE TEMP VIEW missing_persons AS
    SELECT * FROM archive.persons AS p WHERE NOT EXISTS (SELECT 1 FROM main.persons WHERE person_id = p.person_id)
    AND (p.person_id IN main.scope OR NOT EXISTS (SELECT 1 FROM main.scope))
    """,
    """
    CREATE TEMP VIEW missing_faces AS
    SELECT face_id, person_id, user_data, image, target_face, detection_model FROM archive.faces AS f
    WHERE image IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.faces WHERE face_id = f.face_id)
    AND NOT EXISTS (SELECT 1 FROM main.persons WHERE person_id = f.person_id AND refused IS NOT NULL)
    AND (f.face_id IN main.scope OR f.person_id IN main.scope OR NOT EXISTS (SELECT 1 FROM main.scope))
    """,
)


class RecordedImport(NamedTuple):
    """The record of an import: the archive that it reads, and the step that it began last."""

    archive_id: str
    step: str


def recorded_import(path: Path) -> RecordedImport | None:
    """Return what the state of an import in a file says; None if there is none. Raises DamagedError."""
    if not path.is_file():
        return None
    with executing(path), closing(connect(path, application_id=APPLICATION_ID, migrations=MIGRATIONS)) as connection:
        row = connection.execute("SELECT archive_id, step FROM import").fetchone()
    return RecordedImport(*row) if row else None


def check_state(path: Path, connection: sqlite3.Connection, target: str) -> None:
    """Check what earlier runs recorded: a wrong new id could put a face on the wrong person."""
    row = connection.execute("SELECT step, target, persons, faces FROM main.import").fetchone()
    if row and row["target"] not in (None, target):
        raise ArchiveError(
            f"{path} is the record of another import",
            hint="another program has exchanged it: put the right one there, or import into another --object-id",
            details={"file": str(path)},
        )
    said = connection.execute("PRAGMA main.integrity_check(1)").fetchone()[0]
    altered = [
        table
        for table, columns in COLUMNS.items()
        if connection.execute(
            f"SELECT 1 FROM main.{table} WHERE checksum != {checksum_of(columns)} LIMIT 1"  # noqa: S608 - ours
        ).fetchone()
    ]
    if row and row["target"] and row["step"] in (TRAINING, FINISHED):  # which neither adds nor forgets rows
        for table in ("persons", "faces"):
            if connection.execute(f"SELECT count(*) FROM main.{table}").fetchone()[0] != row[table]:  # noqa: S608 - ours
                altered.append(table)
    if said != "ok" or altered:
        what = " ".join(said.split()) if said != "ok" else f"rows of table {altered[0]} are not as they were written"
        raise DamagedError(
            f"{path}, the record of this import, is damaged: {what}",
            hint="delete the unfinished object and this file and import again, or import into another --object-id",
            details={"file": str(path)},
        )
