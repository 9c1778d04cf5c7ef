"""What threads and interruptions may do with a connection that they share."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesnap_cli.archives.archive_schema import ArchiveError
from facesnap_cli.archives.shared_connection import SharedConnection
from facesnap_cli.common.sqlite import DamagedError, connect

APPLICATION_ID = 0x54455354


@pytest.fixture
def database(tmp_path: Path) -> SharedConnection:
    path = tmp_path / "numbers.db"
    connection = connect(path, application_id=APPLICATION_ID, migrations=["CREATE TABLE numbers (n INTEGER) STRICT"])
    database = SharedConnection(path, connection)
    with database.writing() as writer:
        writer.execute("INSERT INTO numbers VALUES (1), (2), (3)")
    return database


def count(database: SharedConnection) -> int:
    with database.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM numbers").fetchone()[0])


def test_abandoned_rows_do_not_keep_the_connection_from_being_closed(database: SharedConnection) -> None:
    rows = database.rows("SELECT n FROM numbers ORDER BY n")
    assert next(rows)["n"] == 1
    database.close()


def delete_and_fail(database: SharedConnection) -> None:
    with database.writing() as connection:
        connection.execute("DELETE FROM numbers")
        raise KeyboardInterrupt


def test_a_block_that_fails_writes_nothing(database: SharedConnection) -> None:
    with pytest.raises(KeyboardInterrupt):
        delete_and_fail(database)
    assert count(database) == 3
    database.close()


def test_a_file_that_is_read_only_cannot_be_written(database: SharedConnection) -> None:
    with database.reading() as connection:
        connection.execute("PRAGMA query_only = ON")
    with pytest.raises(ArchiveError, match="cannot be written"), database.writing() as connection:
        connection.execute("DELETE FROM numbers")
    database.close()


def test_a_file_with_other_content_is_damaged(database: SharedConnection, tmp_path: Path) -> None:
    with database.reading() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    path = tmp_path / "numbers.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    connection = connect(path, application_id=APPLICATION_ID, migrations=["CREATE TABLE numbers (n INTEGER) STRICT"])
    damaged = SharedConnection(path, connection)
    with pytest.raises(DamagedError):
        count(damaged)
    damaged.close()
