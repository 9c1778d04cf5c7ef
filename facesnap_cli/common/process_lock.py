"""Locks between processes, which the operating system releases even after `kill -9`."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Self


class LockHeldError(sqlite3.OperationalError):
    """Another process holds the lock."""


class ProcessLock:
    """A lock that lasts as long as its process.

    It is SQLite's own lock on a file of its own, which holds on every system that SQLite runs on.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection):
        self.path = path
        self._connection = connection

    @classmethod
    def acquire(cls, path: Path, *, timeout_s: float = 0.0) -> Self:
        """Take the lock within `timeout_s`. Raises LockHeldError, or sqlite3.OperationalError for an unusable file."""
        connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")  # else a killed process leaves a second file
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise LockHeldError(f"another process holds {path}") from error
            raise
        return cls(path, connection)

    @classmethod
    def is_held(cls, path: Path) -> bool:
        """Return whether a living process holds the lock. Removes the file that a dead process has left."""
        if not path.exists():
            return False
        try:
            lock = cls.acquire(path)
        except LockHeldError:
            return True
        except sqlite3.OperationalError:
            return False
        lock.release()
        return False

    def release(self, *, remove: bool = True) -> None:
        """Release the lock and remove its file. Keep the file if several processes compete for the same lock."""
        if remove:
            self.path.unlink(missing_ok=True)
        self._connection.close()
