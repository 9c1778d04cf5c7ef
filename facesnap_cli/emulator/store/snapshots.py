"""Take, list, change, delete and apply snapshots, within the rights of each subscription."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from facesnap_cli.emulator.accounts import Account
from facesnap_cli.emulator.clock import ticks
from facesnap_cli.emulator.container_kinds import KINDS, Kind
from facesnap_cli.emulator.ids import guid
from facesnap_cli.emulator.limits import SNAPSHOT_LIFE_S, Tier
from facesnap_cli.emulator.pace import Pace
from facesnap_cli.emulator.protocol.service_errors import not_permitted, snapshot_not_found
from facesnap_cli.emulator.store.containers import Containers
from facesnap_cli.emulator.store.copies import Copies
from facesnap_cli.emulator.store.operations import Operations
from facesnap_cli.emulator.store.quotas import Quotas
from facesnap_cli.emulator.store.state import State


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot. `account` is an ARM path; times are ticks."""

    id: bytes
    account: str
    subscription_id: str
    kind: Kind
    apply_scope: list[str]
    user_data: str | None
    created: int
    updated: int

    def in_scope(self, subscription_id: str) -> bool:
        """Return whether the subscription may apply it."""
        return subscription_id.lower() in (entry.lower() for entry in self.apply_scope)

    def owned_by(self, subscription_id: str) -> bool:
        """Return whether the subscription took it."""
        return subscription_id.lower() == self.subscription_id.lower()


class Snapshots:
    """The snapshots of all accounts. A subscription sees the snapshots that it took or may apply."""

    def __init__(
        self,
        state: State,
        copies: Copies,
        containers: Containers,
        operations: Operations,
        quotas: Quotas,
        take_pace: Pace,
        apply_pace: Pace,
    ) -> None:
        self._state = state
        self._copies = copies
        self._containers = containers
        self._operations = operations
        self._quotas = quotas
        self._take_pace = take_pace
        self._apply_pace = apply_pace
        self._db = state.connection

    def take(
        self,
        account: Account,
        tier: Tier,
        *,
        kind: Kind,
        object_id: str,
        apply_scope: list[str],
        user_data: str | None,
        planned_failure: str | None = None,
    ) -> bytes:
        """Start to take a snapshot and return the operation's id.

        With `planned_failure` the operation will fail with this message. Raises ServiceError: 404 without the source,
        409 while it is being trained, 403 without quota.
        """
        source = self._containers.get(account.name, kind, object_id)
        self._containers.check_idle(source)
        self._quotas.use(account.subscription_id, "take", tier)
        snapshot = self._state.new_id()
        created = self._state.now()
        operation, content = self._operations.begin(
            account=account.name,
            action="take",
            kind=kind,
            snapshot=snapshot,
            source=source.object,
            target_id=None,
            created=created,
            duration=ticks(self._take_pace.duration(source.persons + source.faces)),
            planned_failure=planned_failure,
        )
        expires = created + ticks(SNAPSHOT_LIFE_S)
        self._db.execute(
            "INSERT INTO snapshots (snapshot, account, subscription, kind, object, apply_scope, user_data, created,"
            " expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                snapshot,
                account.path,
                account.subscription_id,
                kind.name,
                content,
                json.dumps(apply_scope),
                user_data,
                created,
                expires,
            ),
        )
        self._state.schedule_event(expires)
        return operation

    def apply(
        self,
        account: Account,
        tier: Tier,
        snapshot_id: str,
        *,
        object_id: str,
        planned_failure: str | None = None,
        existing_fails_later: bool = False,
    ) -> bytes:
        """Start to apply a snapshot as a new container and return the operation's id.

        With `existing_fails_later`, the operation fails if the target exists; by default the request does. Raises
        ServiceError: 404 if the account cannot see the snapshot, 403 out of scope or quota, 409 if the target exists.
        """
        row = self._row(account, snapshot_id)
        snapshot = _snapshot(row)
        if not snapshot.in_scope(account.subscription_id):
            raise not_permitted("The subscription is not in the snapshot's apply scope.")
        if not existing_fails_later and self._containers.find(account.name, snapshot.kind, object_id) is not None:
            raise snapshot.kind.exists()
        self._containers.check_number(account.name, snapshot.kind, tier)
        self._quotas.use(account.subscription_id, "apply", tier)
        entries = self._db.execute("SELECT persons + faces FROM objects WHERE object = ?", (row["object"],)).fetchone()[
            0
        ]
        operation, _ = self._operations.begin(
            account=account.name,
            action="apply",
            kind=snapshot.kind,
            snapshot=snapshot.id,
            source=row["object"],
            target_id=object_id,
            created=self._state.now(),
            duration=ticks(self._apply_pace.duration(entries)),
            planned_failure=planned_failure,
        )
        return operation

    def list(self, account: Account, kind: Kind | None, apply_scope: list[str]) -> list[Snapshot]:
        """Return the snapshots that the account sees, oldest first.

        `kind` selects the snapshots of one kind, `apply_scope` those that any of these subscriptions may apply.
        """
        rows = self._db.execute("SELECT * FROM snapshots WHERE updated IS NOT NULL ORDER BY created, snapshot")
        return [
            snapshot
            for snapshot in map(_snapshot, rows)
            if _visible(snapshot, account)
            and kind in (None, snapshot.kind)
            and (not apply_scope or any(snapshot.in_scope(entry) for entry in apply_scope))
        ]

    def get(self, account: Account, snapshot_id: str) -> Snapshot:
        """Return a snapshot that the account sees. Raises ServiceError 404."""
        return _snapshot(self._row(account, snapshot_id))

    def update(
        self, account: Account, snapshot_id: str, *, apply_scope: Sequence[str] | None, user_data: str | None
    ) -> None:
        """Change scope and user data, each only if given.

        Raises ServiceError: 404, or 403 to all but its owner.
        """
        snapshot = self._owned(account, snapshot_id)
        self._db.execute(
            "UPDATE snapshots SET apply_scope = coalesce(?, apply_scope), user_data = coalesce(?, user_data),"
            " updated = ? WHERE snapshot = ?",
            (
                None if apply_scope is None else json.dumps(apply_scope),
                user_data,
                self._state.now(),
                snapshot["snapshot"],
            ),
        )

    def delete(self, account: Account, snapshot_id: str) -> None:
        """Delete a snapshot and fail its unfinished applies.

        Raises ServiceError: 404, or 403 to all but its owner.
        """
        row = self._owned(account, snapshot_id)
        self._operations.fail_applies_of(row["snapshot"])
        self._operations.delete_snapshot(row)

    def _owned(self, account: Account, snapshot_id: str) -> sqlite3.Row:
        row = self._row(account, snapshot_id)
        if not _snapshot(row).owned_by(account.subscription_id):
            raise not_permitted("Only the subscription that took the snapshot may change or delete it.")
        return row

    def _row(self, account: Account, snapshot_id: str) -> sqlite3.Row:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM snapshots WHERE snapshot = ? AND updated IS NOT NULL", (guid(snapshot_id),)
        ).fetchone()
        if row is None or not _visible(_snapshot(row), account):
            raise snapshot_not_found()
        return row


def _visible(snapshot: Snapshot, account: Account) -> bool:
    return snapshot.owned_by(account.subscription_id) or snapshot.in_scope(account.subscription_id)


def _snapshot(row: sqlite3.Row) -> Snapshot:
    return Snapshot(
        id=row["snapshot"],
        account=row["account"],
        subscription_id=row["subscription"],
        kind=KINDS[row["kind"]],
        apply_scope=json.loads(row["apply_scope"]),
        user_data=row["user_data"],
        created=row["created"],
        updated=row["updated"],
    )
