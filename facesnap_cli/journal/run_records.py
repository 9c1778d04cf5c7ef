"""Record every run of a plan, so that the next morning shows why a night failed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from facesnap_cli.common.escape import path_for_storage, storable, stored_path
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.journal.read_only import JOURNAL, rows
from facesnap_cli.journal.store import Journal

KEPT_FOR = timedelta(days=366)
MOST_KEPT = 1000
_PLANS_SQL = (
    "SELECT plan FROM (SELECT plan, started_time AS at FROM runs WHERE finished_time IS NULL OR items > 0"
    " UNION ALL SELECT plan, made_time FROM backups WHERE plan IS NOT NULL) GROUP BY plan ORDER BY max(at) DESC"
)


class RunCause(NamedTuple):
    """The reason for which targets of a run failed: one message for all of them, and the command that mends it."""

    message: str
    profile: str | None
    targets: int
    command: str | None


class RunRecord(NamedTuple):
    """One run of a plan. Times are UTC. Without `finished_time` it `is_running`, or it was killed."""

    id: str
    plan: str
    started_time: datetime
    finished_time: datetime | None
    exit_status: int | None
    items: int | None
    items_failed: int | None
    causes: tuple[RunCause, ...]
    is_running: bool

    @property
    def result(self) -> str:
        """The outcome in a word: done, failed, interrupted, notStarted, killed or running."""
        if self.exit_status is None:
            return "running" if self.is_running else "killed"
        if self.exit_status > 128:
            return "interrupted"
        return "done" if self.exit_status == 0 else "failed" if self.items is not None else "notStarted"

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        ended = self.finished_time
        return {
            "plan": self.plan,
            "startedTime": format_time(self.started_time),
            "finishedTime": format_time(ended),
            "elapsedSeconds": round((ended - self.started_time).total_seconds(), 1) if ended else None,
            "result": self.result,
            "exitCode": self.exit_status,
            "items": self.items,
            "itemsFailed": self.items_failed,
            "causes": [cause._asdict() for cause in self.causes],
        }


def begin_run(journal: Journal, plan: str) -> str:
    """Commit that a run of a plan begins, and return its id. Runs of long ago are forgotten. Raises JournalError."""
    run_id, owner, now = uuid.uuid4().hex, journal.owner(), journal.now()
    with journal.writing() as database:
        database.execute(
            "INSERT INTO runs (id, plan, owner, started_time) VALUES (?, ?, ?, ?)",
            (run_id, path_for_storage(plan), owner, format_time(now)),
        )
        database.execute(
            "DELETE FROM runs WHERE started_time < ? OR id NOT IN"
            " (SELECT id FROM runs ORDER BY started_time DESC, rowid DESC LIMIT ?)",
            (format_time(now - KEPT_FOR), MOST_KEPT),
        )
    return run_id


def end_run(
    journal: Journal,
    run_id: str,
    exit_status: int,
    *,
    items: int | None = None,
    items_failed: int | None = None,
    causes: Sequence[RunCause] = (),
) -> None:
    """Commit what a run came to. Without `items` none was begun. Raises JournalError."""
    written = json.dumps([{**cause._asdict(), "message": storable(cause.message)} for cause in causes])
    with journal.writing() as database:
        database.execute(
            "UPDATE runs SET finished_time = ?, exit_status = ?, items = ?, items_failed = ?, causes = ? WHERE id = ?",
            (format_time(journal.now()), exit_status, items, items_failed, written, run_id),
        )


def all_runs(journal: Journal, plan: str | None = None) -> list[RunRecord]:
    """Return the recorded runs, of one plan or of all, newest first."""
    with journal.reading() as database:
        found = database.execute(
            "SELECT * FROM runs WHERE ?1 IS NULL OR plan = ?1 ORDER BY started_time DESC, rowid DESC",
            (plan and path_for_storage(plan),),
        ).fetchall()
    return [_record(journal, dict(row)) for row in found]


def remembered_plans(journal: Journal) -> list[str]:
    """Return the paths of all plans that have a run or a backup, the one that ran last first.

    A run that ended before it had read the plan does not count: its path may be a mistake.
    """
    with journal.reading() as database:
        return [stored_path(row["plan"]) for row in database.execute(_PLANS_SQL).fetchall()]


def remembered_plans_of(state_directory: Path) -> list[str]:
    """Return the same paths without opening the journal to write; none if it cannot be read at this moment."""
    return [stored_path(path) for (path,) in rows(state_directory / JOURNAL, _PLANS_SQL)]


def _record(journal: Journal, row: dict[str, Any]) -> RunRecord:
    started = parse_time(row["started_time"])
    assert started
    return RunRecord(
        row["id"],
        stored_path(row["plan"]),
        started,
        parse_time(row["finished_time"]),
        row["exit_status"],
        row["items"],
        row["items_failed"],
        tuple(RunCause(**cause) for cause in json.loads(row["causes"] or "[]")),
        row["finished_time"] is None and journal.is_held_by(row["owner"]),
    )
