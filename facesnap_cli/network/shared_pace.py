"""Share the pace of each resource between the processes of this machine."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.sqlite import connect, transaction
from facesnap_cli.network.pace import Pace
from facesnap_cli.network.rate_limit import LONGEST_REST_S, PaceInMemory

_FILE = "rates.db"
_APPLICATION_ID = 0x66737274
_BUSY_TIMEOUT_S = 2.0
_MIGRATIONS = (
    "CREATE TABLE rates (resource TEXT PRIMARY KEY, known REAL NOT NULL, start REAL NOT NULL, sent INTEGER NOT NULL,"
    " next_at REAL NOT NULL, refused_at REAL NOT NULL, closed_until REAL NOT NULL, counted REAL NOT NULL,"
    " counted_since REAL NOT NULL) STRICT, WITHOUT ROWID;",
    "ALTER TABLE rates ADD COLUMN trial_at INTEGER NOT NULL DEFAULT 1000;",
)


class SharedPace:
    """The pace of a resource in a table of the state directory. If that fails, this process goes on by itself.

    Times are of the monotonic clock, which all processes have in common until the machine restarts.
    """

    def __init__(self, state_directory: Path, resource: str, clock: Clock, new: Pace):
        self._resource = resource
        self._clock = clock
        self._own = PaceInMemory(new)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            make_private_directory(state_directory)
            self._connection = connect(
                state_directory / _FILE,
                application_id=_APPLICATION_ID,
                migrations=_MIGRATIONS,
                busy_timeout_s=_BUSY_TIMEOUT_S,
            )
            self._connection.execute("PRAGMA synchronous = OFF")  # a kill loses nothing; a power failure, a rate
        except (sqlite3.Error, OSError, FacesnapError):
            self._give_up()

    def read(self) -> Pace:
        with self._lock:
            if self._connection is None:
                return self._own.read()
            try:
                return self._select(self._connection)
            except sqlite3.Error:
                self._give_up()
                return self._own.read()

    def update(self, change: Callable[[Pace], Pace]) -> Pace:
        with self._lock:
            if self._connection:
                try:
                    with transaction(self._connection) as connection:
                        before = self._select(connection)
                        after = change(before)
                        connection.execute(
                            "INSERT OR REPLACE INTO rates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                            (self._resource, *after),
                        )
                    self._own.update(lambda pace: after)
                    return before
                except sqlite3.Error:
                    self._give_up()
            return self._own.update(change)

    def _select(self, connection: sqlite3.Connection) -> Pace:
        row = connection.execute("SELECT * FROM rates WHERE resource = ?", (self._resource,)).fetchone()
        return Pace(*row[1:]).as_of(self._clock.monotonic(), LONGEST_REST_S) if row else self._own.read()

    def _give_up(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
