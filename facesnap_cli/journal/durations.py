"""Estimate how long an operation takes from how long earlier ones took."""

from __future__ import annotations

from facesnap_cli.journal.store import Journal, operation_of
from facesnap_cli.models.operations import Operation


def estimate_s(journal: Journal, operation: Operation) -> float | None:
    """Return the longest duration of the last three operations like this one, in seconds; None without any.

    The operations of the same copy count too, because each day's target has another id.
    """
    with journal.reading() as database:
        rows = database.execute(
            "SELECT * FROM operations WHERE kind = ? AND object_type = ? AND (object_id = ? OR job_key = ?)"
            " AND state = 'succeeded' ORDER BY intended_time DESC LIMIT 3",
            (operation.kind.value, operation.object_type, operation.object_id, operation.job_key),
        ).fetchall()
    earlier = [operation_of(row) for row in rows]
    return max((ended.elapsed_s(ended.intended_time) for ended in earlier), default=None)
