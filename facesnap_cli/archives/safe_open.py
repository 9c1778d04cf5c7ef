"""Open an archive from an untrusted source: a regular file with exactly the schema that facesnap creates.

A SQLite file brings its own schema, which is a program: a view can be endless or huge, a trigger can change what is
written. facesnap therefore executes no query before it has compared the schema, word for word except comments.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from facesnap_cli.archives.archive_schema import (
    APPLICATION_ID,
    MIGRATIONS,
    ArchiveError,
    checksum,
    format_version,
    sha256,
)
from facesnap_cli.archives.images.image import format_of
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.sqlite import DamagedError, DatabaseError, InterruptibleConnection, migrate, version_of

# Far above an archive's largest value, an image of 6 MB.
MOST_VALUE_BYTES = 32 * 1024 * 1024
_WAL_VERSION = 2  # in the header's bytes 18 and 19: the newest rows may be in another file beside it
_COMMENT = pattern(r"--[^\n]*")
_HANDLER_EVERY_STEPS = 50_000  # of SQLite's virtual machine, a few milliseconds


def open_archive(path: Path) -> InterruptibleConnection:
    """Open a finished archive without writing to it or beside it.

    Raises FileNotFoundError, DamagedError, or DatabaseError if it is unfinished, newer, or not an archive.
    """
    _check_file(path)
    connection = sqlite3.connect(
        read_only_uri(path), uri=True, isolation_level=None, check_same_thread=False, factory=InterruptibleConnection
    )
    try:
        connection.row_factory = sqlite3.Row
        prepare(connection)
        if version_of(connection, str(path), APPLICATION_ID, len(MIGRATIONS)) == 0:
            raise DamagedError(f"{path} is damaged: it is empty")
        check_schema(connection, path)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite may quote the damaged bytes
        connection.close()
        raise connection.interruption or DamagedError(f"{path} is damaged: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: InterruptibleConnection) -> None:
    """Add the functions of archives to a connection, and limit what an untrusted file can make it do."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_VALUE_BYTES)
    connection.set_progress_handler(lambda: 0, _HANDLER_EVERY_STEPS)  # Python handles signals in it
    connection.create_function("row_checksum", -1, checksum, deterministic=True)
    connection.create_function("sha256", 1, sha256, deterministic=True)
    connection.create_function("image_format", 1, format_of, deterministic=True)


def check_schema(connection: sqlite3.Connection, path: Path, *, allowed: Sequence[str] = ()) -> None:
    """Raise ArchiveError unless the file has an archive's schema and otherwise only `allowed` statements."""
    version = format_version(connection)
    expected = _schema_of(version, tuple(allowed))
    found = connection.execute("SELECT name, sql FROM sqlite_schema LIMIT ?", (len(expected) + 1,)).fetchall()
    strange = [str(name) for name, sql in found if name not in expected or expected[name] != _bare(sql)]
    if not strange and {name for name, _ in found} >= set(_schema_of(version)):
        return
    what = f"{strange[0][:40]!r} in it is not facesnap's" if strange else "it lacks tables"
    raise ArchiveError(
        f"{path} is not as facesnap writes archives: {what}", hint="use a copy of this archive that nobody has changed"
    )


def read_only_uri(path: Path, *, finished: bool = True) -> str:
    """Return the URI to read a file with; SQLite reads a finished one without locks or files beside it."""
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if finished else ''}"


def _check_file(path: Path) -> None:
    """Refuse a file that is not regular, such as an endless pipe, and a file that is being written."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DatabaseError(f"{path} is not a regular file")
        header = os.read(descriptor, 20)
    finally:
        os.close(descriptor)
    if header.startswith(b"SQLite format 3\x00") and _WAL_VERSION in header[18:20]:
        raise ArchiveError(
            f"{path} is an export that has not ended, or was changed by another program (it is in WAL mode)",
            hint="run the same facesnap export again to resume it",
        )


@cache
def _schema_of(version: int, more: tuple[str, ...] = ()) -> dict[str, str | None]:
    """Return the schema that facesnap creates in a version: the statement of each table and index by its name."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, ":memory:", APPLICATION_ID, MIGRATIONS[:version])
        for statement in more:
            connection.execute(statement)
        return {name: _bare(sql) for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema")}
    finally:
        connection.close()


def _bare(sql: object) -> str | None:
    """Return a statement without its comments, which may change between versions; None if it is not text."""
    return " ".join(_COMMENT.sub(" ", sql).split()) if isinstance(sql, str) else None
