"""Remember which Azure Face account a profile leads to.

Only a snapshot shows an account's ARM path, so a profile's path is known once a snapshot of its own was seen.
"""

from __future__ import annotations

from facesnap_cli.common.time_format import format_time
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.identity import Resource


def remember_account(journal: Journal, resource: Resource, account: str) -> None:
    """Record the ARM path that a snapshot taken through `resource` has shown. Raises JournalError."""
    now = format_time(journal.now())
    with journal.writing() as database:
        database.execute(
            "INSERT OR REPLACE INTO account_paths (profile, endpoint, account, seen_time) VALUES (?, ?, ?, ?)",
            (resource.profile or "", resource.endpoint, account, now),
        )


def with_account(journal: Journal, resource: Resource) -> Resource:
    """Return the resource with its ARM path, if that is known. Raises JournalError.

    A path in another subscription than the configured one belongs to an account that the profile led to before.
    """
    with journal.reading() as database:
        row = database.execute(
            "SELECT account FROM account_paths WHERE profile = ? AND endpoint = ?",
            (resource.profile or "", resource.endpoint),
        ).fetchone()
    known = resource._replace(account=row["account"]) if row else resource
    return known if known.compare(resource).is_possible else resource
