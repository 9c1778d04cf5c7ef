"""Share a SQLite connection between threads, and turn its errors into facesnap's."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facesnap_cli.archives.archive_schema import ArchiveError
from facesnap_cli.common.sqlite import DamagedError, DatabaseError, InterruptibleConnection, transaction


class SharedConnection:
    """A connection on which one thread at a time executes statements. Raises what `executing` raises."""

    def __init__(self, path: Path, connection: InterruptibleConnection):
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[InterruptibleConnection]:
        """Yield the connection to this thread alone while the block lasts."""
        with self._lock, executing(self.path, self._connection):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[InterruptibleConnection]:
        """Yield the connection in a transaction."""
        with self.reading() as connection, transaction(connection):
            yield connection

    def rows(self, query: str) -> Iterator[sqlite3.Row]:
        """Yield the rows of a query one by one. Until the last row no thread may use the connection."""
        # Without the lock: an abandoned generator would hold it, and close() would wait for ever.
        with executing(self.path, self._connection):
            cursor = self._connection.execute(query)
            while row := cursor.fetchone():
                yield row

    def close(self) -> None:
        """Close the file when no thread uses it: after an interruption threads may still run."""
        with self._lock:
            self._connection.close()


@contextmanager
def executing(path: Path, connection: InterruptibleConnection | None = None) -> Iterator[None]:
    """Raise ArchiveError if the block cannot write one of facesnap's files, DamagedError for other errors of it.

    If the error is an interruption of the `connection`, the interruption is raised.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise (connection and connection.interruption) or _trouble(path, error) from error


def _trouble(path: Path, error: sqlite3.DatabaseError) -> DatabaseError:
    if not isinstance(error, sqlite3.OperationalError):
        return DamagedError(f"{path} is damaged: {error}")
    hint = f"free space on the disk of {path.parent}, or mend its permissions"
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        hint = "another program is using it: when that has ended, run the same command again"
    return ArchiveError(f"{path} cannot be written: {error}", hint=hint)
