"""Record which targets of copies use a take's snapshot. If several share one, the last deletes it.

Each function reads and writes in one transaction, so only one of two processes can be the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.journal.store import OPEN_SQL, Journal
from facesnap_cli.models.operations import Job, Operation

_DELETED, _KEPT = "", "kept"  # instead of a target's key


def begin_use(journal: Journal, take: Operation, jobs: Sequence[Job]) -> bool:
    """Record that copies to targets use a take's snapshot and no earlier one. Return False if it is being deleted."""
    with journal.writing() as database:
        gone = database.execute("SELECT 1 FROM snapshot_uses WHERE take = ? AND job_key = ?", (take.intent, _DELETED))
        if gone.fetchone():
            return False
        for job in jobs:
            database.execute("DELETE FROM snapshot_uses WHERE job_key = ? AND take != ?", (job.key, take.intent))
            database.execute(
                "INSERT INTO snapshot_uses (take, job_key, job_time, deletes) VALUES (?, ?, ?, 0)"
                " ON CONFLICT DO UPDATE SET job_time = excluded.job_time",
                (take.intent, job.key, format_time(job.time)),
            )
        return True


def end_use(journal: Journal, take: Operation, jobs: Sequence[Job], *, is_own: bool, keeps: bool) -> bool:
    """Record that targets no longer use a take's snapshot, and return whether to delete the snapshot now.

    `is_own`: their copy took it. `keeps`: it is to stay. It also stays while another target uses it or an apply of it
    runs; then the others delete it.
    """
    with journal.writing() as database:
        deletes = is_own
        for job in jobs:
            mine = (take.intent, job.key)
            own = database.execute("SELECT deletes FROM snapshot_uses WHERE take = ? AND job_key = ?", mine).fetchone()
            deletes = deletes or bool(own and own["deletes"])
            database.execute("DELETE FROM snapshot_uses WHERE take = ? AND job_key = ?", mine)
        note = "INSERT OR REPLACE INTO snapshot_uses (take, job_key, job_time, deletes) VALUES (?, ?, ?, 0)"
        if keeps and jobs:
            database.execute(note, (take.intent, _KEPT, format_time(jobs[0].time)))
        if keeps or not deletes:
            return False
        others = database.execute(
            "UPDATE snapshot_uses SET deletes = 1 WHERE take = ? AND job_key != ?", (take.intent, _DELETED)
        ).rowcount
        applied = database.execute(
            f"SELECT 1 FROM operations WHERE kind = 'apply' AND snapshot_id = ? AND {OPEN_SQL}",  # noqa: S608 - ours
            (take.snapshot_id,),
        ).fetchone()
        if others or applied:
            return False
        database.execute(note, (take.intent, _DELETED, format_time(journal.now())))
        return True


def take_in_use(journal: Journal, key: str) -> tuple[Operation, datetime] | None:
    """Return the take whose snapshot the latest copy to a target still uses, and when that copy began."""
    with journal.reading() as database:
        row = database.execute("SELECT take, job_time FROM snapshot_uses WHERE job_key = ?", (key,)).fetchone()
    take, began = (journal.find(row["take"]), parse_time(row["job_time"])) if row else (None, None)
    return (take, began) if take and began else None
