"""Share a SQLite connection between threads, and turn its errors into facesnap's."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from facesnap_cli.archives.archive_schema import ArchiveError
from facesnap_cli.common.errors import ConflictError, naming
from facesnap_cli.common.sqlite import (
    DamagedError,
    DatabaseError,
    InterruptibleConnection,
    connect,
    is_busy,
    transaction,
)

_LOCK_PAUSES_S = (0.05, 0.1, 0.2, 0.0)  # two processes that start together may block each other


class SharedConnection:
    """A connection on which one thread at a time executes statements. Raises what `executing` raises.

    `subject` is the item of a batch that the file belongs to, and that no error about the file needs to name again.
    """

    def __init__(self, path: Path, connection: InterruptibleConnection, subject: str = ""):
        self.path = path
        self._connection = connection
        self._subject = subject
        self._lock = threading.Lock()
        self._place = _place_of(path)

    @classmethod
    def exclusive(cls, path: Path, *, application_id: int, migrations: Sequence[str], subject: str = "") -> Self:
        """Open or create a file that no other process may use until it is closed.

        Raises ConflictError if another process uses it, ForeignFileError if others may open it.
        """
        for pause_s in _LOCK_PAUSES_S:
            try:
                connection = connect(
                    path,
                    application_id=application_id,
                    migrations=migrations,
                    busy_timeout_s=0,
                    own=True,
                    exclusive=True,
                )
                return cls(path, connection, subject)
            except FileNotFoundError:
                pass  # another process finished with the file and moved it
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    with naming(subject):
                        raise _trouble(path, error) from error
            time.sleep(pause_s * (1 + os.getpid() % 8 / 8))
        raise ConflictError(
            f"{path} is in use by another process",
            hint="if another export writes to it, wait for that; if another program has opened it, end that",
            details={"file": str(path)},
            subject=subject,
        )

    @property
    def is_in_place(self) -> bool:
        """Whether the open file is at its path."""
        return _place_of(self.path) == self._place

    def check_place(self, path: Path | None = None) -> None:
        """Raise ArchiveError unless the open file is at its path, or at another `path` that it was renamed to."""
        if _place_of(path or self.path) != self._place:
            raise ArchiveError(
                f"{path or self.path} is no longer the file that this command writes: another program has replaced it",
                hint="run the same command again when no other program moves its files",
                subject=self._subject,
            )

    @contextmanager
    def reading(self) -> Iterator[InterruptibleConnection]:
        """Yield the connection to this thread alone while the block lasts."""
        with naming(self._subject), self._lock, executing(self.path, self._connection):
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
    if is_busy(error):
        hint = "another program is using it: when that has ended, run the same command again"
    return ArchiveError(f"{path} cannot be written: {error}", hint=hint)


def _place_of(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of a file; None if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
