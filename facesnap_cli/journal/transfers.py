"""Record the exports and imports of this machine, so that an unfinished one can be found and resumed."""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConflictError, FacesnapError, NotFoundError, UsageError, reason_with_path
from facesnap_cli.common.escape import path_for_storage, storable, stored_path
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.hints import CompleteCommand, Hint, command
from facesnap_cli.common.process_lock import LockHeldError, ProcessLock
from facesnap_cli.common.progress import Progress, Tally
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.common.sqlite import DatabaseError, connect, transaction
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.journal.transfer_record import FINISHED_BEFORE, Transfer, forget_import_state, import_states
from facesnap_cli.models.ids import find_by_prefix

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
    "ALTER TABLE transfers ADD COLUMN archive_id TEXT;",
)
_FILE = "transfers.db"
_BUSY_TIMEOUT_S = 2.0  # others write for milliseconds, and recording progress is not worth a long wait
_RECORD_EVERY_S = 5.0
_RETRY_RECORD_S = 60.0  # after a failed write, which may have taken a while
# A transfer that raises one of these before its first item has nothing to resume.
_NOT_BEGUN = (UsageError, ConflictError, NotFoundError, DatabaseError)


class TransferListError(DatabaseError):
    """The list of exports and imports cannot be read or written."""

    default_code = "Transfers"


class Transfers:
    """The list of exports and imports in the state directory. Safe for several processes.

    Raises TransferListError if it cannot be opened or read. If it cannot be written, it warns once, and the export or
    import continues: the same command resumes it without the list.
    """

    def __init__(self, state: Path, clock: Clock, reporter: Reporter = SILENT):
        self._state = state
        self._locks = _directory(state)
        self._clock = clock
        self._reporter = reporter
        self._warned = False
        self._lock = threading.Lock()
        with self._guarded("opened"):
            make_private_directory(self._locks, inside=state)
            self._connection = connect(
                self._locks / _FILE,
                application_id=APPLICATION_ID,
                migrations=MIGRATIONS,
                busy_timeout_s=_BUSY_TIMEOUT_S,
            )

    @classmethod
    def are_listed(cls, state: Path) -> bool:
        """Return whether there ever was a transfer, without creating the list."""
        return transfers_path(state).exists()

    @contextlib.contextmanager
    def running(self, transfer: Transfer, progress: Progress) -> Iterator[RunningTransfer]:
        """List a transfer while the block runs, and also afterwards if it fails with work done.

        Yields a progress that is recorded in the list too. Raises ConflictError if another process works on it.
        """
        lock = self._acquire(transfer)
        try:
            known = None
            with self._tolerated():
                known = self.find(transfer.id)
            now = self._clock.now()
            earlier = known if known and known.state == "running" else None
            begun = transfer._replace(started_time=now) if earlier is None else _resumed(transfer, earlier)
            self._save(begun._replace(changed_time=now))
            recorded = RunningTransfer(
                progress,
                self._clock,
                lambda text: self._record(transfer.id, text),
                lambda archive_id: self._save(begun._replace(changed_time=self._clock.now(), archive_id=archive_id)),
                is_resumed=earlier is not None,
                finished_archive=begun.archive_id,
            )
            try:
                yield recorded
            except FacesnapError as error:
                self._failed(transfer, known, error, advanced=recorded.advanced)
                raise
            except BaseException:  # an interruption: record how far it came
                recorded.write()
                raise
            self._record(transfer.id, None, state="succeeded")
        finally:
            lock.release(remove=False)

    def all(self) -> Sequence[Transfer]:
        """Return all transfers, oldest first."""
        return self._select("TRUE ORDER BY started_time")

    def unfinished(self) -> Sequence[Transfer]:
        """Return the transfers that run or can be resumed, oldest first."""
        return [transfer for transfer in self.all() if transfer.is_open]

    def find(self, reference: str) -> Transfer | None:
        """Return the transfer with this id, or the only one whose id has this prefix. Raises UsageError for several."""
        exact = self._select("id = ?", reference.lower())
        return exact[0] if exact else find_by_prefix(reference, self._starting_with, "transfers")

    def _starting_with(self, prefix: str) -> list[Transfer]:
        return self._select("substr(id, 1, ?2) = ?1", prefix, len(prefix))

    def has_stopped(self, transfer_id: str) -> bool:
        """Return whether no process works on a transfer (any more)."""
        found = self.find(transfer_id)
        return found is None or found.state != "running"

    def take_off(self, transfer: Transfer) -> Transfer:
        """Take an unfinished transfer off the list. Raises ConflictError if a process works on it.

        Its partial archive or import state stays until `forget` deletes it. Until then the same command resumes it.
        """
        if transfer.state == "succeeded":
            return transfer
        lock = self._acquire(transfer)
        try:
            forgotten = transfer._replace(state="forgotten", changed_time=self._clock.now())
            with self._guarded("written"):
                self._write_row(forgotten)
            return forgotten
        finally:
            lock.release(remove=False)

    def forget(self, keep: timedelta) -> None:
        """Delete transfers that ended longer than `keep` ago, and the files that belong to no transfer.

        What an import did is kept for as long as its archive may exist: only that leads from old ids to new ones.
        """
        limit = self._clock.now() - keep
        with self._tolerated(), self._guarded("written"):
            known = self.all()
            for transfer in known:
                is_old = transfer.changed_time is not None and transfer.changed_time < limit
                if is_old and not transfer.is_open and not (transfer.kind == "import" and _may_exist(transfer.archive)):
                    self._delete(transfer.id)
            ids = {transfer.id for transfer in known}
            for lock in self._locks.glob("*.lock"):
                if lock.stem not in ids:
                    ProcessLock.is_held(lock)  # the check removes the lock of a killed process
            for file in import_states(self._state):
                if file.stem not in ids and file.stat().st_mtime < limit.timestamp():
                    forget_import_state(self._state, file.stem)

    def close(self) -> None:
        """Close the file when no thread uses it: after an interruption threads may still run."""
        with self._lock:
            self._connection.close()

    def _select(self, condition: str, *values: object) -> list[Transfer]:
        with self._lock, self._guarded("read"):
            rows = self._connection.execute(f"SELECT * FROM transfers WHERE {condition}", values).fetchall()  # noqa: S608 - ours
        return [self._transfer(row) for row in rows]

    def _transfer(self, row: sqlite3.Row) -> Transfer:
        values = dict(row)
        for name in ("started_time", "changed_time"):
            values[name] = parse_time(values[name])
        values["command"] = CompleteCommand(shlex.split(stored_path(values["command"])))
        values["archive"] = stored_path(values["archive"])
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

    def _acquire(self, transfer: Transfer) -> ProcessLock:
        try:
            with self._guarded("written"):
                return ProcessLock.acquire(self._lock_of(transfer.id))
        except LockHeldError:
            raise ConflictError(
                f"{transfer.title} is under way already, in another process", resume=command("wait", transfer.id)
            ) from None

    def _save(self, transfer: Transfer) -> None:
        with self._tolerated(), self._guarded("written"):
            self._write_row(transfer)

    def _write_row(self, transfer: Transfer) -> None:
        state = "running" if transfer.state == "interrupted" else transfer.state
        with self._lock, transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO transfers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(transfer.id, transfer.kind, transfer.profile, transfer.object_type, transfer.object_id),
                    *(path_for_storage(transfer.archive), path_for_storage(shlex.join(transfer.command))),
                    *(state, transfer.message and storable(transfer.message)),
                    *(format_time(transfer.started_time), format_time(transfer.changed_time), transfer.archive_id),
                ),
            )

    def _record(self, transfer_id: str, message: str | None, *, state: str = "running") -> bool:
        """Record how far a transfer is, and return whether that was possible."""
        with self._tolerated(), self._guarded("written"), self._lock, transaction(self._connection):
            self._connection.execute(
                "UPDATE transfers SET message = ?, state = ?, changed_time = ? WHERE id = ?",
                (message and storable(message), state, format_time(self._clock.now()), transfer_id),
            )
            return True
        return False

    def _delete(self, transfer_id: str) -> None:
        try:
            lock = ProcessLock.acquire(self._lock_of(transfer_id))
        except sqlite3.OperationalError:
            return  # it is starting again at this moment
        try:
            with self._lock, transaction(self._connection):
                self._connection.execute("DELETE FROM transfers WHERE id = ?", (transfer_id,))
            forget_import_state(self._state, transfer_id)
        finally:
            lock.release()

    def _failed(self, transfer: Transfer, known: Transfer | None, error: FacesnapError, *, advanced: bool) -> None:
        """Keep a transfer that can be resumed, with the command for it; restore the list otherwise."""
        if error.code == FINISHED_BEFORE and known:
            self._save(known._replace(state="succeeded"))
        elif not advanced and (isinstance(error, _NOT_BEGUN) or transfer.has_no_draft):
            self._restore(transfer.id, known)
        else:
            self._record(transfer.id, error.message)
            error.hint = error.hint or Hint("what was done is kept")
            error.resume = transfer.command

    def _restore(self, transfer_id: str, known: Transfer | None) -> None:
        """Restore the record of before a transfer that could not begin."""
        if known:
            self._save(known)
            return
        with self._tolerated(), self._guarded("written"), self._lock, transaction(self._connection):
            self._connection.execute("DELETE FROM transfers WHERE id = ?", (transfer_id,))

    @contextlib.contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except LockHeldError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise TransferListError(
                f"the list of exports and imports, {self._locks / _FILE}, cannot be {what}: {reason_with_path(error)}",
                hint="free space, or mend its permissions; FACESNAP_STATE_DIR names another place",
            ) from error

    @contextlib.contextmanager
    def _tolerated(self) -> Iterator[None]:
        try:
            yield
        except TransferListError as error:
            if not self._warned:
                self._warned = True
                self._reporter.warn(f"{error.message}; going on, but status may not show this export or import")


class RunningTransfer:
    """Shows the progress of a transfer, and records it every few seconds. `record` returns whether it could write.

    `is_resumed`: an earlier run was interrupted; `finished_archive` is the id of the archive that it had completed.
    """

    def __init__(
        self,
        shown: Progress,
        clock: Clock,
        record: Callable[[str], bool],
        record_archive: Callable[[str], None],
        *,
        is_resumed: bool = False,
        finished_archive: str | None = None,
    ):
        self._shown = shown
        self._clock = clock
        self._record = record
        self._record_archive = record_archive
        self.is_resumed = is_resumed
        self.finished_archive = finished_archive
        self._tally = Tally(clock)
        self._lock = threading.Lock()
        self._due_at = 0.0
        self._can_write = True
        self.advanced = False

    def begin(self, step: str, total: int | None = None, *, logged: bool = True) -> None:
        self._shown.begin(step, total, logged=logged)
        with self._lock:
            self._tally.begin(step, total)
            if self._can_write or self._clock.monotonic() >= self._due_at:
                self.write()

    def advance(self, number: int = 1) -> None:
        self._shown.advance(number)
        self.advanced = True
        with self._lock:
            self._tally.advance(number)
            if self._clock.monotonic() >= self._due_at:
                self.write()

    def end(self, result: str, *, ok: bool) -> None:
        self._shown.end(result, ok=ok)

    def finishing(self, archive_id: str) -> None:
        """Record that the archive is complete, so that a later run recognizes it even after a kill."""
        self._record_archive(archive_id)

    def write(self) -> None:
        """Record how far the work is."""
        self._can_write = self._record(str(self._tally))
        self._due_at = self._clock.monotonic() + (_RECORD_EVERY_S if self._can_write else _RETRY_RECORD_S)


def _resumed(transfer: Transfer, earlier: Transfer) -> Transfer:
    return transfer._replace(started_time=earlier.started_time, archive_id=earlier.archive_id)


def _may_exist(path: str) -> bool:
    """Return whether a file exists, or lies in a directory that is not there now, such as a disk that was removed."""
    return os.path.lexists(path) or not os.path.isdir(os.path.dirname(path))


def transfers_path(state: Path) -> Path:
    """Return the file of the list in a state directory."""
    return _directory(state) / _FILE


def _directory(state: Path) -> Path:
    return state / "transfers"
