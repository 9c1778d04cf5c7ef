"""Hold the connection, the clock and the facts that all parts of the store share."""

from __future__ import annotations

import os
import shlex
import sqlite3
import stat
import uuid
from pathlib import Path

from facesnap_cli.common.sqlite import DatabaseError, connect, transaction
from facesnap_cli.emulator.clock import Clock
from facesnap_cli.emulator.store.schema import APPLICATION_ID, MIGRATIONS, TABLES


class State:
    """One open database. No operation ends and no snapshot expires before the tick `next_event`."""

    def __init__(self, directory: Path | None, clock: Clock) -> None:
        self.clock = clock
        self.next_event = 0
        self.connection = _open(directory)
        self.connection.create_function("guid", 1, bytes.fromhex, deterministic=True)
        clock.offset_ticks = int(self.fact("clock") or 0)

    def now(self) -> int:
        """Return the current time in ticks."""
        return self.clock.now()

    def new_id(self) -> bytes:
        """Return a new GUID."""
        return uuid.uuid4().bytes

    def schedule_event(self, tick: int) -> None:
        """Make sure that `next_event` is not later than `tick`."""
        self.next_event = min(self.next_event, tick)

    def fact(self, name: str) -> str | None:
        """Return the value of a fact, or None."""
        row = self.connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])

    def set_fact(self, name: str, value: str) -> None:
        """Set a fact. It is kept as long as the database is."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def advance(self, seconds: float) -> None:
        """Move the clock forward, also for later runs on the same data."""
        self.clock.advance(seconds)
        self.set_fact("clock", str(self.clock.offset_ticks))

    def reset(self) -> None:
        """Empty every table and set the clock back to the machine's."""
        with transaction(self.connection):
            for table in TABLES:
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names are ours
        self.clock.offset_ticks = 0
        self.next_event = 0

    def close(self) -> None:
        """Close the database."""
        self.connection.close()


def _open(directory: Path | None) -> sqlite3.Connection:
    if directory is None:
        return connect(":memory:", application_id=APPLICATION_ID, migrations=MIGRATIONS)
    path = directory / "emulator.db"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix" and directory.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise DatabaseError(f"others may write to {directory}; chmod go-w {shlex.quote(str(directory))}")
        connection = connect(path, application_id=APPLICATION_ID, migrations=MIGRATIONS, busy_timeout_s=1.0)
        # Two emulators on the same data would not see each other's `next_event`.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("INSERT OR REPLACE INTO facts VALUES ('opened', ?)", (str(uuid.uuid4()),))
    except sqlite3.OperationalError as error:
        raise DatabaseError(f"{path} cannot be used, perhaps by another emulator: {error}") from error
    except OSError as error:
        raise DatabaseError(f"{path} cannot be used: {error.strerror}") from error
    connection.execute("PRAGMA cache_size = -65536")
    return connection
