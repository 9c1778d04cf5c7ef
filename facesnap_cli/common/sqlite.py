"""Open SQLite files safely, migrate their schemas, and run transactions that always end."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from facesnap_cli.common.errors import FacesnapError, Interruption
from facesnap_cli.common.files import ForeignFileError, check_own_file, make_own_file

_BESIDE = ("-wal", "-shm", "-journal")

# One statement reads all three at the same moment: another process may be creating the file.
_IDENTITY_SQL = (
    "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),"
    " (SELECT count(*) FROM sqlite_schema)"
)
_BUSY_PAUSE_S = 0.01


class DatabaseError(FacesnapError):
    """The file cannot be used: it is damaged, newer than this program, or of another kind."""

    exit_code = 13
    default_code = "Database"


class DamagedError(DatabaseError):
    """The file is not a database, or a damaged one."""

    default_code = "Damaged"


class InterruptibleConnection(sqlite3.Connection):
    """A connection that tells an interruption from an error of SQLite.

    Python handles a signal in a function that SQLite calls back. SQLite turns the exception into its own error.
    """

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self._earlier = Interruption.latest

    @property
    def interruption(self) -> Interruption | None:
        """The interruption since the connection was opened. If there is one, it is the cause of an error."""
        return Interruption.latest if Interruption.latest is not self._earlier else None


def connect(
    path: str | Path,
    *,
    application_id: int,
    migrations: Sequence[str],
    busy_timeout_s: float = 10.0,
    own: bool = False,
    exclusive: bool = False,
) -> InterruptibleConnection:
    """Open `path` (`":memory:"` for no file), create it with mode 0600 if it is missing, and migrate it.

    `migrations[n]` is the SQL script from schema version n to n + 1. The connection is in autocommit mode: write
    through `transaction`. Several threads may use it, one at a time. It attaches other files by their URI. Set `own`
    for a directory that others may write to. `exclusive` locks the file itself, whatever its name becomes, until the
    connection is closed; if an empty file cannot be made a database, it is deleted.

    Raises DamagedError; DatabaseError if the file is newer than `migrations` or belongs to another application; with
    `own`, ForeignFileError if others may open the file or one that SQLite keeps beside it.
    """
    address, identity = str(path), None
    if address != ":memory:":
        make_own_file(Path(path), checked=own)
        identity = _identity(Path(path)) if own else None
        address = Path(path).absolute().as_uri()
    connection = sqlite3.connect(
        address,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,
        factory=InterruptibleConnection,
        uri=True,
    )
    connection.row_factory = sqlite3.Row
    is_new = exclusive and os.stat(path).st_size == 0
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        if exclusive:
            _lock_file(connection)
        if own and identity != _identity(Path(path)):  # before the first write, if the file is locked
            raise ForeignFileError(Path(path), "was replaced while it was opened")
        _use_wal(connection, busy_timeout_s)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, str(path), application_id, migrations)
    except BaseException as error:
        if is_new and not is_busy(error):  # a process that uses it has it locked
            _delete(Path(path))
        connection.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            raise DamagedError(f"{path} is damaged: {error}") from error
        raise
    return connection


def _delete(path: Path) -> None:
    """Delete a database, and the files that SQLite keeps beside it."""
    for suffix in ("", *_BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_busy(error: BaseException) -> bool:
    """Return whether SQLite refused something because another connection has locked the file or a table."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _lock_file(connection: sqlite3.Connection) -> None:
    """Lock the file until the connection is closed."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("ROLLBACK")


def _use_wal(connection: sqlite3.Connection, within_s: float) -> None:
    """Turn write-ahead logging on."""
    # SQLite does not wait by itself for another process that does the same at this moment.
    deadline = time.monotonic() + within_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_BUSY_PAUSE_S)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit what the block writes, or roll all of it back if the block raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def migrate(connection: sqlite3.Connection, name: str, application_id: int, migrations: Sequence[str]) -> None:
    """Migrate a database's schema. Raises DatabaseError if it is newer or belongs to another application."""
    version = version_of(connection, name, application_id, len(migrations))
    if version == len(migrations):
        return
    with transaction(connection):
        # Another process may have migrated while this one waited for the lock.
        version = version_of(connection, name, application_id, len(migrations))
        for script in migrations[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {application_id:d}")
        connection.execute(f"PRAGMA user_version = {len(migrations):d}")


def version_of(connection: sqlite3.Connection, name: str, application_id: int, newest: int) -> int:
    """Return the schema's version. Raises DatabaseError if it is above `newest` or of another application."""
    owner, version, tables = map(int, connection.execute(_IDENTITY_SQL).fetchone())
    empty = tables == 0
    if owner != application_id and not (empty and owner == 0):
        raise DatabaseError(f"{name} belongs to another program (application id {owner:#x})")
    if version > newest:
        raise DatabaseError(f"{name} was written by a newer facesnap (schema {version}, this one knows {newest})")
    return version


def _identity(path: Path) -> tuple[int, int]:
    """Return the device and inode of a file. Raises ForeignFileError if it, or a file beside it, is not ours."""
    status = check_own_file(path)
    for suffix in _BESIDE:
        with suppress(FileNotFoundError):
            check_own_file(Path(f"{path}{suffix}"))
    return status.st_dev, status.st_ino


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script."""
    # `executescript` would commit the open transaction.
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
