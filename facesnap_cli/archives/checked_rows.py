"""Keep the rows of an archive that are checked in a private temporary database.

Another program may replace an archive, or write to it, at any moment. Rows are therefore copied first and checked in
the copy, which nobody else can open, and everything else reads the copy.
"""

from __future__ import annotations

import sqlite3

from facesnap_cli.archives.archive_schema import (
    EXPORT_COLUMNS,
    FACE_COLUMNS,
    NUMBERS,
    OBJECT_COLUMNS,
    PERSON_COLUMNS,
    SOURCE_COLUMNS,
    format_version,
)
from facesnap_cli.common.sqlite import transaction

# All tables but `images`, whose content is compared with its SHA-256 whenever it is read.
_TABLES = {
    "object": (*OBJECT_COLUMNS, "checksum"),
    "persons": (*PERSON_COLUMNS, "checksum"),
    "faces": (*FACE_COLUMNS, "checksum"),
    "export": (*EXPORT_COLUMNS, "checksum"),
    "image_sources": (*SOURCE_COLUMNS, "checksum"),
}
_SINCE_VERSION_2 = ("export", "image_sources")


def hold_rows(connection: sqlite3.Connection) -> None:
    """Copy the rows of an open archive into temporary tables, which hide those of the file from later queries."""
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    with transaction(connection):
        _create(connection, "temp")
        for table, columns in _TABLES.items():
            if table not in _SINCE_VERSION_2 or format_version(connection) > 1:
                connection.execute(f"INSERT INTO temp.{table} SELECT {', '.join(columns)} FROM main.{table}")  # noqa: S608 - ours


def copy_rows(source: sqlite3.Connection, connection: sqlite3.Connection, schema: str, *, origin: str = "temp") -> None:
    """Attach a temporary database to `connection` under the name `schema`, with the rows that `source` holds.

    Their `origin` is "main" for the file itself.
    """
    connection.execute(f"ATTACH '' AS {schema}")
    with transaction(connection):
        _create(connection, schema)
        for table, columns in _TABLES.items():
            marks = ", ".join("?" for _ in columns)
            connection.executemany(
                f"INSERT INTO {schema}.{table} VALUES ({marks})",  # noqa: S608 - ours
                source.execute(f"SELECT {', '.join(columns)} FROM {origin}.{table}"),  # noqa: S608 - ours
            )


def _create(connection: sqlite3.Connection, schema: str) -> None:
    for table, (key, *others) in _TABLES.items():
        # STRICT refuses a value of another type, which a damaged file may hold.
        columns = ", ".join(f"{name} {'INTEGER' if name in NUMBERS else 'TEXT'}" for name in others)
        kind = "INTEGER" if key in NUMBERS else "TEXT"
        connection.execute(f"CREATE TABLE {schema}.{table} ({key} {kind} PRIMARY KEY, {columns}) STRICT, WITHOUT ROWID")
    connection.execute(f"CREATE INDEX {schema}.faces_by_person ON faces (person_id)")
