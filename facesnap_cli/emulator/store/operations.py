"""Run takes and applies, and end them when their time has come."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from facesnap_cli.common.sqlite import transaction
from facesnap_cli.emulator.clock import NEVER
from facesnap_cli.emulator.container_kinds import KINDS, Kind
from facesnap_cli.emulator.protocol.service_errors import operation_not_found
from facesnap_cli.emulator.store.copies import Copies
from facesnap_cli.emulator.store.state import State

Status = Literal["notStarted", "running", "succeeded", "failed"]

SOURCE_CHANGED = (
    "Failed to retrieve the source object. This failure can be caused by deleting source object or training"
    " source object during snapshot taking."
)
SNAPSHOT_GONE = "Failed to retrieve the snapshot. It was deleted or has expired while it was being applied."
# The share of its duration that an operation has not started yet.
_QUEUED = 0.1


@dataclass(frozen=True)
class Operation:
    """The current state of a take or apply of `snapshot`. Times are ticks."""

    action: Literal["take", "apply"]
    status: Status
    created: int
    last_action: int
    finished: int | None
    message: str | None
    kind: Kind
    snapshot: bytes
    target_id: str | None


class Operations:
    """The operations of all accounts. They end when their time has come and their copy is complete."""

    def __init__(self, state: State, copies: Copies) -> None:
        self._state = state
        self._copies = copies
        self._db = state.connection

    def begin(
        self,
        *,
        account: str,
        action: Literal["take", "apply"],
        kind: Kind,
        snapshot: bytes,
        source: int,
        target_id: str | None,
        created: int,
        duration: int,
        planned_failure: str | None,
    ) -> tuple[bytes, int]:
        """Start an operation at `created` that lasts `duration` ticks and copies object `source`.

        Return its id and the new object. With `planned_failure` it will fail with this message.
        """
        operation = self._state.new_id()
        target = self._copies.begin(source, operation)
        self._db.execute(
            "INSERT INTO operations (operation, account, action, kind, snapshot, source, target_id, object, created,"
            " ends, fate) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                operation,
                account,
                action,
                kind.name,
                snapshot,
                source if action == "take" else None,  # only a take fails if its source changes
                target_id,
                target,
                created,
                created + duration,
                planned_failure,
            ),
        )
        self._copies.copy_if_small(target)
        self._state.schedule_event(created + duration)
        return operation, target

    def get(self, account: str, operation: bytes) -> Operation:
        """Return an operation that this account started. Raises ServiceError 404."""
        row = self._db.execute(
            "SELECT * FROM operations WHERE operation = ? AND account = ?", (operation, account)
        ).fetchone()
        if row is None:
            raise operation_not_found()
        now = self._state.now()
        status: Status = row["state"]
        if row["state"] == "pending":
            queued = row["created"] + _QUEUED * (row["ends"] - row["created"])
            status = "notStarted" if now < queued else "running"
        return Operation(
            action=row["action"],
            status=status,
            created=row["created"],
            last_action=row["finished"] or (row["created"] if status == "notStarted" else now),
            finished=row["finished"],
            message=row["message"],
            kind=KINDS[row["kind"]],
            snapshot=row["snapshot"],
            target_id=row["target_id"],
        )

    def fail_takes_of(self, source: int) -> None:
        """Fail the unfinished takes of object `source`, in the caller's transaction."""
        for row in self._pending("source = ?", source):
            self._fail(row, self._state.now(), SOURCE_CHANGED)

    def fail_applies_of(self, snapshot: bytes) -> None:
        """Fail the unfinished applies of `snapshot`, in the caller's transaction."""
        for row in self._pending("snapshot = ?", snapshot):
            self._fail(row, self._state.now(), SNAPSHOT_GONE)

    def run_due_events(self) -> None:
        """End the operations whose time has come, and delete the expired snapshots."""
        now = self._state.now()
        if now < self._state.next_event:
            return
        with transaction(self._db):
            for row in self._pending("ends <= ? AND copied IS NOT NULL", now):
                self._finish(row)
            for row in self._db.execute("SELECT * FROM snapshots WHERE expires <= ?", (now,)).fetchall():
                self.fail_applies_of(row["snapshot"])
                self.delete_snapshot(row)
        next_end, next_expiry = self._db.execute(
            "SELECT (SELECT min(ends) FROM operations WHERE state = 'pending' AND copied IS NOT NULL),"
            " (SELECT min(expires) FROM snapshots)"
        ).fetchone()
        self._state.next_event = min(next_end or NEVER, next_expiry or NEVER)

    def delete_snapshot(self, row: sqlite3.Row) -> None:
        """Delete a snapshot with its content, in the caller's transaction."""
        self._db.execute("DELETE FROM snapshots WHERE snapshot = ?", (row["snapshot"],))
        self._copies.discard(row["object"])

    def _pending(self, condition: str, value: object) -> list[sqlite3.Row]:
        query = f"SELECT * FROM operations WHERE state = 'pending' AND {condition} ORDER BY ends"  # noqa: S608 - ours
        return self._db.execute(query, (value,)).fetchall()

    def _finish(self, row: sqlite3.Row) -> None:
        finished = max(row["ends"], row["copied"])
        if row["fate"] is not None:
            self._fail(row, finished, row["fate"])
        elif row["action"] == "take":
            self._db.execute("UPDATE snapshots SET updated = ? WHERE snapshot = ?", (finished, row["snapshot"]))
            self._succeed(row, finished)
        else:
            self._finish_apply(row, finished)

    def _finish_apply(self, row: sqlite3.Row, finished: int) -> None:
        snapshot = self._db.execute("SELECT expires FROM snapshots WHERE snapshot = ?", (row["snapshot"],)).fetchone()
        target = (row["account"], row["kind"], row["target_id"])
        if snapshot is None or snapshot["expires"] <= finished:
            self._fail(row, finished, SNAPSHOT_GONE)
        elif self._db.execute("SELECT 1 FROM containers WHERE account = ? AND kind = ? AND id = ?", target).fetchone():
            self._fail(row, finished, KINDS[row["kind"]].exists().message)
        else:
            self._db.execute("INSERT INTO containers VALUES (?, ?, ?, ?)", (*target, row["object"]))
            self._succeed(row, finished)

    def _succeed(self, row: sqlite3.Row, finished: int) -> None:
        self._db.execute(
            "UPDATE operations SET state = 'succeeded', finished = ? WHERE operation = ?", (finished, row["operation"])
        )

    def _fail(self, row: sqlite3.Row, finished: int, message: str) -> None:
        self._db.execute(
            "UPDATE operations SET state = 'failed', finished = ?, message = ? WHERE operation = ?",
            (finished, message, row["operation"]),
        )
        if row["action"] == "take":
            self._db.execute("DELETE FROM snapshots WHERE snapshot = ?", (row["snapshot"],))
        self._copies.discard(row["object"])
