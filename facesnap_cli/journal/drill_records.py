"""Record the scratch objects of drills before they are created, and how long each restore took."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from facesnap_cli.common.escape import path_for_storage
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.identity import Resource


class DrillRecord(NamedTuple):
    """One restore under a scratch id, of an archive or of the copy `copy` (PROFILE:ID). Times are UTC.

    Until `is_deleted` the scratch object may exist, and a snapshot of the copy.
    """

    scratch_id: str
    plan: str
    item: str
    resource: Resource
    object_type: str
    started_time: datetime
    elapsed_s: float | None = None
    failure: str | None = None
    is_deleted: bool = False
    copy: str | None = None


def record_drill(journal: Journal, record: DrillRecord) -> None:
    """Commit a drill, or what has become of it. Raises JournalError."""
    with journal.writing() as database:
        database.execute(
            "INSERT OR REPLACE INTO drills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(record.scratch_id, path_for_storage(record.plan), record.item, *record.resource),
                *(record.object_type, format_time(record.started_time)),
                *(record.elapsed_s, record.failure, int(record.is_deleted), record.copy),
            ),
        )


def unfinished_drills(journal: Journal, plan: str) -> list[DrillRecord]:
    """Return the drills of a plan whose scratch objects may exist, oldest first."""
    with journal.reading() as database:
        rows = database.execute(
            "SELECT * FROM drills WHERE plan = ? AND deleted = 0 ORDER BY started_time", (path_for_storage(plan),)
        ).fetchall()
    found = list[DrillRecord]()
    for row in rows:
        scratch_id, _, item, *resource = tuple(row)[:8]
        started_time = parse_time(row["started_time"])
        if started_time:
            record = DrillRecord(scratch_id, plan, item, Resource(*resource), row["object_type"], started_time)
            found.append(record._replace(copy=row["copy"]))
    return found
