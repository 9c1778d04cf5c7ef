"""The exports and imports of this machine, so that an unfinished one can be found and taken up again."""

from __future__ import annotations

import hashlib
import shlex
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from facesnap_cli.clock import Clock
from facesnap_cli.database import DatabaseError, ProcessLock, connect, transaction
from facesnap_cli.errors import ConflictError, FacesnapError, NotFoundError, StillRunningError, UsageError
from facesnap_cli.files import make_private_directory
from facesnap_cli.progress import Counting, Tally
from facesnap_cli.text import format_time, parse_time

APPLICATION_ID = 0x46535446  # "FSTF"
MIGRATIONS = (
    """
    CREATE TABLE transfers (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        profile TEXT,
        object_type TEXT NOT NULL,
        object_id TEXT NOT NULL,
        archive TEXT NOT NULL,
        command TEXT NOT NULL,
        state TEXT NOT NULL,
        message TEXT,
        started_time TEXT NOT NULL,
        changed_time TEXT NOT NULL
    ) STRICT;
    """,
)
# The code of the error with which a transfer that has finished refuses to begin again.
FINISHED_BEFORE = "AlreadyFinished"
_FILE = "transfers.db"
_NOTE_EVERY_S = 5.0
_LOOK_EVERY_S = 1.0
# What raises these before its first item has begun nothing that could be taken up again.
_NOT_BEGUN = (UsageError, ConflictError, NotFoundError, DatabaseError)


@dataclass(frozen=True, slots=True)
class Transfer:
    """An export or import. `command` takes it up again; times are UTC.

    `interrupted` is one that has not finished and that no process is at work on.
    """

    id: str
    kind: Literal["export", "import"]
    profile: str | None
    object_type: str
    object_id: str
    archive: str
    command: str
    state: Literal["running", "interrupted", "succeeded"] = "running"
    message: str | None = None
    started_time: datetime | None = None
    changed_time: datetime | None = None

    @property
    def title(self) -> str:
        return f"{self.kind} {self.object_type} {self.object_id}"

    def document(self) -> dict[str, object]:
        """Return the JSON form, which has an operation's keys."""
        elapsed = (
            (self.changed_time - self.started_time).total_seconds() if self.changed_time and self.started_time else 0.0
        )
        resume = f"to go on: {self.command}" if self.state == "interrupted" else None
        return {
            "operationId": None,
            "kind": self.kind,
            "status": self.state,
            "createdTime": format_time(self.started_time),
            "lastActionTime": format_time(self.changed_time),
            "finishedTime": format_time(self.changed_time) if self.state == "succeeded" else None,
            "resourceLocation": None,
            "message": "; ".join(part for part in (self.message, resume) if part) or None,
            "profile": self.profile,
            "objectType": self.object_type,
            "objectId": self.object_id,
            "snapshotId": None,
            "elapsedSeconds": round(elapsed, 1),
            "intent": self.id,
            "archive": self.archive,
        }


class Transfers:
    """What the state directory knows of exports and imports. Safe for several processes."""

    def __init__(self, state: Path, clock: Clock):
        self._locks = _directory(state)
        self._clock = clock
        self._lock = threading.Lock()
        try:
            make_private_directory(self._locks, inside=state)
        except OSError as error:
            raise DatabaseError(f"{state} cannot be used: {error.strerror}") from error
        self._connection = connect(self._locks / _FILE, application_id=APPLICATION_ID, migrations=MIGRATIONS)

    @classmethod
    def are_listed(cls, state: Path) -> bool:
        """Tell whether there ever was a transfer, without making a list."""
        return (_directory(state) / _FILE).exists()

    @contextmanager
    def running(self, transfer: Transfer, counting: Counting) -> Iterator[Counting]:
        """Keep a transfer in the list while the block lasts, and also afterwards where it fails with work done.

        Gives the counting that notes each step too. Raises ConflictError where another process is at work on it.
        """
        try:
            lock = ProcessLock.acquire(self._lock_of(transfer.id))
        except sqlite3.OperationalError:
            raise ConflictError(
                f"{transfer.title} is under way already, in another process", hint=f"facesnap wait {transfer.id}"
            ) from None
        try:
            known = self.find(transfer.id)
            now = self._clock.now()
            started = known.started_time if known and known.state != "succeeded" else now
            self._save(replace(transfer, started_time=started, changed_time=now))
            noted = _NotedCounting(counting, self._clock, lambda text: self._note(transfer.id, text))
            try:
                yield noted
            except FacesnapError as error:
                self._failed(transfer, known, error, advanced=noted.advanced)
                raise
            except BaseException:  # an interruption: say how far it came
                noted.write()
                raise
            self._note(transfer.id, None, state="succeeded")
        finally:
            lock.release(remove=False)

    def all(self) -> Sequence[Transfer]:
        """Return all that is known, oldest first."""
        with self._lock:
            rows = self._connection.execute("SELECT * FROM transfers ORDER BY started_time").fetchall()
        return [self._transfer(row) for row in rows]

    def unfinished(self) -> Sequence[Transfer]:
        """Return those that have not finished, oldest first."""
        return [transfer for transfer in self.all() if transfer.state != "succeeded"]

    def find(self, reference: str) -> Transfer | None:
        """Return the transfer with this id."""
        with self._lock:
            row = self._connection.execute("SELECT * FROM transfers WHERE id = ?", (reference.lower(),)).fetchone()
        return self._transfer(row) if row else None

    def wait(self, transfers: Sequence[Transfer], timeout_s: float | None) -> list[Transfer]:
        """Return the transfers once no process is at work on any of them, or `timeout_s` has passed."""
        deadline = None if timeout_s is None else self._clock.monotonic() + timeout_s
        while True:
            seen = [self.find(transfer.id) or transfer for transfer in transfers]
            late = deadline is not None and self._clock.monotonic() >= deadline
            if late or not any(transfer.state == "running" for transfer in seen):
                return seen
            self._clock.sleep(_LOOK_EVERY_S)

    def close(self) -> None:
        """Close the file once no thread is at work on it: an interruption does not wait for its threads."""
        with self._lock:
            self._connection.close()

    def _transfer(self, row: sqlite3.Row) -> Transfer:
        values = dict(row)
        for name in ("started_time", "changed_time"):
            values[name] = parse_time(values[name])
        if values["state"] == "running" and not self._is_locked(row["id"]):
            values["state"] = "interrupted"
        return Transfer(**values)

    def _is_locked(self, transfer_id: str) -> bool:
        try:
            ProcessLock.acquire(self._lock_of(transfer_id)).release(remove=False)
        except sqlite3.OperationalError:
            return True
        return False

    def _lock_of(self, transfer_id: str) -> Path:
        return self._locks / f"{transfer_id}.lock"

    def _save(self, transfer: Transfer) -> None:
        with self._lock, transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO transfers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(transfer.id, transfer.kind, transfer.profile, transfer.object_type, transfer.object_id),
                    *(transfer.archive, transfer.command, transfer.state, transfer.message),
                    *(format_time(transfer.started_time), format_time(transfer.changed_time)),
                ),
            )

    def _note(self, transfer_id: str, message: str | None, *, state: str = "running") -> None:
        with self._lock, transaction(self._connection):
            self._connection.execute(
                "UPDATE transfers SET message = ?, state = ?, changed_time = ? WHERE id = ?",
                (message, state, format_time(self._clock.now()), transfer_id),
            )

    def _failed(self, transfer: Transfer, known: Transfer | None, error: FacesnapError, *, advanced: bool) -> None:
        """Keep what can be taken up again, with the line that does; leave the rest as it was before."""
        if error.code == FINISHED_BEFORE and known:
            self._save(replace(known, state="succeeded"))
        elif isinstance(error, _NOT_BEGUN) and not advanced:
            self._restore(transfer.id, known)
        else:
            self._note(transfer.id, error.message)
            error.hint = "; ".join(part for part in (error.hint, f"to go on: {transfer.command}") if part)

    def _restore(self, transfer_id: str, known: Transfer | None) -> None:
        """Write down again what was there before a transfer that could not begin."""
        if known:
            self._save(replace(known, state="succeeded" if known.state == "succeeded" else "running"))
            return
        with self._lock, transaction(self._connection):
            self._connection.execute("DELETE FROM transfers WHERE id = ?", (transfer_id,))


class _NotedCounting:
    """Shows how far the work is, and notes it in the list every few seconds."""

    def __init__(self, shown: Counting, clock: Clock, note: Callable[[str], None]):
        self._shown = shown
        self._clock = clock
        self._note = note
        self._tally = Tally(clock)
        self._noted_at = 0.0
        self.advanced = False

    def begin(self, step: str, total: int | None = None) -> None:
        self._shown.begin(step, total)
        with self._tally.lock:
            self._tally.restart(step, total)
            self.write()

    def advance(self, number: int = 1) -> None:
        self._shown.advance(number)
        self.advanced = True
        with self._tally.lock:
            self._tally.done += number
            if self._clock.monotonic() - self._noted_at >= _NOTE_EVERY_S:
                self.write()

    def close(self) -> None:
        self._shown.close()

    def write(self) -> None:
        """Note how far the work is."""
        self._noted_at = self._clock.monotonic()
        self._note(f"{self._tally.step}: {self._tally.text()}")


def _directory(state: Path) -> Path:
    return state / "transfers"


def export_id(archive: Path) -> str:
    """Return the id of the export that writes this file."""
    return _id("export", str(archive))


def import_id(profile: str | None, endpoint: str, object_type: str, object_id: str) -> str:
    """Return the id of the import that builds this object."""
    return _id("import", profile or "", endpoint, object_type, object_id)


def command(*words: object) -> str:
    """Return a command line, as a shell takes it; None and False leave a word out."""
    return shlex.join(["facesnap", *(str(word) for word in words if word is not None and word is not False)])


def unfinished(transfer: Transfer) -> FacesnapError | None:
    """Return the error for a transfer that is waited for and has not finished."""
    if transfer.state == "succeeded":
        return None
    stopped = "was interrupted" if transfer.state == "interrupted" else "still runs, in another process"
    said = f" ({transfer.message})" if transfer.message else ""
    return StillRunningError(
        f"{transfer.title} {stopped}{said}",
        hint=f"to go on: {transfer.command}" if transfer.state == "interrupted" else f"facesnap wait {transfer.id}",
        details={"objectId": transfer.object_id, "archive": transfer.archive},
    )


def _id(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
