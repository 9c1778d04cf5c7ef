"""Record every take and apply before it is sent, so that it can be found again after a crash."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConfigurationError, Unknown, UsageError, reason_of
from facesnap_cli.common.escape import shown
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.process_lock import ProcessLock
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.common.sqlite import transaction
from facesnap_cli.common.time_format import parse_time
from facesnap_cli.journal.account_paths import known_accounts
from facesnap_cli.journal.schema import PATIENCE_S, open_journal, owners_of
from facesnap_cli.models.identity import Resource, Sameness
from facesnap_cli.models.ids import SHORTEST_PREFIX, find_by_prefix
from facesnap_cli.models.operations import GIVE_UP_AFTER, OPEN_STATES, Operation, OperationKind, OperationState

OPEN_SQL = f"state IN ({', '.join(repr(state.value) for state in OPEN_STATES)})"
_COLUMNS = Operation._fields
_TIMES = tuple(name for name in _COLUMNS if name.endswith("_time"))
_INSERT = (
    f"INSERT INTO operations ({', '.join(_COLUMNS)})"  # noqa: S608 - the names are ours
    f" VALUES ({', '.join('?' for _ in _COLUMNS)})"
)


class JournalError(ConfigurationError):
    """The journal cannot be read or written. A request that could not be recorded was not sent."""

    default_code = "Journal"


class Journal:
    """The journal in a directory. Safe for several threads and processes.

    A damaged file is set aside under another name, with a warning. Raises DatabaseError for a file of a newer
    facesnap.
    """

    def __init__(self, directory: Path, clock: Clock, reporter: Reporter = SILENT):
        self.path = directory / "journal.db"
        self._owners = owners_of(self.path)
        self._clock = clock
        self._lock = threading.RLock()
        self._owner: ProcessLock | None = None
        with self._guarded("opened"):
            make_private_directory(directory)
            self._database, self.set_aside = open_journal(self.path, clock, reporter)

    def add(self, operation: Operation) -> Operation:
        """Commit that an operation is about to be sent. Raises JournalError; the caller then sends nothing."""
        with self._guarded("written; nothing was sent"):
            self._write(_INSERT, _row(operation))
        return operation

    def add_unless_open(self, operation: Operation) -> Operation | None:
        """Commit like `add`, or return the same operation if it is open already; the caller then sends nothing.

        Both happen in one transaction, so only one of two processes can start the same take.
        """
        with self._lock, self._guarded("written; nothing was sent"), transaction(self._database):
            earlier = next(iter(self.open_like(operation)), None)
            if earlier is None:
                self._database.execute(_INSERT, _row(operation))
            return earlier

    def add_found(self, operation: Operation) -> Operation:
        """Commit an operation that another machine started, and return it, or the recorded one if it is known."""
        with self._lock, self._guarded("written"), transaction(self._database):
            known = self._with_id(operation.operation_id, operation.resource)
            if not known:
                self._database.execute(_INSERT, _row(operation))
            return known[0] if known else operation

    def has_id(self, operation_id: str, resource: Resource) -> bool:
        """Return whether an operation with this id is recorded that may be of this account."""
        return bool(self._with_id(operation_id, resource))

    def _with_id(self, operation_id: str | None, resource: Resource) -> list[Operation]:
        same_id = self._select("lower(operation_id) = lower(?)", operation_id)
        return [found for found in same_id if found.resource.compare(resource).is_possible]

    def save(self, operation: Operation) -> Operation:
        """Commit an operation's new state, unless the journal records that it has ended."""
        assignments = ", ".join(f"{name} = ?" for name in _COLUMNS)
        goes_on = f"; the operation goes on, its id is {operation.operation_id}" if operation.operation_id else ""
        with self._guarded(f"written{goes_on}"):
            self._write(
                f"UPDATE operations SET {assignments} WHERE intent = ? AND {OPEN_SQL}",  # noqa: S608 - the names are ours
                [*_row(operation), operation.intent],
            )
        return operation

    def remove(self, operation: Operation) -> None:
        """Delete an intent: the service refused the request, so there is no operation."""
        with self._guarded("written"):
            self._write("DELETE FROM operations WHERE intent = ?", (operation.intent,))

    def owner(self) -> str:
        """Return this process's name in the journal. The process holds a lock of that name until it ends."""
        with self._lock, self._guarded("written; nothing was sent"):
            if self._owner is None:
                make_private_directory(self._owners, inside=self._owners.parent)
            while self._owner is None or not self._owner.path.exists():  # checking whether it is held may remove it
                self._owner = ProcessLock.acquire(self._owners / f"{uuid.uuid4().hex}.lock", timeout_s=PATIENCE_S)
            return self._owner.path.stem

    def now(self) -> datetime:
        """Return the present moment of the journal's clock."""
        return self._clock.now()

    def open_operations(self) -> list[Operation]:
        """Return every operation that has not ended as far as the journal knows, oldest first."""
        return self._select(f"{OPEN_SQL} ORDER BY intended_time")

    def all_operations(self) -> list[Operation]:
        """Return every operation, oldest first."""
        return self._select("TRUE ORDER BY intended_time")

    def find(self, reference: str) -> Operation | None:
        """Return the newest operation with this id or intent, or the only one whose id or intent has this prefix.

        Raises UsageError if several have it, and for a prefix that is too short.
        """
        prefix = reference.lower()
        exact = self._select("lower(operation_id) = ?1 OR intent = ?1 ORDER BY intended_time DESC", prefix)
        if exact:
            return exact[0]
        if len(prefix) < SHORTEST_PREFIX:
            raise UsageError(
                f"{shown(reference)} cannot be an operation",
                hint=f"give its id, or {SHORTEST_PREFIX} or more characters of its beginning",
                unknown=Unknown("operation", reference),
            )
        return find_by_prefix(reference, self._starting_with, "operations")

    def _starting_with(self, prefix: str) -> list[Operation]:
        starts = "substr(lower(operation_id), 1, ?2) = ?1 OR substr(intent, 1, ?2) = ?1"
        return self._select(starts, prefix, len(prefix))

    def open_like(self, operation: Operation) -> list[Operation]:
        """Return the open operations that stand in the way of another: the same one first, then the newest.

        A take that may be of the same object counts for as long as it may run, because it must not be paid for twice.
        An apply counts only if it is certainly the same, because the service itself refuses a second object of one id.
        """
        found = self._select(
            f"{OPEN_SQL} AND kind = ? AND object_type = ? AND object_id = ? AND intent <> ?"
            " ORDER BY intended_time DESC",
            operation.kind.value,
            operation.object_type,
            operation.object_id,
            operation.intent,
        )
        compared = [(self.compare(other, operation), other) for other in found]
        oldest = self._clock.now() - GIVE_UP_AFTER[operation.kind]
        may_be = [
            other for sameness, other in compared if sameness is Sameness.UNKNOWN and other.intended_time > oldest
        ]
        return [other for sameness, other in compared if sameness.is_certain] + (
            may_be if operation.kind is OperationKind.TAKE else []
        )

    def compare(self, operation: Operation, other: Operation) -> Sameness:
        """Return whether two operations were sent to the same account, by all that is known here of both."""
        complete = known_accounts(self)
        return complete(operation.resource).compare(complete(other.resource))

    def has_rival(self, operation: Operation) -> bool:
        """Return whether another take with the same user data may have made a snapshot that is not known yet."""
        rivals = self._select(
            "kind = 'take' AND intent <> ? AND user_data_digest = ? AND snapshot_id IS NULL"
            " AND state NOT IN ('failed', 'abandoned')",
            operation.intent,
            operation.user_data_digest,
        )
        return any(self.compare(rival, operation).is_possible for rival in rivals)

    def of_job(self, key: str) -> list[Operation]:
        """Return the operations of every run of a copy, the newest first."""
        return self._select("job_key = ? ORDER BY intended_time DESC", key)

    def applies_to(
        self,
        resource: Resource,
        object_type: str,
        object_id: str = "*",
        *,
        job_since: datetime | None = None,
    ) -> list[Operation]:
        """Return the applies to an object, or to any object of the type, that were certainly sent to this account.

        `object_id` may have a * for any characters. The newest comes first. With `job_since`, only those that are steps
        of a copy that began then or later.
        """
        found = self._select(
            "kind = 'apply' AND object_type = ?1 AND object_id GLOB ?2 AND (?3 IS NULL OR job_time >= ?3)"
            " ORDER BY intended_time DESC",
            object_type,
            object_id,
            _stored(job_since),
        )
        complete = known_accounts(self)
        target = complete(resource)
        return [apply for apply in found if complete(apply.resource).compare(target).is_certain]

    def mark_verified(self, operation: Operation) -> Operation:
        """Commit that an apply's result equals its source, or that all of a take's copy is done."""
        verified = operation._replace(verified_time=self._clock.now())
        with self._guarded("written"):
            self._write(
                "UPDATE operations SET verified_time = ? WHERE intent = ?",
                (_stored(verified.verified_time), verified.intent),
            )
        return verified

    def take_of(self, snapshot_id: str) -> Operation | None:
        """Return the take that made a snapshot, if it is known here: one that was sent, before one only found."""
        found = self._select("kind = 'take' AND snapshot_id = ? ORDER BY owner = '' LIMIT 1", snapshot_id.lower())
        return found[0] if found else None

    def object_of(self, snapshot_id: str) -> str | None:
        """Return the id of the object that a snapshot was taken from, if its take is known here."""
        take = self.take_of(snapshot_id)
        return take.object_id or None if take else None

    def own_open_operations(self) -> list[Operation]:
        """Return the operations that this process started or intended and that have not ended as far as it knows."""
        if self._owner is None:
            return []
        return self._select(f"{OPEN_SQL} AND owner = ? ORDER BY intended_time", self._owner.path.stem)

    def is_being_sent(self, operation: Operation) -> bool:
        """Return whether the process that intends the operation still runs and may yet receive the response."""
        if operation.state is not OperationState.INTENDED:
            return False
        return self.is_held_by(operation.owner)

    def is_held_by(self, owner: str) -> bool:
        """Return whether the process of this name in the journal still runs."""
        own = self._owner is not None and owner == self._owner.path.stem
        return own or ProcessLock.is_held(self._owners / f"{owner}.lock")

    def submitted_since(self, kind: OperationKind, moment: datetime, resource: Resource) -> int:
        """Return how many operations of a kind this machine started since `moment` in the subscription of an account.

        An operation that may belong to the subscription counts, and so does one whose response was lost. One that was
        only found (without an owner) does not.
        """
        started = self._select(
            "kind = ? AND intended_time >= ? AND owner <> ''",
            kind.value,
            _stored(moment),
        )
        complete = known_accounts(self)
        account = complete(resource)
        return sum(complete(each.resource).compare_subscription(account).is_possible for each in started)

    def forget(self, keep: timedelta) -> int:
        """Delete the operations that ended and are older than `keep`, and return their number.

        Of the records of backups only those go whose backup was deleted.
        """
        limit = _stored(self._clock.now() - keep)
        with self._guarded("written"):
            for left in self._owners.glob("*.lock"):  # the lock of a killed process: the check removes it
                ProcessLock.is_held(left)
            gone = self._write(f"DELETE FROM operations WHERE NOT {OPEN_SQL} AND intended_time < ?", (limit,))  # noqa: S608 - the names are ours
            self._write("DELETE FROM backups WHERE state = 'deleted' AND made_time < ?", (limit,))
            self._write("DELETE FROM snapshot_uses WHERE take NOT IN (SELECT intent FROM operations)", ())
            return gone

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the database in a transaction that excludes other processes. Raises JournalError."""
        with self._lock, self._guarded("written"), transaction(self._database):
            yield self._database

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the database for reading. Raises JournalError."""
        with self._lock, self._guarded("read"):
            yield self._database

    def close(self) -> None:
        """Close the file and release the lock that shows that this process runs."""
        with self._lock:
            self._database.close()
            if self._owner:
                self._owner.release()

    def _select(self, condition: str, *values: object) -> list[Operation]:
        with self._lock, self._guarded("read"):
            rows = self._database.execute(f"SELECT * FROM operations WHERE {condition}", values).fetchall()  # noqa: S608 - the names are ours
        return [operation_of(row) for row in rows]

    def _write(self, statement: str, values: Any) -> int:
        with self._lock, transaction(self._database):
            return self._database.execute(statement, values).rowcount

    @contextlib.contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"the journal {self.path} cannot be {what} ({reason_of(error)})",
                hint="free space, mend its permissions, or move it away; FACESNAP_STATE_DIR names another place",
            ) from error


def digest(user_data: str | None) -> str | None:
    """Return a digest of user data, by which the journal can recognize it; None if it is empty."""
    import hashlib  # takes 4 ms, as it loads OpenSSL

    return hashlib.sha256(user_data.encode()).hexdigest() if user_data else None


def _stored(value: Any) -> Any:
    """Return a column's value. All times have one length, so the database sorts them correctly."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, datetime) else value


def _row(operation: Operation) -> list[Any]:
    return [int(v) if isinstance(v := getattr(operation, name), bool) else _stored(v) for name in _COLUMNS]


def operation_of(row: sqlite3.Row) -> Operation:
    """Return the operation in a row of the table `operations`."""
    values = dict(row)
    for name in _TIMES:
        values[name] = parse_time(values[name])
    values["kind"] = OperationKind(values["kind"])
    values["state"] = OperationState(values["state"])
    values["tagged"] = bool(values["tagged"])
    return Operation(**values)
