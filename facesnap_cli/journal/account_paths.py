"""Remember which Azure Face account a profile leads to.

Only a snapshot shows an account's ARM path, so a profile's path is known once a snapshot of its own was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from facesnap_cli.common.time_format import format_time
from facesnap_cli.models.identity import ObjectIdentity, Resource
from facesnap_cli.models.snapshots import Snapshot

if TYPE_CHECKING:
    from facesnap_cli.journal.store import Journal
    from facesnap_cli.models.operations import Operation


def remember_account(journal: Journal, resource: Resource, account: str, seen_time: datetime | None = None) -> None:
    """Record the ARM path that a snapshot taken through `resource` has shown. Raises JournalError.

    `seen_time` is when that snapshot was taken: a later snapshot's path is not replaced by an earlier one's. An account
    that nothing tells from others is left out, because its path would be ascribed to those.
    """
    if not resource.is_named:
        return
    seen = format_time(seen_time or journal.now())
    with journal.writing() as database:
        database.execute(
            "INSERT INTO account_paths (profile, endpoint, key_digest, account, seen_time) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET account = excluded.account, seen_time = excluded.seen_time"
            " WHERE excluded.seen_time >= seen_time",
            (*_name_of(resource), account, seen),
        )


def learn_accounts(journal: Journal, snapshots: Iterable[Snapshot]) -> None:
    """Record the ARM paths that the snapshots show which this machine took. Raises JournalError."""
    for snapshot in snapshots:
        take = journal.take_of(snapshot.id)
        # A take without an owner was only found: its profile could see the snapshot, but need not have taken it.
        if snapshot.account and take and take.owner:
            known = with_account(journal, take.resource)
            if known.account != snapshot.account:
                remember_account(journal, take.resource, snapshot.account, snapshot.created_time or take.intended_time)


def with_account(journal: Journal, resource: Resource) -> Resource:
    """Return the resource with its ARM path, if that is known. Raises JournalError."""
    return known_accounts(journal)(resource)


def known_accounts(journal: Journal) -> Callable[[Resource], Resource]:
    """Return a function that adds the ARM path to a resource, as `with_account` does, from one reading."""
    with journal.reading() as database:
        rows = database.execute("SELECT profile, endpoint, key_digest, account FROM account_paths").fetchall()
    paths = {(row["profile"], row["endpoint"], row["key_digest"]): row["account"] for row in rows}

    def completed(resource: Resource) -> Resource:
        account = paths.get(_name_of(resource)) if resource.is_named else None
        known = resource._replace(account=account) if account and not resource.account else resource
        # A path in another subscription belongs to an account that the profile led to before.
        return known if known.compare(resource).is_possible else resource

    return completed


def _name_of(resource: Resource) -> tuple[str, str, str]:
    return resource.profile or "", resource.endpoint, resource.key_digest or ""


def resource_of_snapshot(journal: Journal, snapshot: Snapshot) -> Resource:
    """Return what is known of the account that a snapshot was taken in: its ARM path, and the take's record."""
    take = journal.take_of(snapshot.id)
    taken_by = take.resource if take and take.owner else Resource("")
    return taken_by._replace(account=snapshot.account or None)


def source_of_take(journal: Journal, take: Operation) -> ObjectIdentity:
    """Return the object that a take was of. Raises JournalError."""
    return ObjectIdentity(with_account(journal, take.resource), take.object_type, take.object_id)
